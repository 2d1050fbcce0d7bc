"""What a built Keras network costs, measured on its graph.

The yardstick that `core.models.network.cost` is held to: `bench/zoo.py` makes the zoo's table with
it, and the tests compare every formula with it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.models.cost.receptive_field import (
    Span,
    enlarged,
    joined,
    line,
    padded,
    transposed,
    width,
    windowed,
)

if TYPE_CHECKING:
    import keras

__all__ = ["MeasuredCost", "measure_cost", "receptive_field"]


@dataclass(frozen=True)
class MeasuredCost:
    """What a network costs at one size.

    Attributes:
        parameters: weights, trained or not.
        macs: multiplications with additions of all convolutions, for one image.
        activations: values of all layers' outputs but mere paddings, before and after an activation
            that is part of a layer, for one image.
    """

    parameters: int
    macs: int
    activations: int


def measure_cost(model: keras.Model, size: int) -> MeasuredCost:
    """Count over all layers of a functional model, for one image of size × size pixels."""
    import keras

    layers = model.layers[1:]
    graph = keras.Model(model.inputs, [layer.output for layer in layers])
    # Computed, for a Lambda layer does not tell its shape beforehand.
    image = np.zeros((1, size, size, model.input_shape[-1]), np.float32)
    outputs = keras.tree.flatten(graph([image], training=False))
    shapes = {model.layers[0].name: image.shape}
    shapes |= {layer.name: tuple(o.shape) for layer, o in zip(layers, outputs, strict=True)}
    macs = 0
    for layer in layers:
        if isinstance(layer, keras.layers.Conv2DTranspose):
            # Every value of the input meets the whole kernel, whatever is cut off afterwards.
            shape = shapes[_before(layer)[0].name]
        elif hasattr(layer, "kernel"):
            shape = shapes[layer.name]
        else:
            continue
        macs += math.prod(shape[1:-1]) * math.prod(layer.kernel.shape)
    # Borders of zeros would not grow with the area as all else does.
    kept = [layer for layer in layers if not isinstance(layer, keras.layers.ZeroPadding2D)]
    activations = sum(math.prod(shapes[layer.name][1:]) * _outputs(layer) for layer in kept)
    return MeasuredCost(model.count_params(), macs, activations)


def receptive_field(model: keras.Model) -> int | None:
    """How many pixels, in one direction, can change one logit; None where all of the image can."""
    import keras

    spans: dict[str, Span] = {}
    for layer in model._operations:
        before = [spans[operation.name] for operation in _before(layer)]
        if isinstance(layer, keras.layers.InputLayer):
            spans[layer.name] = line()
        elif "Global" in type(layer).__name__ or _whole(layer):
            return None
        else:
            spans[layer.name] = _passed(layer, before)
    return width(spans[model.layers[-1].name])


def _outputs(layer: Any) -> int:
    """2 where a nonlinearity is part of a convolution, and 1 else."""
    function = getattr(getattr(layer, "activation", None), "__name__", "linear")
    return 1 + (hasattr(layer, "kernel") and function != "linear")


def _before(layer: Any) -> list[Any]:
    tensors = layer._inbound_nodes[0].input_tensors
    return [tensor._keras_history.operation for tensor in tensors]


def _whole(layer: Any) -> bool:
    """Whether it is a pooling over all of a map of fixed size."""
    return hasattr(layer, "pool_size") and layer.output.shape[1] == 1


def _passed(layer: Any, before: list[Span]) -> Span:
    import keras

    span = before[0]
    if isinstance(layer, keras.layers.ZeroPadding2D):
        return padded(span, *layer.padding[0])
    if isinstance(layer, keras.layers.UpSampling2D):
        return enlarged(span, layer.size[0], layer.interpolation == "bilinear")
    if isinstance(layer, keras.layers.Conv2DTranspose):
        return transposed(span, layer.kernel_size[0], layer.strides[0])
    window = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
    if window is not None:
        dilation = getattr(layer, "dilation_rate", (1, 1))[0]
        return windowed(span, window[0], layer.strides[0], dilation, layer.padding)
    return joined(before)
