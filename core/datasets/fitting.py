"""A normalisation's numbers, from the training split alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.datasets.crops import LabelledImage, band_statistics
from core.datasets.recipe import Recipe
from core.errors import ConfigError
from core.imagery.normalise import IMAGENET_MEAN, IMAGENET_STD, Normalisation

__all__ = ["DECIBEL_LIMITS", "PERCENTILES", "fitted"]

PERCENTILES = (1.0, 99.0)
DECIBEL_LIMITS = (-30.0, 5.0)
"""Of radar backscatter: noise floor to bright corners of buildings, roughly."""

_SAMPLED = 4_000_000  # values a band that percentiles of other types than 8 and 16 bit come from


def fitted(recipe: Recipe, images: Sequence[LabelledImage]) -> Normalisation:
    """The normalisation a recipe asks for, with the numbers of these images.

    Args:
        recipe: its `normalisation` and `clip`.
        images: the training split, all of the same bands and type; only pixels with data count.

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
    lows, highs = zip(*(_percentiles(images, band, limits) for band in range(bands)), strict=True)
    return Normalisation(kind=kind, divisor=1.0, low=lows, high=highs)


def _percentiles(
    images: Sequence[LabelledImage], band: int, limits: tuple[float, float]
) -> tuple[float, float]:
    """Two percentiles of a band's values with data; a constant band gets a span of 1.

    Exact for 8 and 16 bit; of other types at most 4 million values, evenly spread, are used,
    except for the very least and greatest, which are exact.
    """
    if limits == (0.0, 100.0):
        ends = [
            (float(seen.min()), float(seen.max()))
            for image in images
            if (seen := image.pixels[..., band][image.valid]).size
        ]
        low = min((e[0] for e in ends), default=0.0)
        high = max((e[1] for e in ends), default=1.0)
    elif images[0].pixels.dtype in (np.uint8, np.uint16):
        top = int(np.iinfo(images[0].pixels.dtype).max)
        counts = np.zeros(top + 1, np.int64)
        for image in images:
            counts += np.bincount(image.pixels[..., band][image.valid], minlength=top + 1)
        below = np.cumsum(counts)
        low, high = (
            float(np.searchsorted(below, max(1, below[-1] * limit / 100))) for limit in limits
        )
    else:
        step = max(1, sum(image.valid.size for image in images) // _SAMPLED)
        seen = np.concatenate([image.pixels[..., band][image.valid][::step] for image in images])
        found = np.percentile(seen.astype(np.float64), limits) if seen.size else (0.0, 1.0)
        low, high = float(found[0]), float(found[1])
    return low, high if high > low else low + 1.0
