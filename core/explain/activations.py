"""Feature maps: what every channel of a layer makes of an image."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.errors import ImageError, ModelError
from core.explain.keract_bridge import get_activations
from core.explain.layers import layer_output
from core.imagery.raster import Raster
from core.imagery.tiles import reflected
from core.models.model_input import ModelInput

if TYPE_CHECKING:
    import keras

    from core.models.card import ModelCard

__all__ = [
    "LIMIT",
    "ChannelStatistics",
    "FeatureMaps",
    "Window",
    "centre_window",
    "channel_statistics",
    "feature_maps",
    "layer_outputs",
]

_lock = threading.Lock()

LIMIT = 1024
"""Longest side, in pixels, of the part of an image that maps are made of at once."""


@dataclass(frozen=True)
class Window:
    """A part of an image in whole pixels: its first row and column, and its size."""

    row: int
    column: int
    height: int
    width: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Its rows and columns."""
        rows = slice(self.row, self.row + self.height)
        return rows, slice(self.column, self.column + self.width)

    def crop(self, pixels: np.ndarray) -> np.ndarray:
        """The part itself as a view, (height, width, …)."""
        return pixels[self.slices]


@dataclass(frozen=True)
class FeatureMaps:
    """The output of one layer for a window of an image.

    Attributes:
        maps: (h, w, C) float32, read-only. Value (i, j) belongs to the pixels from
            ``stride · (i, j)`` of the window on; the last row and column may reach beyond it.
        stride: window pixels per value, down and across.
        window: part of the image that the layer was computed for.
        size: height and width of the whole image in pixels.
    """

    layer: str
    maps: np.ndarray
    stride: tuple[float, float]
    window: Window
    size: tuple[int, int]

    @property
    def note(self) -> str:
        """The part of the image in words."""
        window, (height, width) = self.window, self.size
        if (window.height, window.width) == (height, width):
            return f"the whole image, {width} × {height} px"
        return (
            f"a window of {window.width} × {window.height} px, {window.column} px from the left "
            f"and {window.row} px from the top, of the image's {width} × {height} px"
        )


@dataclass(frozen=True)
class ChannelStatistics:
    """Statistics of every channel, each (C,) float64 over the map's pixels.

    Attributes:
        std: standard deviation, by which channels are ordered: a channel that is the same
            everywhere says nothing about the image, however large its value.
        mean: mean activation.
        low, high: smallest and largest activation.
    """

    std: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def order(self) -> list[int]:
        """Channels by falling standard deviation; the lower number first where it is equal."""
        return [int(channel) for channel in np.argsort(-self.std, kind="stable")]


