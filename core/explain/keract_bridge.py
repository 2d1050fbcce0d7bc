"""keract under Keras 3: the only module that touches it.

keract 4.5.2 reads five things Keras 3 no longer has: ``_is_compiled``, ``_feed_inputs``,
``_feed_targets`` and ``_feed_sample_weights`` of a model, and ``keras.backend.function``. Given
those, its ``get_activations`` works unchanged. The first four are on a stand-in that is handed to
keract in the model's place, so that the model, which sessions share, is never touched; the fifth
is put into keract's own module for the length of a call, under a lock.
"""

from __future__ import annotations

import difflib
import importlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from core.device import tensorflow
from core.errors import ModelError
from core.explain.layers import single_output

if TYPE_CHECKING:
    import keras

__all__ = ["get_activations", "layer_output"]

_lock = threading.Lock()


def get_activations(
    model: keras.Model, x: np.ndarray, layer_names: Sequence[str]
) -> dict[str, np.ndarray]:
    """Outputs of the named layers, from ``keract.get_activations``.

    Only what lies between the model's input and these layers is computed. One call runs at a
    time, so that the memory of several sessions does not add up.

    Args:
        model: a functional model with one input; it is not changed.
        x: (N, H, W, C) float32, normalised.
        layer_names: names of the layers, at least one; the last in the graph decides how much is
            computed.

    Returns:
        By layer name, in the order asked for, (N, …) float32.

    Raises:
        ModelError: the model has no layer of that name, one without a single output tensor of its
            own (a nested model, or a layer used twice), or the memory does not suffice.
    """
    layers = [_Layer(name, layer_output(model, name)) for name in dict.fromkeys(layer_names)]
    if not layers:
        raise ModelError("no layer was named", remedy="name at least one layer of the model")
    tf = tensorflow()
    try:
        with _keract() as keract:
            outputs = keract.get_activations(
                _Model(list(model.inputs), layers),
                x.astype(np.float32, copy=False),
                layer_names=[layer.name for layer in layers],
            )
    except (tf.errors.ResourceExhaustedError, MemoryError) as error:
        raise ModelError(
            f"not enough memory for the maps of {', '.join(layer_names)}",
            remedy="choose a smaller window of the image, or fewer layers",
        ) from error
    return {layer.name: np.asarray(outputs[layer.name], np.float32) for layer in layers}


@dataclass(frozen=True)
class _Layer:
    """A layer as keract sees it."""

    name: str
    output: Any

    def __str__(self) -> str:
        # keract takes any layer for a placeholder whose text has "input" in it.
        return "layer"


@dataclass(frozen=True)
class _Model:
    """A model as keract sees it: some layers and what TensorFlow 1 knew of a model."""

    inputs: list[Any]
    layers: list[_Layer]
    name: str = "model"
    _is_compiled: bool = True
    _feed_targets: list[Any] = field(default_factory=list)
    _feed_sample_weights: list[Any] = field(default_factory=list)

    @property
    def _feed_inputs(self) -> list[Any]:
        return self.inputs

    def _standardize_user_data(self, x: np.ndarray, _y: None) -> np.ndarray:
        return x


@contextmanager
def _keract() -> Iterator[Any]:
    """keract with ``keras.backend.function`` in place; one thread at a time."""
    with _lock:
        module: Any = importlib.import_module("keract.keract")
        original = module.K
        module.K = SimpleNamespace(function=_function)
        try:
            yield module
        finally:
            module.K = original


def _function(
    inputs: Sequence[Any], outputs: Iterable[Any]
) -> Callable[[np.ndarray], list[np.ndarray]]:
    """``keras.backend.function`` of old: from input to output tensors of a graph, as a callable.

    The sub-model between them is traced: run layer by layer, Keras would keep every intermediate
    map to the end.
    """
    import keras

    tf = tensorflow()
    part = keras.Model(list(inputs), list(outputs))
    traced = tf.function(lambda batch: part([batch], training=False), autograph=False)

    def call(x: np.ndarray) -> list[np.ndarray]:
        # Traced by hand: TensorFlow would warn that every layer is traced anew, which is meant.
        run = traced.get_concrete_function(tf.TensorSpec(x.shape, tf.float32))
        # A model with one output gives it bare.
        flat = keras.tree.flatten(run(tf.constant(x)))
        return [tf.cast(output, tf.float32).numpy() for output in flat]

    return call


def layer_output(model: keras.Model, name: str) -> Any:
    """The symbolic output of a layer, in the graph of `model`.

    Raises:
        ModelError: there is no such layer, or it has no single output tensor of its own.
    """
    layers = {layer.name: layer for layer in model.layers}
    if name not in layers:
        close = difflib.get_close_matches(name, layers, n=5, cutoff=0.4)
        near = f"did you mean {', '.join(close)}?" if close else f"name one of: {_some(layers)}"
        raise ModelError(f"the model has no layer {name!r}", remedy=near)
    output = single_output(layers[name])
    if output is None:
        raise ModelError(
            f"layer {name!r} is a nested model, is used more than once or has several outputs, so "
            "it has no one output to show",
            remedy="choose the layer before or after it",
        )
    return output


def _some(names: Iterable[str], most: int = 100) -> str:
    listed = list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
