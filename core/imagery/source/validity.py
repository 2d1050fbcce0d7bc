"""What of an image is data: the file's own masks, alpha, no-data values, numbers that are none."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from rasterio.enums import MaskFlags

__all__ = [
    "alpha_is_opacity",
    "alpha_of_parts_is_opacity",
    "band_gaps",
    "data_mask",
    "fill_values",
    "fills_of_parts",
    "has_alpha",
    "own_mask",
    "part_mask",
    "row_blocks",
]

_ROWS_BYTES = 4 * 1024**2  # of an image that is looked at at once
_FLAT = 0.9  # share of an alpha band that is 0 or its greatest value, where it is one
_LIMITS = (-3.4028234663852886e38, -1.7976931348623157e308)
# What programs write where there is no data, and often without a tag that says so: ESRI, Agisoft,
# GDAL and the least and greatest numbers of float32 and float64.
_FILLS = (-9999.0, -99999.0, -32767.0, -32768.0, *_LIMITS, *(-value for value in _LIMITS))
_FILLED = 16  # pixels from which a value is no measurement
_SHARE = 0.01  # of the pixels, from which a value that is less far away is none either
_BEYOND = 3.0  # spans of all other values between which and a fill value nothing lies
_NEARER = 0.9  # likewise, where so many pixels have it


def has_alpha(interpretation: Sequence[str], names: Sequence[str]) -> bool:
    """Whether the last of several bands is called alpha, and by its name nothing else.

    Args:
        interpretation: what the file says each band is, GDAL's words.
        names: the bands' descriptions.
    """
    if len(interpretation) < 2 or interpretation[-1] != "alpha":
        return False
    name = (names[-1] or "alpha").strip().lower()
    return name in ("alpha", "mask", "opacity", "transparency") or name.startswith("band ")


def alpha_is_opacity(alpha: np.ndarray) -> bool:
    """Whether a TIFF's band called alpha is one.

    GDAL writes, and so calls, the fourth band of any 8-bit TIFF alpha, also near infrared. That
    takes many values; opacity is nothing or full but for soft edges.

    Args:
        alpha: (H, W), the band, which may be made smaller by leaving out pixels.
    """
    return bool(np.isin(alpha, (0, alpha.max(initial=0))).mean() >= _FLAT)


def alpha_of_parts_is_opacity(parts: Callable[[], Iterable[np.ndarray]]) -> bool:
    """`alpha_is_opacity` of a band that comes in parts.

    Args:
        parts: gives all parts of the band, each time it is called.
    """
    greatest = max((part.max(initial=0) for part in parts()), default=0)
    flat = total = 0
    for part in parts():
        flat += int(np.isin(part, (0, greatest)).sum())
        total += part.size
    return flat >= _FLAT * total


def own_mask(
    pages: tuple[Any, ...], window: Any = None, shape: tuple[int, int] | None = None
) -> np.ndarray | None:
    """(H, W) bool, the mask within a file of one page; None where it has none.

    Args:
        pages: datasets of rasterio, open.
        window: rasterio's, of the part that is asked for; None for all.
        shape: height and width to which it is made smaller, by the nearest; None for its own.
    """
    flags = pages[0].mask_flag_enums[0]
    if len(pages) > 1 or MaskFlags.per_dataset not in flags or MaskFlags.alpha in flags:
        return None
    mask = pages[0].read_masks(1, window=window, out_shape=shape)
    # In its own place: a second array would be as large as an image of one band.
    return np.greater(mask, 0, out=mask.view(bool))


def data_mask(
    pages: tuple[Any, ...], pixels: np.ndarray, nodata: tuple[float | None, ...]
) -> tuple[np.ndarray, tuple[float, ...]]:
    """Where a file has data.

    All of these are asked: a mask within the file (or the transparent colour of a PNG); the bands'
    no-data values; for floating-point numbers, whether they are finite. A value that stands for no
    data in one band makes the pixel one without data, for a network sees all bands at once. Only 0,
    and 255 of 8 bit, must be in all bands, for in one they are an ordinary dark or bright value.

    Args:
        pages: datasets of rasterio, open.
        pixels: (H, W, C) their bands as stored, alpha left out.
        nodata: of each band; empty or None where it has no such value.

    Returns:
        (H, W) bool, and the values that were taken for no data though no tag says so, see
        `fill_values`.
    """
    fills = () if any(value is not None for value in nodata) else fill_values(pixels)
    return part_mask(pages, pixels, nodata, fills), fills


def part_mask(
    pages: tuple[Any, ...],
    pixels: np.ndarray,
    nodata: tuple[float | None, ...],
    fills: tuple[float, ...],
    window: Any = None,
) -> np.ndarray:
    """Where a part of a file has data, see `data_mask`.

    Args:
        pages, nodata: as in `data_mask`.
        pixels: (h, w, C) the part as stored, alpha left out; it may be made smaller.
        fills: values that stand for no data though no tag says so.
        window: rasterio's, of the part; None for all.
    """
    first = pages[0]
    own = own_mask(pages, window, pixels.shape[:2] if window is not None else None)
    valid = np.ones(pixels.shape[:2], bool) if own is None else own
    # Else the mask is what the file's no-data values make.
    tagged = MaskFlags.nodata in first.mask_flag_enums[0] and first.nodata is not None
    for rows in row_blocks(pixels):
        part = pixels[rows]
        if own is None or not tagged:
            valid[rows] &= ~without_data(part, nodata[: pixels.shape[-1]])
        for value in fills:
            valid[rows] &= ~without_data(part, (value,) * pixels.shape[-1])
        if np.issubdtype(pixels.dtype, np.inexact):
            valid[rows] &= np.all(np.isfinite(part), axis=-1)
    return valid


def row_blocks(pixels: np.ndarray) -> Iterator[slice]:
    """Rows of an image (H, W, C), as many at once as take some MiB.

    What is computed of a whole image beside it can take several times its memory.
    """
    height = max(1, len(pixels))
    step = max(1, _ROWS_BYTES * height // max(1, pixels.nbytes))
    return (slice(start, start + step) for start in range(0, len(pixels), step))


def fill_values(pixels: np.ndarray) -> tuple[float, ...]:
    """Values that plainly stand for no data though no tag says so.

    They are some of those that programs write for it, stand in many pixels, and are far from all
    other values. Whole numbers without a sign have no such value: their greatest is also what is
    too bright.

    Args:
        pixels: (H, W, C).
    """
    count = pixels.shape[0] * pixels.shape[1]
    return fills_of_parts(
        lambda: (pixels[rows] for rows in row_blocks(pixels)), pixels.dtype, count
    )


def fills_of_parts(
    parts: Callable[[], Iterable[np.ndarray]], dtype: np.dtype[Any], total: int
) -> tuple[float, ...]:
    """`fill_values` of an image that comes in parts.

    Args:
        parts: gives all parts (h, w, C) of the image, each time it is called.
        dtype: of the image.
        total: pixels of the image.
    """
    if dtype.kind not in "if" or dtype.itemsize < 2 or not total:
        return ()
    limit = np.finfo(dtype).max if dtype.kind == "f" else np.inf
    known = [value for value in _FILLS if abs(value) <= float(limit)]
    # Nearly every image is done here.
    ends = _ends(parts(), dtype)
    if not any(_equals(ends, value).any() for value in known):
        return ()
    counts = dict.fromkeys(known, 0)
    least, greatest = math.inf, -math.inf
    for part in parts():
        places = {value: _equals(part, value) for value in known}
        rest = part[np.isfinite(part) & ~np.logical_or.reduce(list(places.values()))]
        for value, here in places.items():
            counts[value] += int(np.count_nonzero(here.any(axis=-1)))
        if rest.size:
            least, greatest = min(least, float(rest.min())), max(greatest, float(rest.max()))
    if least > greatest:  # nothing else is there
        return ()
    fills = []
    for value, count in counts.items():
        many = count >= _SHARE * total
        apart = min(abs(least - value), abs(greatest - value)) / max(greatest - least, 1e-300)
        outside = not least <= value <= greatest
        if count >= _FILLED and outside and apart > (_NEARER if many else _BEYOND):
            fills.append(value)
    return tuple(fills)


def _ends(parts: Iterable[np.ndarray], dtype: np.dtype[Any]) -> np.ndarray:
    """The least and the greatest number of all parts; NaN where there is none."""
    with np.errstate(invalid="ignore"):
        each = [
            (np.fmin.reduce(part, axis=None), np.fmax.reduce(part, axis=None))
            for part in parts
            if part.size
        ]
        low, high = np.array(each, dtype).T
        return np.array([np.fmin.reduce(low), np.fmax.reduce(high)], dtype)


def band_gaps(pixels: np.ndarray, nodata: Sequence[float | None]) -> np.ndarray:
    """(C,) share of the pixels in which each band by itself has no data, 0 to 1.

    Args:
        pixels: (H, W, C) as stored.
        nodata: of each band; empty or None where it has no such value.
    """
    shares = np.zeros(pixels.shape[-1])
    for band in range(pixels.shape[-1]):
        values = pixels[..., band]
        lacking = ~np.isfinite(values)
        if band < len(nodata) and (fill := nodata[band]) is not None:
            lacking |= _equals(values, fill)
        shares[band] = lacking.mean() if lacking.size else 0.0
    return shares


def without_data(pixels: np.ndarray, nodata: tuple[float | None, ...]) -> np.ndarray:
    """(H, W) bool, where bands (H, W, C) hold the values that mean no data, one of them a band."""
    some = np.zeros(pixels.shape[:2], bool)
    every = np.ones(pixels.shape[:2], bool)
    ordinary = {0.0, 255.0} if pixels.dtype == np.uint8 else {0.0}
    for band, value in enumerate(nodata):
        if value is None:
            every[:] = False
            continue
        here = _equals(pixels[..., band], value)
        every &= here
        if value not in ordinary:
            some |= here
    return some | every if nodata else some


def _equals(band: np.ndarray, value: float) -> np.ndarray:
    """Where a band holds a value, in its own precision."""
    if np.isnan(value):
        return np.isnan(band)
    if band.dtype == np.float32:
        # The least float32 is written in fewer digits than it has.
        with np.errstate(over="ignore"):
            return np.isclose(band, np.float32(value), rtol=1e-6, atol=0)
    return np.asarray(band == value)
