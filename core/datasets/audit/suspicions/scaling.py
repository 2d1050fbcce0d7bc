"""Values in other units than the rest: two scalings, factors that differ, linear power."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence, Set

import numpy as np

from core.datasets.audit.facts import SampleFacts
from core.datasets.audit.image_statistics import ImageStatistics
from core.datasets.audit.problems import Problem
from core.datasets.recipes.fixes import Action, Exclude, ExcludeGroup
from core.formats import counted, listed_first, short_number

__all__ = ["linear_power", "looks_like_power", "scaling_problems"]

_Group = tuple[Sequence[SampleFacts], float]  # images, and the median of their means
_APART = 20.0  # factor between the means of two groups from which they are of two scalings
_DECIBEL = (-60.0, -3.0)  # between these lie the means of radar images in decibel
_TAIL = 20.0  # greatest value over median from which radar is power, not decibel
_FILLED = 0.005  # share of the pixels
_SPECKLE = 0.9  # deviation over mean: 1 for the power of a single look, next to 0 for decibel


def scaling_problems(
    facts: Sequence[SampleFacts], odd: Set[str] = frozenset()
) -> Iterator[Problem]:
    """Images that fall into two groups by their values, or by the factors their files give.

    Args:
        facts: of all samples.
        odd: ids of those whose values say nothing of their scaling, such as empty images.
    """
    yield from _declared(facts)
    seen = [f for f in facts if f.band_mean and f.id not in odd]
    yield from _decibel(seen) or _groups(seen)


def _declared(facts: Sequence[SampleFacts]) -> Iterator[Problem]:
    kinds = Counter(f.scaling for f in facts if f.bands)
    if len(kinds) < 2:
        return
    words = [f"{_words(scaling)} ({n:,} images)" for scaling, n in kinds.most_common(3)]
    plain = () in kinds
    yield Problem(
        "mixed-scaling",
        "",
        "the files give different factors and offsets for their values: " + ", ".join(words),
        "warning" if plain else "info",
        "factors are applied in reading, so files without them hold other units: give them theirs "
        "(gdal_edit.py -scale … -offset …), or train on one kind"
        if plain
        else "they are applied in reading, so that all images hold the same units; a model takes "
        "images with such factors, or in those units",
    )


def _words(scaling: tuple[tuple[float, float], ...]) -> str:
    if not scaling:
        return "none"
    factors = {f"{factor:g}" for factor, _ in scaling}
    offsets = {f"{offset:g}" for _, offset in scaling}
    return f"factor {', '.join(sorted(factors))} and offset {', '.join(sorted(offsets))}"


def _decibel(seen: Sequence[SampleFacts]) -> list[Problem]:
    """Radar in decibel, which lies below 0, beside its power, which lies between 0 and 1."""
    low = [f for f in seen if max(f.band_mean) < 0]
    high = [f for f in seen if min(f.band_mean) > 0]
    if not low or not high or len(low) + len(high) < len(seen):
        return []
    decibel, power = (np.median([np.mean(f.band_mean) for f in group]) for group in (low, high))
    # Values scaled to -1 … 1, or to mean 0 and deviation 1, and heights below the sea are others.
    if not _DECIBEL[0] <= decibel <= _DECIBEL[1] or max(np.mean(f.band_mean) for f in high) >= 1:
        return []
    few = min(low, high, key=len)
    groups = (low, float(decibel)), (high, float(power))
    return [
        _mixed(
            few if len(few) == 1 < len(seen) - 1 else (),
            f"decibel beside linear power: {_in_words(groups)}",
            "bring all to decibel (10 log10, gdal_calc.py), or exclude one of the groups",
            groups,
        )
    ]


def _groups(seen: Sequence[SampleFacts]) -> list[Problem]:
    """Two groups with nothing between: digital numbers beside reflectance."""
    # Heights, and decibels below 0, have no scale that a logarithm could compare.
    if len(seen) < 4 or min(min(f.band_mean) for f in seen) <= 0:
        return []
    level = np.log([np.mean(f.band_mean) for f in seen])
    order = np.argsort(level)
    steps = np.diff(level[order])
    at = int(steps.argmax())
    low, high = level[order[: at + 1]], level[order[at + 1 :]]
    within = max(float(np.ptp(low)), float(np.ptp(high)))
    if steps[at] < np.log(_APART) or steps[at] < 2 * within:
        return []
    middle = [float(np.exp(np.median(group))) for group in (low, high)]
    members = [seen[index] for index in order[: at + 1]], [seen[index] for index in order[at + 1 :]]
    groups = (members[1], middle[1]), (members[0], middle[0])
    if min(len(low), len(high)) == 1:
        last = len(high) == 1
        return [
            _mixed(
                [seen[order[-1 if last else 0]]],
                f"the image has a mean near {short_number(middle[last])}, all others near "
                f"{short_number(middle[not last])}: another scaling",
                _ONE_UNIT + "exclude it",
                groups,
            )
        ]
    return [
        _mixed(
            (),
            f"the images fall into two groups: {_in_words(groups)}: another scaling",
            _ONE_UNIT + "exclude one of the groups",
            groups,
        )
    ]


def _exclude(images: Sequence[SampleFacts], middle: float) -> Action:
    ids = sorted(image.id for image in images)
    if len(ids) == 1:
        return Exclude(ids[0])
    return ExcludeGroup(tuple(ids), f"with means near {short_number(middle)}")


_ONE_UNIT = (
    "bring all to one unit (reflectance is often numbers divided by 10,000: gdal_calc.py), or "
)


def _in_words(groups: Sequence[_Group]) -> str:
    """How many images a group has, which these are, and near what their means lie."""
    parts = []
    for images, middle in groups:
        names = listed_first(sorted(image.id for image in images))
        parts.append(
            f"{counted(len(images), 'image')} with means near {short_number(middle)} ({names})"
        )
    return "; ".join(parts)


def _mixed(
    which: Sequence[SampleFacts], detail: str, remedy: str, groups: Sequence[_Group]
) -> Problem:
    """A finding about one image, or about all where `which` is empty."""
    its = which[0].id if which else ""
    fixes: tuple[Action, ...] = (Exclude(its),)
    if not its:
        least = min(len(images) for images, _ in groups)
        # Of two equal groups either may be the one that is meant.
        fixes = tuple(_exclude(images, middle) for images, middle in groups if len(images) == least)
    return Problem("mixed-scaling", its, detail, "warning", remedy, fixes)


def looks_like_power(stats: ImageStatistics) -> bool:
    """Whether values look like radar power in linear units: positive, and mostly tail."""
    values = stats.values
    # A greatest value that stands in many pixels is a fill value, and no tail.
    filled = len(values) and (values == stats.high.astype(np.float32)).mean(axis=0).max() > _FILLED
    if not len(values) or filled or values.shape[1] > 4 or not (stats.low >= 0).all():
        return False
    middle = np.median(values, axis=0)
    if not (middle > 0).all() or not (stats.mean > 0).all():
        return False
    tails = (stats.high / middle >= _TAIL) & (stats.std / stats.mean >= _SPECKLE)
    return bool(tails.all())


def linear_power(power: Sequence[str], samples: int) -> Iterator[Problem]:
    """Most images look like linear power.

    Args:
        power: ids of the images that do.
        samples: number of images.
    """
    if len(power) < 2 or len(power) < 0.8 * samples:
        return
    yield Problem(
        "linear-power",
        "",
        f"the values of {len(power):,} images are positive with a long tail, as radar power in "
        "linear units is",
        "info",
        "if they are, convert them to decibel first (10 log10, gdal_calc.py): the normalisation "
        "in decibel takes decibel, and a network learns little from a tail",
    )
