"""keract under Keras 3, under its own names: the only module that touches it.

What somebody wrote for keract runs when its import line is changed::

    from core.explain.keract_bridge import get_activations

The functions have keract's names, arguments and answers, for any Keras 3 model: functional,
sequential, subclassed, nested, with several inputs and outputs. keract 4.5.2 itself reads what
Keras 3 no longer has: ``_is_compiled`` and ``_feed_inputs`` of a model, ``output`` of the layers
within another model, and ``keras.backend.function``. It is handed a stand-in that has them, so
that a model, which sessions share, is never touched; ``function``, and what keract takes for a
model, are put into its own module for the length of a call, under a lock. Gradients, for which
keract needs TensorFlow 1's graphs, are those of `core.explain.gradients`.

Other than in keract a model need not be compiled for its activations and is never compiled here,
a gradient that does not exist is zero, layers with "input" in their names are located too, and the
names of layers within nested models are whole (``a/b/conv``, not ``b/conv``).
"""

from __future__ import annotations

import importlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from core.device import tensorflow
from core.errors import ModelError
from core.explain.gradients import activation_gradients, weight_gradients
from core.explain.observation.observed_model import Node, ObservedModel
from core.explain.observation.stand_in import StandInModel, SubModel

if TYPE_CHECKING:
    import keras

__all__ = [
    "display_activations",
    "display_gradients_of_trainable_weights",
    "display_heatmaps",
    "get_activations",
    "get_gradients_of_activations",
    "get_gradients_of_trainable_weights",
    "load_activations_from_json_file",
    "persist_to_json_file",
]

_lock = threading.RLock()


def get_activations(
    model: keras.Model,
    x: np.ndarray | list[np.ndarray],
    layer_names: str | Sequence[str] | None = None,
    nodes_to_evaluate: Sequence[Any] | None = None,
    output_format: str = "simple",
    nested: bool = False,
    auto_compile: bool = True,
) -> dict[Any, Any]:
    """Outputs of layers, from ``keract.get_activations``, in one pass for inference.

    Only what lies between the inputs and these layers is computed.

    Args:
        model: any Keras model.
        x: (N, …) array, for several inputs a list of them in the order of ``model.inputs``.
        layer_names: name of a layer, or several; by default all layers and the inputs.
        nodes_to_evaluate: symbolic tensors of the model's graph and variables instead.
        output_format: keys of the answer: ``simple``, the layers' names; ``full``, their tensors'
            as TensorFlow 1 gave them (``conv1/BiasAdd:0``); ``numbered``, numbers from 0.
        nested: the layers within nested models instead of these (``model/layer``).
        auto_compile: as in keract, a model that is not compiled is refused without it.

    Returns:
        By key, in the model's order, arrays (N, …) of the layers' dtype (float32 for bfloat16);
        a list of arrays for a layer with several outputs.

    Raises:
        KeyError: the model has no layer of that name; the message lists its layers.
        ValueError: both names and nodes, or no nodes.
        ModelError: eager execution is off, or the memory does not suffice.
    """
    _check_eager()
    inputs = _as_list(x)
    observed = ObservedModel(model, inputs)
    nodes = None
    if nodes_to_evaluate is not None:
        nodes = [observed.node(node) for node in nodes_to_evaluate]
    stand_in = StandInModel(observed)
    with _keract(lambda targets: observed.values(targets)) as keract:
        answer = keract.get_activations(
            stand_in,
            inputs if isinstance(x, list | tuple) else x,
            layer_names=_names(layer_names),
            nodes_to_evaluate=nodes,
            output_format=output_format,
            nested=nested,
            auto_compile=auto_compile,
        )
    return dict(answer)


def get_gradients_of_activations(
    model: keras.Model,
    x: np.ndarray | list[np.ndarray],
    y: np.ndarray | list[np.ndarray],
    layer_names: str | Sequence[str] | None = None,
    output_format: str = "simple",
    nested: bool = False,
) -> dict[str, Any]:
    """Gradients of the loss that a model was compiled with by the outputs of its layers.

    Args:
        model: compiled, with a loss.
        x, layer_names, nested: as for `get_activations`.
        y: target, for several outputs a list of them.
        output_format: ``simple`` or ``full``.

    Returns:
        By layer, arrays of the shape of its output.

    Raises:
        KeyError: as `get_activations`.
        ValueError: the model is not compiled with a loss.
        ModelError: eager execution is off, or the memory does not suffice.
    """
    _check_eager()
    _check_compiled(model)
    observed = ObservedModel(model, _as_list(x))
    nodes: OrderedDict[str, Any] = OrderedDict()
    stand_in, names = StandInModel(observed), _names(layer_names)
    with _keract(None) as keract:
        keract._get_nodes(stand_in, nodes, output_format, nested=nested, layer_names=names)
    if not nodes:
        listed = ", ".join(layer.name for layer in stand_in.layers)
        raise KeyError(
            f"Could not find a layer with name: [{', '.join(names or [])}]. "
            f"Network layers are [{listed}]"
        )
    return dict(zip(nodes, activation_gradients(observed, list(nodes.values()), y), strict=True))


