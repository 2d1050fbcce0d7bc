"""Ways to read one band as two classes: two values, or soft ones between two ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from core.classes import VOID, ClassTable
from core.datasets.masks.soft_masks import soft_binary
from core.datasets.masks.values import count_areas
from core.datasets.masks.ways.way import Trust, Way
from core.mask_coding import MaskCoding

__all__ = ["binary_ways"]

_SEVERAL = 3  # values between two ends that smoothing may have made; fewer are values of their own


def binary_ways(
    band: np.ndarray, counts: Mapping[float, int], classes: ClassTable, coding: MaskCoding | None
) -> Iterator[Way]:
    """Ways to read a band as two classes, the likeliest first.

    Args:
        band: (H, W, 1), the mask.
        counts: pixels of each of its values.
        classes: the two classes.
        coding: how the masks of the model's training were written, None where not known.
    """
    if not counts:
        return
    own = _own_ends(coding)
    upper = sorted(value for value in counts if value > 0)
    top = soft_binary(counts, count_areas(band, dict(counts))) if len(counts) > 2 else 0.0
    if top:
        ends = {0: 0, int(top): 1}
        yield _at_half(own if set(own) == set(ends) else ends, classes, "shown")
    elif len(upper) == 1 and upper[0] != 1 and min(counts) >= 0 and float(upper[0]).is_integer():
        yield _two_values(int(upper[0]), 0 in counts, classes)
    else:
        ends = own or {0: 0, VOID: 1}
        # Values in between that are not clearly soft: a person may say that they are.
        within = (min(counts), max(counts)) == (min(ends), max(ends))
        if within and len(counts) - len(ends) >= _SEVERAL:
            yield _at_half(ends, classes, "doubtful")


def _two_values(value: int, with_zero: bool, classes: ClassTable) -> Way:
    """0 and another value; 255 alone may as well be void."""
    first, second = classes.names
    trust: Trust = "guess"
    if value == VOID:
        trust = "shown" if with_zero else "doubtful"
    title = f"so that 0 is {first} and {value} is {second}"
    return Way(title, MaskCoding("index", values={0: 0, value: 1}), trust)


def _own_ends(coding: MaskCoding | None) -> dict[int, int]:
    """Values and labels of the training's two classes; empty where nothing lies between them."""
    if coding is None or coding.kind != "index":
        return {}
    own = {value: label for value, label in coding.values.items() if label != VOID}
    apart = len(own) == 2 and max(own) - min(own) > 1
    return own if apart and len(set(own.values())) == 2 else {}


def _at_half(ends: Mapping[int, int], classes: ClassTable, trust: Trust) -> Way:
    low, high = sorted(ends)
    below, above = classes.names[ends[low]], classes.names[ends[high]]
    coding = MaskCoding("index", values=dict(ends), tolerance=(high - low) / 2)
    half = f"{below} below {(low + high) / 2:g}, {above} above"
    note = f"The mask holds soft values, as JPEG and smoothing make them: read at half, {half}."
    return Way(f"at half, {half}", coding, trust, note if trust == "shown" else "")
