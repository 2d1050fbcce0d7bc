"""Which layers a model calls, in what order and within which, and what each of them gives.

A functional graph knows its layers' outputs, but nothing of the layers within a nested or a
subclassed model. What is seen while the model runs is the same for every kind of model.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

__all__ = ["LayerCall", "call_model", "observe_calls"]

_lock = threading.RLock()


@dataclass
class LayerCall:
    """A call of a layer.

    Attributes:
        layer: the layer, or the model.
        outputs: what it gave: a tensor, or a structure of tensors.
        calls: calls of other layers that it made, in their order.
    """

    layer: keras.layers.Layer
    outputs: Any = None
    calls: list[LayerCall] = field(default_factory=list)

    def first(self, layer: keras.layers.Layer) -> LayerCall | None:
        """The first call of a layer within this one; None where it was not called."""
        return next((call for call in self.calls if call.layer is layer), None)


@contextmanager
def observe_calls() -> Iterator[LayerCall]:
    """Observe all calls of layers by this thread; other threads are not observed.

    ``keras.layers.Layer.__call__``, which every layer goes through, is replaced meanwhile, so
    that no model is touched. One observation at a time.

    Yields:
        A call without a layer, whose `calls` grow.
    """
    import keras

    thread, original = threading.get_ident(), keras.layers.Layer.__call__
    root = LayerCall(None)
    within = [root]

    def observed(layer: keras.layers.Layer, *args: Any, **kwargs: Any) -> Any:
        if threading.get_ident() != thread:
            return original(layer, *args, **kwargs)
        call = LayerCall(layer)
        within.append(call)
        try:
            call.outputs = original(layer, *args, **kwargs)
        finally:
            within.pop()
        # A layer that is built within the pass is also called with symbols, which hold nothing.
        if not any(keras.backend.is_keras_tensor(o) for o in keras.tree.flatten(call.outputs)):
            within[-1].calls.append(call)
        return call.outputs

    with _lock:
        keras.layers.Layer.__call__ = observed
        try:
            yield root
        finally:
            keras.layers.Layer.__call__ = original


def call_model(model: keras.Model, inputs: Sequence[Any]) -> LayerCall:
    """Run a model for inference and observe it.

    Args:
        model: any Keras model.
        inputs: a tensor for each of its inputs, in their order.

    Returns:
        The call of the model.
    """
    import keras

    struct = getattr(model, "_inputs_struct", None)
    if struct is not None and len(keras.tree.flatten(struct)) == len(inputs):
        given = keras.tree.pack_sequence_as(struct, list(inputs))
    else:
        given = inputs[0] if len(inputs) == 1 else list(inputs)
    with observe_calls() as root:
        model(given, training=False)
    return root.calls[0]