def get_gradients_of_trainable_weights(
    model: keras.Model, x: np.ndarray | list[np.ndarray], y: np.ndarray | list[np.ndarray]
) -> dict[str, np.ndarray]:
    """Gradients of the loss that a model was compiled with by its trainable weights.

    Args:
        model, x, y: as for `get_gradients_of_activations`.

    Returns:
        By the weights' paths (``conv1/kernel:0``), arrays of their shapes.

    Raises:
        ValueError: the model is not compiled with a loss.
        ModelError: eager execution is off, or the memory does not suffice.
    """
    _check_eager()
    _check_compiled(model)
    gradients = weight_gradients(model, _as_list(x), y)
    return {f"{path}:0": gradient for path, gradient in gradients.items()}


def display_activations(*args: Any, **kwargs: Any) -> None:
    """``keract.display_activations``: all channels of each layer, drawn by matplotlib.

    Raises:
        ModelError: matplotlib is not installed.
    """
    _display("display_activations", *args, **kwargs)


def display_heatmaps(*args: Any, **kwargs: Any) -> None:
    """``keract.display_heatmaps``: channels over the image, drawn by matplotlib.

    Raises:
        ModelError: matplotlib is not installed.
    """
    _display("display_heatmaps", *args, **kwargs)


def display_gradients_of_trainable_weights(*args: Any, **kwargs: Any) -> None:
    """``keract.display_gradients_of_trainable_weights``, drawn by matplotlib.

    Raises:
        ModelError: matplotlib is not installed.
    """
    _display("display_gradients_of_trainable_weights", *args, **kwargs)


def persist_to_json_file(activations: dict[str, np.ndarray], filename: str) -> None:
    """``keract.persist_to_json_file``: write arrays as JSON."""
    importlib.import_module("keract.keract").persist_to_json_file(activations, filename)


def load_activations_from_json_file(filename: str) -> dict[str, np.ndarray]:
    """``keract.load_activations_from_json_file``: read what `persist_to_json_file` wrote."""
    module = importlib.import_module("keract.keract")
    return dict(module.load_activations_from_json_file(filename))


@contextmanager
def _keract(values: Callable[[list[Node]], list[np.ndarray]] | None) -> Iterator[Any]:
    """keract with ``keras.backend.function`` and a class of models in place; one thread at a time.

    Args:
        values: gives the values of nodes, for ``function``.
    """
    failures: list[BaseException] = []

    def function(_inputs: Any, nodes: Any) -> Callable[[Any], list[Any]]:
        def call(_x: Any) -> list[Any]:
            try:
                return _in_groups(values, list(nodes)) if values else []
            except Exception as error:  # keract takes some kinds for reasons to try once more
                failures.append(error)
                raise _EvaluationError from error

        return call

    with _lock:
        module: Any = importlib.import_module("keract.keract")
        originals = module.K, module.Model, module.Sequential
        module.K = SimpleNamespace(function=function)
        module.Model = module.Sequential = SubModel
        try:
            yield module
        except _EvaluationError:
            raise failures[0] from None
        finally:
            module.K, module.Model, module.Sequential = originals


class _EvaluationError(Exception):
    """Carries an error through keract, which knows none of this class."""


def _in_groups(values: Callable[[list[Node]], list[np.ndarray]], nodes: list[Any]) -> list[Any]:
    """Values of nodes and of lists of nodes, all computed at once."""
    flat = [one for node in nodes for one in (node if isinstance(node, list) else [node])]
    computed = iter(values(flat))
    return [
        [next(computed) for _ in node] if isinstance(node, list) else next(computed)
        for node in nodes
    ]


def _as_list(x: Any) -> list[Any]:
    return list(x) if isinstance(x, list | tuple) else [x]


def _names(layer_names: str | Sequence[str] | None) -> list[str] | None:
    if layer_names is None:
        return None
    return [layer_names] if isinstance(layer_names, str) else list(layer_names)


def _check_eager() -> None:
    if not tensorflow().executing_eagerly():
        raise ModelError(
            "TensorFlow's eager execution is off",
            remedy="leave out tf.compat.v1.disable_eager_execution(): keract needed it under "
            "Keras 2, and Keras 3 does not work with it",
        )


def _check_compiled(model: keras.Model) -> None:
    if not model.compiled:
        raise ValueError(
            "Please compile the model first: gradients are those of its loss function."
        )


def _display(name: str, *args: Any, **kwargs: Any) -> None:
    try:
        importlib.import_module("matplotlib")
    except ImportError as error:
        raise ModelError(
            f"{name} draws with matplotlib, which is not installed",
            remedy="install it: pip install matplotlib (or this package with its extra 'keract')",
        ) from error
    getattr(importlib.import_module("keract.keract"), name)(*args, **kwargs)
