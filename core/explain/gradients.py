"""Gradients of a model's own loss by the outputs of its layers and by its weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from core.device import tensorflow
from core.explain.observation.layer_calls import call_model
from core.explain.observation.observed_model import (
    Node,
    ObservedModel,
    as_array,
    memory_errors,
    tensor_of,
)

if TYPE_CHECKING:
    import keras

__all__ = ["activation_gradients", "weight_gradients"]


def activation_gradients(observed: ObservedModel, nodes: Sequence[Any], y: Any) -> list[Any]:
    """Gradients of the loss, of one pass for inference, by what layers give.

    Args:
        observed: a model that is compiled with a loss, and its inputs.
        nodes: nodes, or lists of nodes of a layer with several outputs.
        y: target, for several outputs a list of them.

    Returns:
        For each node an array of the shape of its value, for each list of nodes a list; zeros where
        the loss does not depend on it.

    Raises:
        ModelError: the memory does not suffice.
        ValueError: the model has no loss.
    """
    flat = [one for node in nodes for one in (node if isinstance(node, list) else [node])]
    computed = iter(_gradients(observed.model, observed.inputs, y, flat))
    return [
        [next(computed) for _ in node] if isinstance(node, list) else next(computed)
        for node in nodes
    ]


def weight_gradients(
    model: keras.Model, inputs: Sequence[np.ndarray], y: Any
) -> dict[str, np.ndarray]:
    """Gradients of the loss, of one pass for inference, by the trainable weights.

    Args:
        model: compiled with a loss.
        inputs: an array a model's input.
        y: target, for several outputs a list of them.

    Returns:
        By the weights' paths, in the model's order, arrays of their shapes; zeros where the loss
        does not depend on a weight.

    Raises:
        ModelError: the memory does not suffice.
        ValueError: the model has no loss.
    """
    gradients = _gradients(model, ObservedModel(model, inputs).inputs, y, None)
    paths: dict[str, np.ndarray] = {}
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        path, number = weight.path, 1
        while path in paths:  # layers of one name in models of one name
            path, number = f"{weight.path}_{number}", number + 1
        paths[path] = gradient
    return paths


def _gradients(
    model: keras.Model, inputs: Sequence[np.ndarray], y: Any, nodes: Sequence[Node] | None
) -> list[np.ndarray]:
    """By nodes, or by the trainable weights."""
    tf = tensorflow()
    targets = list(y) if isinstance(y, list | tuple) else y

    def run(*tensors: Any) -> list[Any]:
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            call = call_model(model, tensors)
            x = tensors[0] if len(tensors) == 1 else list(tensors)
            loss = model.compute_loss(x=x, y=targets, y_pred=call.outputs)
        sources = (
            [weight.value for weight in model.trainable_weights]
            if nodes is None
            else [tensor_of(node, call) for node in nodes]
        )
        zero = tf.UnconnectedGradients.ZERO
        gradients: list[Any] = tape.gradient(loss, sources, unconnected_gradients=zero)
        return gradients

    with memory_errors(), _state_of_metrics(model):
        # Traced by hand: TensorFlow would warn that every call is traced anew, which is meant.
        specs = [tf.TensorSpec(array.shape, array.dtype) for array in inputs]
        traced = tf.function(run, autograph=False).get_concrete_function(*specs)
        return [as_array(gradient) for gradient in traced(*map(tf.constant, inputs))]


@contextmanager
def _state_of_metrics(model: keras.Model) -> Iterator[None]:
    """Put back what a loss adds up in the model's metrics as it is computed."""
    before = [(variable, variable.numpy()) for variable in model.metrics_variables]
    try:
        yield
    finally:
        known = {id(variable) for variable, _ in before}
        for variable, value in before:
            variable.assign(value)
        if any(id(variable) not in known for variable in model.metrics_variables):
            model.reset_metrics()  # made by this very pass, nothing of the user's is in them
