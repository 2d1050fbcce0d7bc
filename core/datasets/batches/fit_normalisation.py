"""A normalisation's numbers, from the training split alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.datasets.batches.labelled_image import LabelledImage, band_statistics
from core.datasets.recipes.recipe import Recipe
from core.errors import ConfigError
from core.imagery.normalise import IMAGENET_MEAN, IMAGENET_STD, Normalisation

__all__ = ["PERCENTILES", "fit_normalisation", "value_range_warning"]

PERCENTILES = (1.0, 99.0)
"""Between which values lie that become 0 to 1, where a recipe names no limits."""

_UNUSED = 4  # a range of which less than one part in so many is used is a range for other data
_LARGEST = 99.9  # percentile that stands for the largest value: a few pixels may glare

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
    if kind == "decibel" and recipe.clip:
        low, high = recipe.clip
        return Normalisation(kind=kind, divisor=1.0, low=(low,) * bands, high=(high,) * bands)
    # Decibels have no range of their own: processors calibrate to -30…5 as well as to 0…92.
    limits = (0.0, 100.0) if kind == "minmax" else recipe.clip or PERCENTILES
    lows, highs = zip(
        *(_percentiles(images, band, limits, most_values) for band in range(bands)), strict=True
    )
    return Normalisation(kind=kind, divisor=1.0, low=lows, high=highs)


def value_range_warning(normalisation: Normalisation, images: Sequence[LabelledImage]) -> str:
    """Say so where values are divided by a range that they do not have.

    16-bit imagery of 11 or 12 bits, divided by 65,535, is nearly black to a network that expects
    values of 0 to 1, above all to one with pretrained weights; reflectance to 10,000 as
    floating-point numbers, not divided at all, is far too bright.

    Args:
        normalisation: as `fit_normalisation` gives it.
        images: some of the training split.

    Returns:
        A sentence without a full stop; empty where the range is used.
    """
    pixels = images[0].pixels
    if normalisation.bounded or normalisation.kind == "standard" or pixels.dtype == np.uint8:
        return ""
    largest = max(_of_values(images, band, (0, _LARGEST), _VALUES)[1] for band in _bands(pixels))
    share = largest / normalisation.divisor
    if np.issubdtype(pixels.dtype, np.integer):
        wrong, seen = share < 1 / _UNUSED, "nearly black"
    else:
        wrong, seen = share > _UNUSED, "far too bright"
    if not wrong:
        return ""
    divided = f", divided by {normalisation.divisor:,.0f}" if normalisation.divisor != 1 else ""
    return (
        f"the values of the images reach about {largest:,.0f}{divided}: with the normalisation "
        f"{normalisation.kind} they are {seen} to a network that expects 0 to 1; choose the "
        "normalisation percentile"
    )


def _bands(pixels: np.ndarray) -> range:
    return range(pixels.shape[-1])


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
