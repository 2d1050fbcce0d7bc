"""The pixels of mask files as labels: one decoder for datasets, uploads and programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.classes import VOID, ClassTable, pack_color, pack_rgb
from core.datasets.masks.soft_masks import value_points
from core.errors import ImageError
from core.formats import counted
from core.imagery.header import Values
from core.imagery.raster import Raster, read_raster
from core.mask_coding import MaskCoding

__all__ = [
    "OTHERS",
    "Mask",
    "decode_mask",
    "is_grey",
    "is_transparency",
    "open_mask",
    "read_mask",
    "value_name",
    "values_of",
    "window_decoder",
]

OTHERS = "others"
"""In `MaskCoding.read_as`: all values that nothing else explains."""


_BYTE, _BYTE_OF_16 = 255, 257


@dataclass(frozen=True)
class Mask:
    """A mask as read.

    Attributes:
        labels: (H, W) uint8 class indices, 255 = void.
        unknown: values outside the class table with their pixel counts; they are void in `labels`.
        resampled: whether the mask is on another grid and was brought to the image's by nearest.
        raster: the mask file's own pixels; None for footprints.
    """

    labels: np.ndarray
    unknown: Mapping[str, int]
    raster: Raster | None = None
    resampled: bool = False


def is_grey(pixels: np.ndarray) -> bool:
    """Whether an RGB picture (H, W, 3 or more) is a band written three times."""
    red = pixels[..., 0]
    return bool((pixels[..., 1] == red).all() and (pixels[..., 2] == red).all())


def value_name(value: float) -> str:
    """What a value of an index mask is called in findings and recipes, as ``value 7``."""
    # `:g` would round large integers, and two values would become one.
    return f"value {value:g}" if isinstance(value, (float, np.floating)) else f"value {value}"


def read_mask(source: Path | bytes, values: Values, *, name: str | None = None) -> Raster:
    """Read a mask file, its colours in the order red, green, blue whatever that in the file.

    Args:
        source: a file, or the bytes of one (an upload).
        values: ``stored`` or ``indices``, see `read_raster`.
        name: what to call it in messages; by default the file's path.

    Raises:
        ImageError: it cannot be read.
    """
    return _in_order(_of_8_bit(read_raster(source, name=name, values=values)))


def _in_order(raster: Raster) -> Raster:
    """Colours in the order red, green, blue, where the file names its bands."""
    count, named = raster.pixels.shape[-1], raster.header.named_bands
    places = [named.index(word) for word in ("red", "green", "blue") if named.count(word) == 1]
    if len(places) < 3 or places == [0, 1, 2] or max(places) >= count:
        return raster
    order = [*places, *(place for place in range(count) if place not in places)]
    return replace(raster, pixels=raster.pixels[..., order])


def _of_8_bit(raster: Raster) -> Raster:
    """A coloured mask of more bits with the colours of 8, where it has no others.

    Programs write 8-bit colours into 16 bits as they are, or times 257, so that 255 is 65535.
    """
    pixels = raster.pixels
    if pixels.shape[-1] < 3 or pixels.dtype == np.uint8 or pixels.dtype.kind not in "iuf":
        return raster
    factor = 1 if pixels.max(initial=0) <= _BYTE else _BYTE_OF_16
    colours = pixels // factor
    # Also what is not a number, which equals nothing.
    if not ((colours * factor == pixels) & (colours >= 0) & (colours <= _BYTE)).all():
        return raster
    nodata = raster.header.nodata
    header = replace(raster.header, nodata=None if nodata is None else nodata / factor)
    return replace(raster, pixels=colours.astype(np.uint8), header=header)


def open_mask(source: Path | bytes, coding: MaskCoding, *, name: str | None = None) -> Raster:
    """Read a mask file's pixels as a coding needs them.

    For index masks a palette is for show and its indices are the values, and of three equal bands
    one is taken.

    Args:
        source: a file, or the bytes of one (an upload).
        coding: how it is written down.
        name: what to call it in messages; by default the file's path.

    Raises:
        ImageError: it cannot be read.
    """
    return _one_band(read_mask(source, values_of(coding), name=name), coding)


def values_of(coding: MaskCoding) -> Values:
    """How `read_raster` is to read mask files of a coding."""
    return "indices" if coding.kind == "index" else "stored"


def window_decoder(classes: ClassTable, coding: MaskCoding) -> Callable[[Raster], np.ndarray]:
    """What decodes windows of a mask file, as `open_mask` and `decode_mask` do all of it.

    What is in no class is void.

    Args:
        classes, coding: as for `decode_mask`; no footprints.
    """

    def decode(window: Raster) -> np.ndarray:
        return decode_mask(_one_band(_in_order(_of_8_bit(window)), coding), classes, coding)[0]

    return decode


def _one_band(raster: Raster, coding: MaskCoding) -> Raster:
    if coding.kind == "index" and raster.pixels.shape[-1] >= 3 and is_grey(raster.pixels):
        return replace(raster, pixels=raster.pixels[..., :1])
    return raster


def is_transparency(raster: Raster) -> bool:
    """Whether what a mask file says is no data is its transparency, and no gap.

    Drawing programs make the background transparent and keep its colour below. Not so in a file
    with a grid, where alpha shows how far the data reach, or with a no-data tag of a TIFF.
    """
    header = raster.header
    if header.driver == "PNG" and header.georeference is None:
        return True
    alpha = header.color_interpretation[-1:] == ("alpha",)
    return alpha and header.nodata is None and header.georeference is None


def decode_mask(
    raster: Raster, classes: ClassTable, coding: MaskCoding
) -> tuple[np.ndarray, dict[str, int]]:
    """Read a mask file's pixels as labels.

    NaN, and what the file says is no data, is void; so is 255 unless it is the value of a class.
    What is only transparent is read by the value below, see `is_transparency`, and void where that
    is none of a class.

    Args:
        raster: the mask as `open_mask` gives it.
        classes: what its colours mean.
        coding: how it is written down.

    Returns:
        (H, W) uint8 labels with 255 = void, and the values outside the table (``#RRGGBB``
        or ``value 7``) with their pixel counts; those pixels are void in the labels.

    Raises:
        ImageError: a coloured mask was expected and this one has a single band, or it is not
            8-bit; or an index mask was expected and this one has several.
    """
    color = coding.kind == "color"
    terms = _color_terms(raster, classes, coding) if color else _index_terms(raster, coding)
    values, meaning = terms.values, terms.meaning
    labels = np.full(values.shape, VOID, np.uint8)
    for value, label in meaning.items():
        if label != VOID:
            np.copyto(labels, np.uint8(label), where=values == value)
    void = _void_of(labels, raster, terms)
    places = np.nonzero(void)  # few, as a rule
    rest = values[places]
    unexplained = np.ones(rest.shape, bool)
    for value, label in meaning.items():
        if label == VOID:
            unexplained &= rest != value
    if np.issubdtype(values.dtype, np.floating):
        unexplained &= ~np.isnan(rest)
    if not unexplained.any():
        return labels, {}
    distinct, place, counts = np.unique(rest[unexplained], return_inverse=True, return_counts=True)
    means = _nearest_labels(distinct, terms.known, coding.tolerance, color)
    for value, label in terms.read_as.items():
        means[distinct == value] = label
    if OTHERS in coding.read_as:
        means[means < 0] = coding.read_as[OTHERS]
    rows, columns = (axis[unexplained] for axis in places)
    labels[rows, columns] = np.where(means < 0, VOID, means).astype(np.uint8)[place]
    return labels, {
        f"#{value:06X}" if color else value_name(value): int(count)
        for value, count, label in zip(distinct, counts, means, strict=True)
        if label < 0
    }


@dataclass(frozen=True)
class _Terms:
    """A mask as numbers, and what is known of them.

    Attributes:
        values: (H, W), the values of the band or colours as ``0xRRGGBB``.
        meaning: labels of values, 255 = void.
        known: those of them that other values may be near to.
        read_as: labels of values that the recipe names.
        nodata: the value that the file tags as no data; None where it is no such value.
    """

    values: np.ndarray
    meaning: Mapping[float, int]
    known: Mapping[float, int]
    read_as: Mapping[float, int]
    nodata: float | None


def _void_of(labels: np.ndarray, raster: Raster, terms: _Terms) -> np.ndarray:
    """Make void what the file says is no data; (H, W) bool, the void pixels with a value."""
    tag = terms.nodata
    # GDAL's nodata tag is often 0 in masks, where 0 is the background class and no gap.
    named = tag is not None and terms.meaning.get(tag, VOID) != VOID
    valid = raster.valid
    if named:  # what the file hides by a mask is void all the same
        hidden = raster.hidden
        if hidden is None or is_transparency(raster):
            return labels == VOID
        valid = ~hidden
    if not is_transparency(raster):
        labels[~valid] = VOID
    return (labels == VOID) & valid


def _color_terms(raster: Raster, classes: ClassTable, coding: MaskCoding) -> _Terms:
    pixels, nodata = raster.pixels, raster.header.nodata
    if pixels.shape[-1] < 3 or pixels.dtype != np.uint8:
        raise ImageError(
            f"expected a coloured mask (8-bit RGB), received "
            f"{counted(pixels.shape[-1], 'band')} of {pixels.dtype}",
            remedy="export the mask with its class colours, or as a folder of index masks",
        )
    meaning: dict[float, int] = {pack_color(rgb): VOID for rgb in coding.void_colors.values()}
    meaning |= {pack_color(rgb): label for label, rgb in enumerate(classes.colors)}
    read_as: dict[float, int] = {
        int(name[1:], 16): label for name, label in coding.read_as.items() if name[:1] == "#"
    }
    # The tag of a palette is an index and no colour.
    tag = None if nodata is None or raster.header.bands == 1 else nodata * 0x010101
    return _Terms(pack_rgb(pixels[..., :3]), meaning, meaning, read_as, tag)


def _index_terms(raster: Raster, coding: MaskCoding) -> _Terms:
    if raster.pixels.shape[-1] != 1:
        raise ImageError(
            f"expected an index mask of one band, received {raster.pixels.shape[-1]} bands",
            remedy="export all masks in the same way, with class indices or with class colours",
        )
    read_as = {
        float(name.removeprefix("value ")): label
        for name, label in coding.read_as.items()
        if name.startswith("value ")
    }
    meaning: dict[float, int] = {VOID: VOID}
    meaning |= {value: label for value, label in coding.values.items()}
    # 255 is void only as such: what lies near it is not.
    known = {value: label for value, label in meaning.items() if value in coding.values}
    return _Terms(raster.pixels[..., 0], meaning, known, read_as, raster.header.nodata)


def _nearest_labels(
    distinct: np.ndarray, known: Mapping[float, int], tolerance: float, color: bool
) -> np.ndarray:
    """The labels of the nearest known values within the tolerance, −1 where there is none."""
    means = np.full(len(distinct), -1, np.int16)
    if not tolerance or not known:
        return means
    points, targets = value_points(distinct, color), value_points(np.array([*known]), color)
    best = np.full(len(distinct), np.inf)
    for label, target in zip(known.values(), targets, strict=True):
        distance = np.abs(points - target).max(axis=-1)
        nearer = (distance <= tolerance) & (distance < best)
        means[nearer] = label
        best[nearer] = distance[nearer]
    return means
