"""Any image as 8-bit RGB for the screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = [
    "CLIP",
    "Bands",
    "Stretch",
    "bands_of",
    "default_bands",
    "presets",
    "stretch_limits",
    "stretch_of",
    "to_rgb",
]

_SAMPLE = 512  # percentiles are taken from a grid of at most this many pixels a side

Bands = tuple[int, int, int]
"""Bands shown as red, green and blue, counted from 0."""

CLIP = (1.0, 99.0)
"""Percentiles between which images of other than 8 bit are stretched."""


def default_bands(count: int, dtype: str, named: Sequence[str] = ()) -> Bands:
    """The bands that show an image best, as far as its file, their number and type tell.

    Those that the file calls red, green and blue, where it does. One or two: the first, grey.
    Eight are WorldView's, ten to thirteen Sentinel-2's: natural colour. Four of float32 are the
    polarisations of SpaceNet 6's radar. Otherwise the first three.
    """
    return next(iter(presets(count, dtype, named).values()))


def bands_of(pixels: np.ndarray, named: Sequence[str]) -> Bands:
    """`default_bands` of an image in memory.

    Args:
        pixels: (H, W, C).
        named: what its file calls its bands, see `Header.named_bands`.
    """
    return default_bands(pixels.shape[-1], str(pixels.dtype), named)


def presets(count: int, dtype: str, named: Sequence[str] = ()) -> dict[str, Bands]:
    """Usual choices of bands for an image of so many, by name; the first is the default.

    Args:
        count, dtype: of the image.
        named: what its file calls its bands, see `Header.named_bands`; empty where it does not.

    The orders are those of the products: PS-RGBNIR of SpaceNet (R, G, B, NIR), PlanetScope and
    Pléiades (B, G, R, NIR), WorldView-2 (coastal, blue, green, yellow, red, red edge, NIR 1,
    NIR 2), Sentinel-2 L1C and L2A (B1, B2, B3, B4 …; with ten bands B2, B3, B4 …) and SpaceNet 6's
    SAR (HH, HV, VH, VV).
    """
    usual = _usual(count, dtype)
    place = {name: band for band, name in reversed(list(enumerate(named[:count]))) if name}
    by_name: dict[str, Bands] = {}
    if {"red", "green", "blue"} <= place.keys():
        by_name["Natural colour (as the file names its bands)"] = (
            place["red"],
            place["green"],
            place["blue"],
        )
        if "nir" in place:
            by_name["Near infrared (as the file names its bands)"] = (
                place["nir"],
                place["red"],
                place["green"],
            )
    same = set(by_name.values())
    return by_name | {text: bands for text, bands in usual.items() if bands not in same}


def _usual(count: int, dtype: str) -> dict[str, Bands]:
    if count < 3:
        return {f"Band {band + 1}, grey": (band,) * 3 for band in range(count)}
    if count == 4:
        optical: dict[str, Bands] = {
            "Natural colour (bands R, G, B, NIR)": (0, 1, 2),
            "Natural colour (bands B, G, R, NIR)": (2, 1, 0),
            "Near infrared (bands R, G, B, NIR)": (3, 0, 1),
            "Near infrared (bands B, G, R, NIR)": (3, 2, 1),
        }
        if np.dtype(dtype).kind not in "fc":
            return optical
        radar: dict[str, Bands] = {"SAR: HH, VV, HV (bands HH, HV, VH, VV)": (0, 3, 1)}
        return radar | optical if np.dtype(dtype) == np.float32 else optical | radar
    if count == 8:
        return {"Natural colour (WorldView)": (4, 2, 1), "Near infrared (WorldView)": (6, 4, 2)}
    if count == 10:
        return {"Natural colour (Sentinel-2)": (2, 1, 0), "Near infrared (Sentinel-2)": (6, 2, 1)}
    if 11 <= count <= 13:
        return {"Natural colour (Sentinel-2)": (3, 2, 1), "Near infrared (Sentinel-2)": (7, 3, 2)}
    return {"First three bands": (0, 1, 2)}


@dataclass(frozen=True)
class Stretch:
    """How an image of any depth is shown as 8-bit RGB, the same for each part of it.

    Attributes:
        bands: indices shown as red, green, blue.
        limits: of each the value that becomes 0 and the one that becomes 255, (3,) float32 each,
            equal for a constant band, which is medium grey; None for an image of 8 bit that is
            shown as it is, and for one without a valid pixel, which is black.
        plain: whether it is shown as it is.
        decibel: as of `to_rgb`.
    """

    bands: Bands
    limits: tuple[np.ndarray, np.ndarray] | None
    plain: bool = False
    decibel: bool = False

    def rgb(self, pixels: np.ndarray, valid: np.ndarray | None = None) -> np.ndarray:
        """A part of the image for the screen.

        Args:
            pixels: (h, w, C) of it.
            valid: (h, w) bool; where the image is stretched, other pixels come out black.

        Returns:
            (h, w, 3) uint8.
        """
        picture = _real(pixels[..., list(self.bands)], self.decibel)
        if self.plain:
            return np.ascontiguousarray(picture)
        if self.limits is None:
            return np.zeros(picture.shape, np.uint8)
        low, high = self.limits
        shown = np.isfinite(picture).all(axis=-1)
        if valid is not None:
            shown &= valid
        with np.errstate(invalid="ignore", over="ignore"):
            scaled = np.clip((picture - low) / np.where(high > low, high - low, 1), 0, 1)
        scaled = np.where(high > low, scaled, np.float32(0.5)) * 255
        return np.where(shown[..., None], np.nan_to_num(scaled) + 0.5, 0).astype(np.uint8)


def stretch_of(
    pixels: np.ndarray,
    valid: np.ndarray | None = None,
    *,
    bands: Bands | None = None,
    clip: tuple[float, float] | None = None,
    decibel: bool = False,
) -> Stretch:
    """The stretch of `to_rgb`, from an image or one made smaller; its arguments."""
    chosen = bands or default_bands(pixels.shape[-1], str(pixels.dtype))
    if clip is None and not decibel and pixels.dtype in (np.bool_, np.uint8):
        return Stretch(chosen, None, plain=True)
    picture = _real(pixels[..., list(chosen)], decibel)
    shown = np.isfinite(picture).all(axis=-1)
    if valid is not None:
        shown &= valid
    limits = stretch_limits(picture, shown, clip or CLIP) if shown.any() else None
    return Stretch(chosen, limits, decibel=decibel)


def _real(picture: np.ndarray, decibel: bool) -> np.ndarray:
    """Amplitudes of complex numbers, 255 for True, and decibel where they are asked for."""
    if np.iscomplexobj(picture):
        picture = np.abs(picture)
        picture = picture * picture if decibel else picture
    if picture.dtype == np.bool_:
        picture = picture.astype(np.uint8) * 255
    if decibel:
        with np.errstate(divide="ignore", invalid="ignore"):
            picture = 10 * np.log10(picture.astype(np.float32))
    return picture


def to_rgb(
    pixels: np.ndarray,
    valid: np.ndarray | None = None,
    *,
    bands: Bands | None = None,
    clip: tuple[float, float] | None = None,
    decibel: bool = False,
) -> np.ndarray:
    """Show an image of any depth as 8-bit RGB.

    8-bit images are shown as they are; everything else is stretched band by band between two
    percentiles of its valid pixels, so that 16-bit and float images are never black. Where the two
    are one value, as in a band that is 0 nearly everywhere, the least and greatest are taken; a
    constant band is medium grey. Complex values are shown by their amplitude.

    Args:
        pixels: (H, W, C) of any numeric dtype.
        valid: (H, W) bool; pixels without data do not count for the percentiles and, where
            the image is stretched, come out black.
        bands: indices shown as red, green, blue; by default `default_bands`.
        clip: lower and upper percentile; 8-bit images are stretched too where it is given.
        decibel: show intensities I as 10 log10 I dB, complex amplitudes A as 20 log10 A dB; what
            is not positive has no data then.

    Returns:
        (H, W, 3) uint8.
    """
    return stretch_of(pixels, valid, bands=bands, clip=clip, decibel=decibel).rgb(pixels, valid)


def stretch_limits(
    picture: np.ndarray, shown: np.ndarray, clip: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """The values of each band that become 0 and 255.

    Args:
        picture: (H, W, C), real values.
        shown: (H, W) bool, the pixels that count; at least one.
        clip: lower and upper percentile, taken from a grid of at most about 512 pixels a side; of a
            band where the two are one value, its least and greatest.

    Returns:
        Low and high, (C,) float32 each; equal for a constant band.
    """
    step = (max(1, picture.shape[0] // _SAMPLE), max(1, picture.shape[1] // _SAMPLE))
    sample = picture[:: step[0], :: step[1]][shown[:: step[0], :: step[1]]]
    if sample.size == 0:  # few valid pixels, none of them on the grid
        sample = picture[shown]
    low, high = np.percentile(sample.astype(np.float64), clip, axis=0)
    for band in np.flatnonzero(~(high > low)):
        values = picture[..., band][shown]
        low[band], high[band] = values.min(), values.max()
    return low.astype(np.float32), high.astype(np.float32)
