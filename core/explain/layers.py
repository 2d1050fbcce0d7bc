"""What layers a network has, and how large their output is beside the image."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING, Any

from core.errors import ModelError

if TYPE_CHECKING:
    import keras

__all__ = ["LayerInfo", "last_activations", "layer_output", "list_layers", "single_output"]

# Sides of the image whose way through the graph is followed, without computing a pixel. They
# differ, so that an output of fixed size shows; both are multiples of every U-Net's 256.
_HEIGHT, _WIDTH = 1024, 2048


@dataclass(frozen=True)
class LayerInfo:
    """A row of the table of layers.

    Attributes:
        index: place in the graph's order, from 0.
        type: the Keras class, such as ``Conv2D``.
        shape: shape of the output for an image of H × W pixels, such as ``H/4 × W/4 × 48``.
        channels: channels of the output; None where there is no single output.
        parameters: number of weights in the layer, trained or not.
        stride: image pixels, in one direction, per value of the output; None where that is not
            one number.
        viewable: whether the output is one stack of maps, which can be shown.
        activation: whether a nonlinearity comes last in it.
    """

    index: int
    name: str
    type: str
    shape: str
    channels: int | None
    parameters: int
    stride: float | None
    viewable: bool
    activation: bool


def list_layers(model: keras.Model) -> list[LayerInfo]:
    """The layers of a functional model from input to output.

    Strides are those of the graph itself: the symbolic shapes for an image of known size.
    """
    import keras

    outputs = {layer.name: single_output(layer) for layer in model.layers}
    known = {name: output for name, output in outputs.items() if output is not None}
    _, height, width, bands = model.input_shape
    image = (height or _HEIGHT, width or _WIDTH)
    graph = keras.Model(model.inputs, list(known.values()))
    specs = graph.compute_output_spec(keras.KerasTensor((1, *image, bands)))
    specs = specs if isinstance(specs, list | tuple) else [specs]
    shapes = dict(zip(known, (tuple(spec.shape) for spec in specs), strict=True))
    return [
        _info(index, layer, shapes.get(layer.name), image)
        for index, layer in enumerate(model.layers)
    ]


def last_activations(layers: Sequence[LayerInfo]) -> list[LayerInfo]:
    """The last activation of every level: of every run of layers at one stride.

    In a U-Net these are the ends of the encoder's blocks, of the bridge and of the decoder's
    blocks.
    """
    maps = [layer for layer in layers if layer.viewable]
    ends = []
    for _, level in groupby(maps, key=lambda layer: layer.stride):
        active = [layer for layer in level if layer.activation]
        ends += active[-1:]
    return ends


def single_output(layer: keras.layers.Layer) -> Any:
    """The layer's symbolic output; None for a nested model, a layer used twice, several outputs."""
    import keras

    nodes = layer._inbound_nodes
    if isinstance(layer, keras.Model) or len(nodes) != 1 or len(nodes[0].output_tensors) != 1:
        return None
    return nodes[0].output_tensors[0]


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


def _info(
    index: int,
    layer: keras.layers.Layer,
    shape: tuple[int | None, ...] | None,
    image: tuple[int, int],
) -> LayerInfo:
    text, stride = "several outputs", None
    viewable = shape is not None and len(shape) == 4
    if shape is not None and viewable:
        strides = _strides(shape[1:3], image)
        down, across = (
            _side(letter, one, side)
            for letter, one, side in zip("HW", strides, shape[1:3], strict=True)
        )
        text = f"{down} × {across} × {shape[3]}"
        stride = float(strides[0]) if strides[0] and strides[0] == strides[1] else None
    elif shape is not None:
        text = " × ".join("?" if side is None else str(side) for side in shape[1:])
    activation = getattr(layer, "activation", None)
    return LayerInfo(
        index=index,
        name=layer.name,
        type=type(layer).__name__,
        shape=text,
        channels=shape[-1] if shape else None,
        parameters=layer.count_params(),
        stride=stride,
        viewable=viewable,
        activation=".layers.activations" in type(layer).__module__
        or getattr(activation, "__name__", "linear") != "linear",
    )


def _strides(sides: tuple[int | None, ...], image: tuple[int, int]) -> list[Fraction | None]:
    down, across = sides
    # Of one size whatever the image's: no share of it.
    fixed = 1 in sides or (down == across and image[0] != image[1])
    if not down or not across or fixed:
        return [None, None]
    return [Fraction(image[0], down), Fraction(image[1], across)]


def _side(letter: str, stride: Fraction | None, side: int | None) -> str:
    """``H``, ``H/4``, ``2·H`` or a plain number."""
    if stride is None:
        return "?" if side is None else str(side)
    if stride == 1:
        return letter
    if stride.denominator == 1:
        return f"{letter}/{stride}"
    return (
        f"{1 / stride}·{letter}" if stride.numerator == 1 else f"≈{float(1 / stride):.3g}·{letter}"
    )
