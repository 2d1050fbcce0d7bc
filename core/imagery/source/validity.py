"""What of an image is data: the file's own masks, alpha, no-data values, numbers that are none."""

from __future__ import annotations

from typing import Any

import numpy as np
from rasterio.enums import ColorInterp, MaskFlags

__all__ = ["alpha_is_opacity", "data_mask", "has_alpha", "without_data"]

_FLAT = 0.9  # share of an alpha band that is 0 or its greatest value, where it is one


def has_alpha(dataset: Any) -> bool:
    """Whether the last of several bands is called alpha."""
    return dataset.count > 1 and dataset.colorinterp[-1] == ColorInterp.alpha


def alpha_is_opacity(alpha: np.ndarray) -> bool:
    """Whether a TIFF's band called alpha is one.

    GDAL writes, and so calls, the fourth band of any 8-bit TIFF alpha, also near infrared. That
    takes many values; opacity is nothing or full but for soft edges.

    Args:
        alpha: (H, W), the band, which may be made smaller by leaving out pixels.
    """
    return bool(np.isin(alpha, (0, alpha.max(initial=0))).mean() >= _FLAT)


def data_mask(dataset: Any, pixels: np.ndarray) -> np.ndarray:
    """Where a file has data.

    All of these are asked: a mask within the file (or the transparent colour of a PNG); the bands'
    no-data values; for floating-point numbers, whether they are finite. A value that stands for no
    data in one band makes the pixel one without data, for a network sees all bands at once. Only 0,
    and 255 of 8 bit, must be in all bands, for in one they are an ordinary dark or bright value.

    Args:
        dataset: of rasterio, open.
        pixels: (H, W, C) its bands as stored, alpha left out.

    Returns:
        (H, W) bool.
    """
    valid = np.ones(pixels.shape[:2], bool)
    flags = dataset.mask_flag_enums[0]
    if MaskFlags.per_dataset in flags and MaskFlags.alpha not in flags:
        valid &= dataset.read_masks(1) > 0
    else:
        valid &= ~without_data(pixels, dataset.nodatavals[: pixels.shape[-1]])
    if np.issubdtype(pixels.dtype, np.inexact):
        valid &= np.all(np.isfinite(pixels), axis=-1)
    return valid


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
    if np.isnan(value):
        return np.isnan(band)
    if band.dtype == np.float32:
        # The least float32 is written in fewer digits than it has.
        return np.isclose(band, np.float32(value), rtol=1e-6, atol=0)
    return np.asarray(band == value)
