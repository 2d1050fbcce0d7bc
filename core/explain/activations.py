"""Feature maps: what every channel of a layer makes of an image."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.errors import ModelError
from core.explain.keract_bridge import get_activations
from core.explain.layers import layer_output
from core.explain.window import LIMIT, Window, view_image, window_note

if TYPE_CHECKING:
    import keras

    from core.imagery.raster import Raster
    from core.models.card import ModelCard

__all__ = [
    "ChannelStatistics",
    "FeatureMaps",
    "channel_statistics",
    "feature_maps",
    "layer_outputs",
]

_lock = threading.Lock()


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
        return window_note(self.window, self.size)


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
    view = view_image(card, image, part)
    output = layer_outputs(model, view.batch, [layer])[layer]
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
    window, (height, width) = view.window, view.batch.shape[1:3]
    stride = (height / output.shape[1], width / output.shape[2])
    rows, columns = (
        int(np.ceil(side / step))
        for side, step in zip((window.height, window.width), stride, strict=True)
    )
    maps = np.ascontiguousarray(output[0, :rows, :columns])
    maps.setflags(write=False)  # sessions share them
    return FeatureMaps(layer, maps, stride, window, view.size)


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
