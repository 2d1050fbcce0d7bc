"""Any image as 8-bit RGB for the screen."""

from __future__ import annotations

import numpy as np

__all__ = ["to_rgb"]

_SAMPLE = 512  # percentiles are taken from a grid of at most this many pixels a side


def to_rgb(
    pixels: np.ndarray,
    valid: np.ndarray | None = None,
    *,
    bands: tuple[int, int, int] | None = None,
    clip: tuple[float, float] = (1.0, 99.0),
) -> np.ndarray:
    """Show an image of any depth as 8-bit RGB.

    8-bit images are shown as they are; everything else is stretched band by band between two
    percentiles of its valid pixels, so that 16-bit and float images are never black. Complex
    values are shown by their amplitude.

    Args:
        pixels: (H, W, C) of any numeric dtype.
        valid: (H, W) bool; pixels without data do not count for the percentiles and, where
            the image is stretched, come out black.
        bands: indices shown as red, green, blue; by default the first three, or the first one grey.
        clip: lower and upper percentile.

    Returns:
        (H, W, 3) uint8.
    """
    count = pixels.shape[-1]
    chosen = bands or ((0, 1, 2) if count >= 3 else (0, 0, 0))
    picture = pixels[..., list(chosen)]
    if np.iscomplexobj(picture):
        picture = np.abs(picture)
    if picture.dtype == np.bool_:
        picture = picture.astype(np.uint8) * 255
    if picture.dtype == np.uint8:
        return np.ascontiguousarray(picture)
    shown = np.isfinite(picture).all(axis=-1)
    if valid is not None:
        shown &= valid
    step = (max(1, picture.shape[0] // _SAMPLE), max(1, picture.shape[1] // _SAMPLE))
    sample = picture[:: step[0], :: step[1]][shown[:: step[0], :: step[1]]]
    if sample.size == 0:
        return np.zeros(picture.shape, np.uint8)
    low, high = np.percentile(sample.astype(np.float64), clip, axis=0)
    span = np.where(high > low, high - low, 1.0)
    with np.errstate(invalid="ignore"):
        scaled = np.clip((picture.astype(np.float32) - low) / span, 0, 1) * 255
    return np.where(shown[..., None], np.nan_to_num(scaled) + 0.5, 0).astype(np.uint8)