def centre_window(height: int, width: int, limit: int = LIMIT) -> Window:
    """The middle of an image, at most `limit` pixels a side."""
    rows, columns = min(height, limit), min(width, limit)
    return Window((height - rows) // 2, (width - columns) // 2, rows, columns)


def feature_maps(
    model: keras.Model,
    card: ModelCard,
    image: Raster | np.ndarray,
    layer: str,
    *,
    part: Window | int = LIMIT,
) -> FeatureMaps:
    """The maps of a layer, at the scale the model was trained at.

    The image is never shrunk, for a network knows things by their size: of one that is larger
    than `part` a window is taken. It is extended downwards and to the right to a multiple of what
    the model needs, by the pixels that lie there or, beyond the image's edge, by reflection.

    Args:
        model: network of `card`.
        card: the model's card.
        image: pixels (H, W, bands) as in the file, or a raster, whose pixels without data become 0.
        layer: name of a layer with a 4-D output.
        part: window of the image, or the longest side, in pixels, of its middle; a network of one
            size takes that if it is less.

    Raises:
        ImageError: the image has another number of bands or another dtype than the model was
            trained on, or the window is not inside the image or is larger than `LIMIT`.
        ModelError: there is no such layer, it has no maps, or they are not finite.
    """
    pixels = image.pixels if isinstance(image, Raster) else image
    valid = image.valid if isinstance(image, Raster) else None
    model_input = ModelInput.of_card(card)
    model_input.check(pixels)
    height, width = pixels.shape[:2]
    limit = LIMIT if isinstance(part, Window) else part
    limit = min(limit, model_input.size or limit)
    window = part if isinstance(part, Window) else centre_window(height, width, limit)
    _check_window(window, height, width, limit)
    multiple = model_input.size or model_input.multiple
    padded = [-(-side // multiple) * multiple for side in (window.height, window.width)]
    at = np.ix_(
        reflected(window.row, padded[0], height), reflected(window.column, padded[1], width)
    )
    batch = model_input.prepare(pixels, valid, at)[None]
    output = layer_outputs(model, batch, [layer])[layer]
    if output.ndim != 4:
        raise ModelError(
            f"layer {layer!r} has no maps: its output is {output.ndim - 1}-dimensional",
            remedy="choose a layer whose shape is H × W × channels",
        )
    if not np.isfinite(output).all():
        raise ModelError(
            f"the maps of layer {layer!r} hold values that are not finite",
            remedy="the model's weights are broken, its training went astray: train it again with "
            "a smaller learning rate",
        )
    stride = (padded[0] / output.shape[1], padded[1] / output.shape[2])
    rows, columns = (
        int(np.ceil(side / step))
        for side, step in zip((window.height, window.width), stride, strict=True)
    )
    maps = np.ascontiguousarray(output[0, :rows, :columns])
    maps.setflags(write=False)  # sessions share them
    return FeatureMaps(layer, maps, stride, window, (height, width))


def layer_outputs(
    model: keras.Model, x: np.ndarray, layer_names: Sequence[str]
) -> dict[str, np.ndarray]:
    """Outputs of some layers of a network of ours, by keract.

    Only the part of the network up to these layers is traced and computed. One call runs at a
    time, so that the memory of several sessions does not add up.

    Args:
        model: a functional model with one input; it is not changed.
        x: (N, H, W, C) float32, normalised.
        layer_names: names of the layers, at least one.

    Returns:
        By layer name, in the order asked for, (N, …) float32.

    Raises:
        ModelError: the model has no layer of that name, one without a single output tensor of its
            own (a nested model, or a layer used twice), or the memory does not suffice.
    """
    import keras

    outputs = {name: layer_output(model, name) for name in layer_names}
    if not outputs:
        raise ModelError("no layer was named", remedy="name at least one layer of the model")
    batch = x.astype(np.float32, copy=False)
    part = keras.Model(model.inputs, list(outputs.values()))
    given = {symbol.name for symbol in model.inputs}
    named = [name for name in outputs if name not in given]
    with _lock:
        maps = get_activations(part, batch, layer_names=named) if named else {}
    return {name: np.asarray(maps.get(name, batch), np.float32) for name in outputs}


def channel_statistics(maps: np.ndarray) -> ChannelStatistics:
    """Statistics of every channel of (h, w, C) maps, in double precision."""
    flat = maps.reshape(-1, maps.shape[-1])
    return ChannelStatistics(
        std=flat.std(axis=0, dtype=np.float64),
        mean=flat.mean(axis=0, dtype=np.float64),
        low=flat.min(axis=0).astype(np.float64),
        high=flat.max(axis=0).astype(np.float64),
    )


def _check_window(window: Window, height: int, width: int, limit: int) -> None:
    inside = (
        window.row >= 0
        and window.column >= 0
        and 0 < window.height <= height - window.row
        and 0 < window.width <= width - window.column
    )
    if not inside:
        raise ImageError(
            f"the window of {window.width} × {window.height} px at ({window.column}, {window.row}) "
            f"is not inside the image of {width} × {height} px",
            remedy="choose a window inside the image",
        )
    if max(window.height, window.width) > limit:
        raise ImageError(
            f"the window of {window.width} × {window.height} px is larger than {limit} px",
            remedy="choose a smaller window, the memory for its maps grows with its area",
        )
