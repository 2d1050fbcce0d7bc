"""A model with an input, observed once: what its layers give, however deep they lie within it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.device import tensorflow
from core.errors import ModelError
from core.explain.observation.full_names import operation_name
from core.explain.observation.layer_calls import LayerCall, call_model

if TYPE_CHECKING:
    import keras

__all__ = ["Node", "ObservedModel", "as_array"]


@dataclass(frozen=True, eq=False)
class Node:
    """A tensor that can be asked for.

    Attributes:
        name: its name in TensorFlow 1's form, such as ``conv1/BiasAdd:0``.
        path: layers from the outermost to the one that gives it; empty for one that no layer gives.
        index: place among the outputs of that layer.
        source: symbolic tensor or variable, where no layer gives it.
    """

    name: str
    path: tuple[keras.layers.Layer, ...] = ()
    index: int = 0
    source: Any = None

    @property
    def is_variable(self) -> bool:
        """Whether its value is there without a pass."""
        import keras

        return self.source is not None and not keras.backend.is_keras_tensor(self.source)

    def __str__(self) -> str:
        # keract takes for a placeholder what has "input" in its text.
        return "node"


class ObservedModel:
    """A model and arrays for its inputs.

    Attributes:
        model: any Keras model.
        inputs: an array a model's input.
        call: call of the model, of symbolic tensors of a traced pass.
    """

    def __init__(self, model: keras.Model, inputs: Sequence[np.ndarray]) -> None:
        tf = tensorflow()
        self.model = model
        self.inputs = [_array(array) for array in inputs]
        if not model.built:  # Keras cannot make variables within this kind of trace
            call_model(model, [tf.constant(array[:1]) for array in self.inputs])
        calls: list[LayerCall] = []

        def observe(*tensors: Any) -> Any:
            calls.append(call_model(model, tensors))
            return tensors

        # Traced, not computed. What is asked for is then cut out of the graph, without a second
        # trace, which takes as long as the pass itself.
        specs = [tf.TensorSpec(array.shape, array.dtype) for array in self.inputs]
        self._traced = tf.compat.v1.wrap_function(observe, specs)
        self._graph = self._traced.graph
        self.call = calls[-1]

    def input_names(self) -> list[str]:
        """Names of the inputs, as many as there are arrays."""
        symbols = getattr(self.model, "inputs", None) or []
        names = [symbol.name for symbol in symbols]
        return names + [f"input_{at + 1}" for at in range(len(names), len(self.inputs))]

    def children(self, call: LayerCall) -> list[LayerCall]:
        """First calls of the layers directly within a layer, in the order of its own list.

        Those within a loop of the graph, such as the cell of a recurrent layer, have no tensor
        outside it and are left out.
        """
        import keras

        listed = call.layer.layers if isinstance(call.layer, keras.Model) else []
        order = list(listed) + [one.layer for one in call.calls]
        unique = list({id(layer): layer for layer in order}.values())
        firsts = [call.first(layer) for layer in unique]
        return [one for one in firsts if one is not None and self._is_outside_loops(one)]

    def _is_outside_loops(self, call: LayerCall) -> bool:
        import keras

        tensors = keras.tree.flatten(call.outputs)
        return all(getattr(tensor, "graph", None) is self._graph for tensor in tensors)

    def nodes(self, path: Sequence[LayerCall]) -> list[Node]:
        """What a layer gives, a node for each of its outputs.

        Args:
            path: calls from one directly within the model to the layer's.
        """
        import keras

        layers = tuple(call.layer for call in path)
        count = len(keras.tree.flatten(path[-1].outputs))
        return [Node(_full_name(path, index), layers, index) for index in range(count)]

    def node(self, source: Any) -> Node:
        """The node of a symbolic tensor of the model's graph, or of a variable."""
        import keras

        if not keras.backend.is_keras_tensor(source):
            return Node(
                f"{getattr(source, 'path', source.name)}".removesuffix(":0") + ":0", source=source
            )
        layer, _, index = source._keras_history
        call = self.call.first(layer)
        if call is None or layer not in self.model.layers:
            return Node(f"{source.name}:0", source=source)
        return self.nodes([call])[index]

    def values(self, nodes: Sequence[Node]) -> list[np.ndarray]:
        """Values of nodes, of one pass in which nothing beyond them is computed.

        Raises:
            ModelError: the memory does not suffice.
        """
        import keras

        tf = tensorflow()
        feeds = list(self._traced.inputs)[: len(self.inputs)]
        computed = [node for node in nodes if not node.is_variable]
        with self._graph.as_default():
            fetches = [self._tensor(node, feeds) for node in computed]
        with memory_errors():
            values = {}
            if fetches:
                part = self._traced.prune(feeds, fetches)
                outputs = part(*map(tf.constant, self.inputs))
                values = {node: as_array(one) for node, one in zip(computed, outputs, strict=True)}
            return [
                values[node] if node in values else keras.ops.convert_to_numpy(node.source)
                for node in nodes
            ]

    def _tensor(self, node: Node, feeds: Sequence[Any]) -> Any:
        import keras

        if node.path:
            return tensor_of(node, self.call)
        part = keras.Model(self.model.inputs, node.source)
        return keras.tree.flatten(call_model(part, feeds).outputs)[0]


def tensor_of(node: Node, call: LayerCall) -> Any:
    """The tensor of a node in a call of its model."""
    import keras

    within: LayerCall | None = call
    for layer in node.path:
        within = within.first(layer) if within else None
    if within is None:
        raise ModelError(
            f"layer {node.path[-1].name!r} was called in one pass and not in the next",
            remedy="a model whose layers change from call to call cannot be looked into",
        )
    return keras.tree.flatten(within.outputs)[node.index]


@contextmanager
def memory_errors() -> Iterator[None]:
    """Too little memory within is a ModelError."""
    try:
        yield
    except (tensorflow().errors.ResourceExhaustedError, MemoryError) as error:
        raise ModelError(
            "not enough memory for the outputs of these layers",
            remedy="name fewer layers, or give a smaller image or batch",
        ) from error


def as_array(value: Any) -> np.ndarray:
    """A tensor as an array of a dtype that NumPy knows: float32 for bfloat16."""
    tf = tensorflow()
    if isinstance(value, tf.IndexedSlices):
        value = tf.convert_to_tensor(value)
    return (tf.cast(value, tf.float32) if value.dtype == tf.bfloat16 else value).numpy()


def _array(array: Any) -> np.ndarray:
    array = np.asarray(array)
    return array.astype(np.float32) if array.dtype == np.float64 else array


def _full_name(path: Sequence[LayerCall], index: int) -> str:
    """Of an output: that of the innermost layer which gives the very same tensor."""
    import keras

    calls = list(path)
    tensor = keras.tree.flatten(calls[-1].outputs)[index]
    while True:
        inner = next(
            (
                (call, at)
                for call in reversed(calls[-1].calls)
                for at, output in enumerate(keras.tree.flatten(call.outputs))
                if output is tensor
            ),
            None,
        )
        if inner is None:
            names = "/".join(call.layer.name for call in calls)
            return f"{names}/{operation_name(calls[-1].layer)}:{index}"
        calls.append(inner[0])
        index = inner[1]
