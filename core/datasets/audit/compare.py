"""Images that are unlike the others: bands, type, grid, values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from core.datasets.audit.facts import SampleFacts
from core.datasets.audit.problems import Problem
from core.datasets.recipes.fixes import Exclude
from core.formats import counted, short_number

__all__ = ["grid_differences", "mixed_bands", "outliers"]

_ENOUGH = 12  # images of one kind from which "unlike the others" means something
_FAR = 5.0  # robust deviations; the farthest of the real Dubai set is at 3, of the demo sets at 3.4
_FLOOR = 0.02  # least deviation, as a share of the value range: uniform sets have next to none
_MAD = 1.4826  # makes the median absolute deviation a standard deviation for normal values
_RESOLUTION = 0.02  # relative difference of pixel sizes from which they are told


def mixed_bands(facts: Sequence[SampleFacts]) -> Iterator[Problem]:
    """Images with other bands or another type than most: one model takes one kind."""
    yield from _other_order(facts)
    kinds = Counter((f.bands, f.dtype) for f in facts if f.bands)
    if len(kinds) < 2:
        return
    usual = kinds.most_common(1)[0][0]
    for its in facts:
        if its.bands and (its.bands, its.dtype) != usual:
            yield Problem(
                "mixed-bands",
                its.id,
                f"{counted(its.bands, 'band')} of {its.dtype}, most others {usual[0]} of "
                f"{usual[1]}",
                "error",
                "a model takes one kind of image: convert it, or exclude it in the recipe",
                (Exclude(its.id),),
            )


def _other_order(facts: Sequence[SampleFacts]) -> Iterator[Problem]:
    """Images whose files give their bands other names than most: blue first among red first."""
    named = [f for f in facts if any(f.named_bands)]
    orders = Counter((f.bands, f.named_bands) for f in named)
    for its in named:
        usual = next(names for (bands, names), _ in orders.most_common() if bands == its.bands)
        # A band without a name contradicts none.
        pairs = zip(its.named_bands, usual, strict=False)
        if any(one and other and one != other for one, other in pairs):
            yield Problem(
                "mixed-bands",
                its.id,
                f"the file calls its bands {_names(its.named_bands)}, most others {_names(usual)}",
                "warning",
                "bring its bands into the others' order (gdal_translate -b 3 -b 2 -b 1 …), correct "
                "their names if those are wrong, or exclude it in the recipe",
                (Exclude(its.id),),
            )


def _names(bands: Sequence[str]) -> str:
    return ", ".join(name or "(no name)" for name in bands)


def grid_differences(facts: Sequence[SampleFacts]) -> Iterator[Problem]:
    """Images in another reference system, or with another pixel size, than most."""
    located = [f for f in facts if f.pixel_size]
    if len(located) < 2:
        return
    usual = Counter(f.crs for f in located).most_common(1)[0][0]
    for its in facts:
        if not its.bands or its.crs == usual:
            continue
        has = f"is in {its.crs}" if its.crs else "has no georeference"
        yield Problem(
            "mixed-crs",
            its.id,
            f"the image {has}, most others are in {usual}",
            "info",
            "nothing for training; warp it to the others' system to lay them beside each other",
            (Exclude(its.id),),
        )
    # Degrees and metres do not compare: only within the usual system.
    alike = [f for f in located if f.crs == usual]
    size = np.array([f.pixel_size for f in alike])
    middle = np.median(size, axis=0)
    for its, away in zip(alike, np.abs(size / middle - 1).max(axis=1), strict=True):
        if away <= _RESOLUTION or its.pixel_size is None:
            continue
        yield Problem(
            "mixed-resolution",
            its.id,
            f"a pixel is {_size(its.pixel_size)} units of {its.crs}, "
            f"of most others {_size(middle)}",
            "warning",
            "resample it to the others' pixel size (gdalwarp -tr …), or exclude it: things look "
            "larger or smaller in it",
            (Exclude(its.id),),
        )


def _size(pixel: Sequence[float]) -> str:
    return f"{short_number(pixel[0], 4)} × {short_number(pixel[1], 4)}"


def outliers(facts: Sequence[SampleFacts], span: float) -> Iterator[Problem]:
    """Images whose brightness, contrast or colour is far from the others'.

    Robust deviations: distance from the median over the median absolute deviation (Iglewicz and
    Hoaglin 1993), of each band's mean and standard deviation and of each band's mean less that of
    all bands.

    Args:
        facts: of all samples; compared are those of the commonest bands and type.
        span: of the values in the dataset.
    """
    kinds = Counter((f.bands, f.dtype) for f in facts if f.band_mean)
    if not kinds:
        return
    usual = kinds.most_common(1)[0][0]
    alike = [f for f in facts if f.band_mean and (f.bands, f.dtype) == usual]
    if len(alike) < _ENOUGH:
        return
    means = np.array([f.band_mean for f in alike])
    spreads = np.array([f.band_std for f in alike])
    casts = means - means.mean(axis=1, keepdims=True)
    scores = {
        name: _deviations(values, _FLOOR * span)
        for name, values in (("brightness", means), ("contrast", spreads), ("colour", casts))
    }
    for index, its in enumerate(alike):
        name, (away, middle) = max(scores.items(), key=lambda item: float(item[1][0][index].max()))
        band = int(away[index].argmax())
        if away[index, band] < _FAR:
            continue
        value = {"brightness": means, "contrast": spreads, "colour": casts}[name][index, band]
        what = {
            "brightness": "mean",
            "contrast": "standard deviation",
            "colour": "mean less that of all bands",
        }[name]
        yield Problem(
            "outlier",
            its.id,
            f"{name} is unlike the others': the {what} of band {band + 1} is "
            f"{short_number(value, 4)}, its median over the images {short_number(middle[band], 4)} "
            f"({away[index, band]:.0f} times their usual distance)",
            "warning",
            "look at it: another sensor, season or scaling? Convert it, or exclude it",
            (Exclude(its.id),),
        )


def _deviations(values: np.ndarray, floor: float) -> tuple[np.ndarray, np.ndarray]:
    middle = np.median(values, axis=0)
    away = np.abs(values - middle)
    usual = np.maximum(_MAD * np.median(away, axis=0), floor)
    return away / usual, middle
