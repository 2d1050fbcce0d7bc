"""Feature maps: what every channel of a layer makes of an image, in memory and as files."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from core.errors import ImageError, ModelError
from core.explain.heat import sheet, to_heat
from core.explain.keract_bridge import get_activations, layer_output
from core.explain.layers import last_activations, list_layers
from core.imagery.raster import Raster, read_raster
from core.imagery.tiles import reflected
from core.models.input_bands import network_bands
from core.models.store import find_model, load_model
from core.paths import writable_folder, write_atomic, write_bytes, write_json

if TYPE_CHECKING:
    import keras

    from core.models.card import ModelCard

__all__ = [
    "LIMIT",
    "FeatureMaps",
    "Strength",
    "Window",
    "centre_window",
    "feature_maps",
    "strength",
    "write_activations",
]

LIMIT = 1024
"""Longest side, in pixels, of the part of an image that maps are made of at once."""

_SHOWN = 64  # channels on a sheet
_HALF = float(np.finfo(np.float16).max)


@dataclass(frozen=True)
class Window:
    """A part of an image in whole pixels: its first row and column, and its size."""

    row: int
    column: int
    height: int
    width: int

    def of(self, pixels: np.ndarray) -> np.ndarray:
        """The part itself, (height, width, …), a view."""
        rows = slice(self.row, self.row + self.height)
        return pixels[rows, self.column : self.column + self.width]


@dataclass(frozen=True)
class FeatureMaps:
    """The output of one layer for a window of an image.

    Attributes:
        maps: (h, w, C) float32, read-only. Value (i, j) belongs to the pixels from
            ``stride · (i, j)`` of the window on; the last row and column may reach beyond it.
        stride: window pixels per value, down and across.
        window: the part of the image that was looked at.
        size: height and width of the whole image in pixels.
    """

    layer: str
    maps: np.ndarray
    stride: tuple[float, float]
    window: Window
    size: tuple[int, int]

    @property
    def note(self) -> str:
        """What was looked at, in words."""
        seen, (height, width) = self.window, self.size
        if (seen.height, seen.width) == (height, width):
            return f"the whole image, {width} × {height} px"
        return (
            f"a window of {seen.width} × {seen.height} px, {seen.column} px from the left and "
            f"{seen.row} px from the top, of the image's {width} × {height} px"
        )


@dataclass(frozen=True)
class Strength:
    """How much every channel says, each (C,) float64 over the map's pixels.

    Attributes:
        std: standard deviation, by which channels are ordered: a channel that is the same
            everywhere tells nothing of the image, however large its value.
        mean: mean activation.
        low, high: smallest and largest value.
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
    window: Window | None = None,
    limit: int = LIMIT,
) -> FeatureMaps:
    """The maps of a layer, at the scale the model was trained at.

    The image is never shrunk, for a network knows things by their size: of one that is larger
    than `limit` a window is taken. It is extended downwards and to the right to a multiple of what
    the model needs, by the pixels that lie there or, beyond the image's edge, by reflection.

    Args:
        model: the network of `card`.
        card: says bands, dtype, normalisation and the multiple.
        image: as in the file, (H, W, C) or a raster, whose pixels without data become 0.
        layer: one with a 4-D output.
        window: which part; by default the middle.
        limit: longest side of the part in pixels; a network of fixed size sees no more than that.

    Raises:
        ImageError: other bands or another type than the model was trained on, or a window that
            is not inside the image or is larger than `limit`.
        ModelError: no such layer, one without maps, or maps that are not finite.
    """
    pixels = image.pixels if isinstance(image, Raster) else image
    valid = image.valid if isinstance(image, Raster) else None
    pixels = network_bands(pixels, card.spec.bands, card.dtype, card.bands, card.file_bands)
    height, width = pixels.shape[:2]
    limit = min(limit, card.spec.input_size or limit)
    window = window or centre_window(height, width, limit)
    _check_window(window, height, width, limit)
    multiple = card.spec.input_size or card.spec.multiple
    padded = [-(-side // multiple) * multiple for side in (window.height, window.width)]
    at = np.ix_(
        reflected(window.row, padded[0], height), reflected(window.column, padded[1], width)
    )
    batch = card.normalisation(pixels[at], None if valid is None else valid[at])[None]
    output = get_activations(model, batch, [layer])[layer]
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
    maps.setflags(write=False)  # sessions share it
    return FeatureMaps(layer, maps, stride, window, (height, width))


def strength(maps: np.ndarray) -> Strength:
    """Statistics of every channel of (h, w, C) maps, in double precision."""
    flat = maps.reshape(-1, maps.shape[-1])
    return Strength(
        std=flat.std(axis=0, dtype=np.float64),
        mean=flat.mean(axis=0, dtype=np.float64),
        low=flat.min(axis=0).astype(np.float64),
        high=flat.max(axis=0).astype(np.float64),
    )


def write_activations(
    image: Path,
    model: str,
    out: Path,
    layers: Sequence[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Write the feature maps of some layers, one layer at a time.

    For every layer ``STEM_LAYER.png``, a sheet of its strongest channels (64 at most), each scaled
    by itself, and ``STEM_LAYER.npz`` with `maps` (h, w, C) float16 and `stride`; and
    ``STEM_activations.json`` with every layer's shape, its channels from the strongest on, and
    what part of the image was looked at.

    Args:
        image: a PNG, JPEG or TIFF.
        model: a name, or a folder with a card.
        out: a folder, made where it is missing.
        layers: names; by default the last activation of every level of the network.
        progress: called with layers done and in all.

    Returns:
        The files, the JSON last.

    Raises:
        ImageError, ModelError: the image or the model cannot be read, they do not fit each other,
            or there is no such layer.
        WorkspaceError: `out` cannot be written.
    """
    raster = read_raster(image)
    network, card = load_model(find_model(model).folder)
    names = list(dict.fromkeys(layers or [i.name for i in last_activations(list_layers(network))]))
    if not names:
        raise ModelError(
            "the model has no activation layers", where=model, remedy="name layers with --layer"
        )
    for name in names:
        layer_output(network, name)  # a wrong name is told before any work is done
    _check_kind(raster, card, image)
    writable_folder(out)
    stems = _file_stems(names)
    written: list[Path] = []
    described: list[dict[str, Any]] = []
    for done, name in enumerate(names):
        if progress:
            progress(done, len(names))
        found = feature_maps(network, card, raster, name)
        said = strength(found.maps)
        stem = out / f"{image.stem}_{stems[name]}"
        files = [stem.with_name(stem.name + ".png"), stem.with_name(stem.name + ".npz")]
        write_bytes(files[0], _sheet(found, said))
        _write_npz(files[1], found)
        written += files
        described.append(_described(found, said) | {"files": [file.name for file in files]})
    if progress:
        progress(len(names), len(names))
    summary = out / f"{image.stem}_activations.json"
    write_json(
        summary,
        {
            "image": image.name,
            "model": card.name,
            "sha256": card.sha256,
            "part": found.note,
            "window": vars(found.window),
            "layers": described,
        },
    )
    return [*written, summary]


def _check_kind(raster: Raster, card: ModelCard, image: Path) -> None:
    try:
        network_bands(raster.pixels, card.spec.bands, card.dtype, card.bands, card.file_bands)
    except ImageError as error:
        raise ImageError(error.what, where=str(image), remedy=error.remedy) from error


def _file_stems(names: Sequence[str]) -> dict[str, str]:
    """A file name for each layer; ``a/b`` and ``a_b`` get two."""
    stems: dict[str, str] = {}
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)
        stem, number = plain, 1
        while stem.lower() in {taken.lower() for taken in stems.values()}:
            number += 1
            stem = f"{plain}-{number}"
        stems[name] = stem
    return stems


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


def _sheet(found: FeatureMaps, said: Strength) -> bytes:
    channels = said.order[:_SHOWN]
    page = sheet([to_heat(found.maps[..., channel]) for channel in channels], channels)
    _, data = cv2.imencode(".png", page[..., ::-1])
    return bytes(data.tobytes())


def _write_npz(path: Path, found: FeatureMaps) -> None:
    half = np.clip(found.maps, -_HALF, _HALF).astype(np.float16)
    write_atomic(
        path, lambda temporary: np.savez_compressed(temporary, maps=half, stride=found.stride)
    )


def _described(found: FeatureMaps, said: Strength) -> dict[str, Any]:
    return {
        "layer": found.layer,
        "shape": list(found.maps.shape),
        "stride": list(found.stride),
        "channels": [
            {
                "channel": channel,
                "std": float(said.std[channel]),
                "mean": float(said.mean[channel]),
                "min": float(said.low[channel]),
                "max": float(said.high[channel]),
            }
            for channel in said.order
        ],
    }
