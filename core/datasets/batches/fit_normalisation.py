"""A normalisation's numbers, from the training split alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.datasets.batches.labelled_image import LabelledImage, band_statistics
from core.datasets.recipes.recipe import Recipe
from core.errors import ConfigError
from core.imagery.normalise import IMAGENET_MEAN, IMAGENET_STD, Normalisation

__all__ = ["DECIBEL_LIMITS", "PERCENTILES", "fit_normalisation"]

PERCENTILES = (1.0, 99.0)
DECIBEL_LIMITS = (-30.0, 5.0)
"""Of radar backscatter: noise floor to bright corners of buildings, roughly."""

_VALUES = 4_000_000


def fit_normalisation(
    recipe: Recipe, images: Sequence[LabelledImage], *, most_values: int = _VALUES
) -> Normalisation:
    """The normalisation a recipe asks for, with the numbers of these images.

    Args:
        recipe: its `normalisation` and `clip`.
        images: the training split, all of the same bands and type; only pixels with data count.
        most_values: how many values a band percentiles come from, where the type is neither 8 nor
            16 bit.

    Raises:
        ConfigError: ImageNet's numbers for other than three bands, or complex values.
    """
    first = images[0].pixels
    if np.iscomplexobj(first):
        raise ConfigError(
            "the images hold complex values, and a network takes real ones",
            where=images[0].id,
            remedy="write their amplitude or intensity in dB to new files first",
        )
    kind = recipe.normalisation
    bands = first.shape[-1]
    whole = np.issubdtype(first.dtype, np.integer)
    divisor = float(np.iinfo(first.dtype).max) if whole else 1.0
    if kind == "unit":
        return Normalisation(kind=kind, divisor=divisor)
    if kind == "standard":
        mean, std = band_statistics(images, divisor)
        return Normalisation(kind=kind, divisor=divisor, mean=tuple(mean), std=tuple(std))
    if kind == "imagenet":
        if bands != 3:
            raise ConfigError(
                f"ImageNet's mean and deviation are for three bands, these images have {bands}",
                where=images[0].id,
                remedy="choose three bands in the recipe, or the normalisation standard",
            )
        return Normalisation(kind=kind, divisor=divisor, mean=IMAGENET_MEAN, std=IMAGENET_STD)
    if kind == "decibel":
        low, high = recipe.clip or DECIBEL_LIMITS
        return Normalisation(kind=kind, divisor=1.0, low=(low,) * bands, high=(high,) * bands)
    limits = (0.0, 100.0) if kind == "minmax" else recipe.clip or PERCENTILES
    lows, highs = zip(
        *(_percentiles(images, band, limits, most_values) for band in range(bands)), strict=True
    )
    return Normalisation(kind=kind, divisor=1.0, low=lows, high=highs)


def _percentiles(
    images: Sequence[LabelledImage], band: int, limits: tuple[float, float], most_values: int
) -> tuple[float, float]:
    """Two percentiles of a band's values with data; a constant band gets a span of 1.

    The least and the greatest value (0 and 100) are exact; so are all percentiles of 8 and 16 bit:
    the least value that so many per cent of the pixels do not exceed (NumPy's ``inverted_cdf``).
    Of other types about `most_values`, evenly spread, are used.
    """
    if images[0].pixels.dtype in (np.uint8, np.uint16):
        low, high = _of_counts(images, band, limits)
    else:
        low, high = _of_values(images, band, limits, most_values)
    return low, high if high > low else low + max(1.0, abs(low) * 1e-6)


def _of_counts(
    images: Sequence[LabelledImage], band: int, limits: tuple[float, float]
) -> tuple[float, float]:
    top = int(np.iinfo(images[0].pixels.dtype).max)
    counts = np.zeros(top + 1, np.int64)
    for image in images:
        counts += np.bincount(image.pixels[..., band][image.valid], minlength=top + 1)
    below = np.cumsum(counts)
    if not below[-1]:
        return 0.0, 1.0
    low, high = (np.searchsorted(below, max(1, below[-1] * limit / 100)) for limit in limits)
    return float(low), float(high)


def _of_values(
    images: Sequence[LabelledImage], band: int, limits: tuple[float, float], most_values: int
) -> tuple[float, float]:
    step = max(1, -(-sum(image.valid.size for image in images) // most_values))
    least, greatest = np.inf, -np.inf
    sampled = []
    for image in images:
        seen = image.pixels[..., band][image.valid]
        if seen.size:
            least, greatest = min(least, float(seen.min())), max(greatest, float(seen.max()))
            sampled.append(seen[::step])
    if not sampled:
        return 0.0, 1.0
    ends = {0.0: least, 100.0: greatest}
    inner = [limit for limit in limits if limit not in ends]
    if inner:
        values = np.concatenate(sampled).astype(np.float64)
        ends |= dict(zip(inner, np.percentile(values, inner), strict=True))
    low, high = (float(ends[limit]) for limit in limits)
    return low, high
