"""How masks are written down, and their pixels as labels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from core.classes import VOID, ClassTable, hex_to_rgb
from core.errors import ImageError
from core.imagery.raster import Raster

__all__ = ["Mask", "MaskCoding", "decode_mask"]


@dataclass(frozen=True)
class MaskCoding:
    """How a dataset's mask files write classes down.

    Attributes:
        kind: ``color`` (RGB by the class table), ``index`` (one band of values) or ``footprints``
            (polygons; label 0 is where there is none).
        void_colors: colours that mean void, by what they are called.
        values: for index masks, which file value means which label; values that are not listed
            are unknown.
        attribute: for footprints, the property that names a polygon's class; empty where all of
            them are label 1.
        minimum_area: for footprints, polygons of less than this many square pixels are left out.
        texts: for footprints, values of the attribute beside the class names, and their labels.
        shared: for footprints, one file holds those of all images.
        read_as: decided in a recipe: unknown values as `decode_mask` names them, and the labels
            (255 = void) they are read as.
    """

    kind: Literal["color", "index", "footprints"]
    void_colors: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    values: Mapping[int, int] = field(default_factory=dict)
    attribute: str = ""
    minimum_area: float = 0.0
    texts: Mapping[str, int] = field(default_factory=dict)
    shared: bool = False
    read_as: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Mask:
    """A mask as read.

    Attributes:
        labels: (H, W) uint8 class indices, 255 = void.
        unknown: values outside the class table with their pixel counts; they are void in `labels`.
        raster: the mask file's own pixels; None for footprints.
    """

    labels: np.ndarray
    unknown: Mapping[str, int]
    raster: Raster | None = None


def decode_mask(
    raster: Raster, classes: ClassTable, coding: MaskCoding
) -> tuple[np.ndarray, dict[str, int]]:
    """Read a mask file's pixels as labels.

    Args:
        raster: the mask as opened.
        classes: what its colours mean.
        coding: how it is written down.

    Returns:
        (H, W) uint8 labels with 255 = void, and the values outside the table (``#RRGGBB``
        or a number) with their pixel counts; those pixels are void in the labels.

    Raises:
        ImageError: a coloured mask was expected and this one has a single band, or it is not
            8-bit; or an index mask was expected and this one has several.
    """
    pixels, nodata = raster.pixels, raster.header.nodata
    if coding.kind == "color":
        if pixels.shape[-1] < 3 or pixels.dtype != np.uint8:
            raise ImageError(
                f"expected a coloured mask (8-bit RGB), received {pixels.shape[-1]} band(s) of "
                f"{pixels.dtype}",
                remedy="export the mask with its class colours, or as a folder of index masks",
            )
        labels, strange = classes.encode(pixels[..., :3], coding.void_colors)
        if nodata is not None and math.isfinite(nodata):
            strange.pop((int(nodata),) * 3, None)
        unknown = {"#{:02X}{:02X}{:02X}".format(*rgb): n for rgb, n in strange.items()}
        for name in [n for n in unknown if n in coding.read_as]:
            del unknown[name]
            labels[np.all(pixels[..., :3] == hex_to_rgb(name), axis=-1)] = coding.read_as[name]
    else:
        if pixels.shape[-1] != 1:
            raise ImageError(
                f"expected an index mask of one band, received {pixels.shape[-1]} bands",
                remedy="export all masks in the same way, with class indices or with class colours",
            )
        labels, unknown = _decode_index(pixels[..., 0], coding.values, nodata)
        for name in [n for n in unknown if n in coding.read_as]:
            del unknown[name]
            labels[pixels[..., 0] == float(name.removeprefix("value "))] = coding.read_as[name]
    # GDAL's nodata tag is often 0 in masks, where 0 is the background class and no gap.
    if nodata is None or nodata not in coding.values:
        labels[~raster.valid] = VOID
    return labels, unknown


def _decode_index(
    values: np.ndarray, meaning: Mapping[int, int], nodata: float | None
) -> tuple[np.ndarray, dict[str, int]]:
    labels = np.full(values.shape, VOID, np.uint8)
    explained = (values == VOID) | (values == nodata)
    for value, label in meaning.items():
        here = values == value
        labels[here] = label
        explained |= here
    unexplained, counts = np.unique(values[~explained], return_counts=True)
    # `:g` would round large integers, and two values would become one.
    form = "value {:g}" if np.issubdtype(values.dtype, np.floating) else "value {}"
    return labels, {form.format(v): int(n) for v, n in zip(unexplained, counts, strict=True)}
