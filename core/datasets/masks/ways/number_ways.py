"""Ways to read one band as class numbers: from 0, from 1 with a void 0, in order of its values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from core.classes import VOID, ClassTable
from core.datasets.masks.ways.way import Trust, Way, background_first, meanings
from core.mask_coding import MaskCoding

__all__ = ["number_ways"]


def number_ways(
    counts: Mapping[float, int], classes: ClassTable, coding: MaskCoding | None
) -> Iterator[Way]:
    """Ways to read class numbers, the likeliest first.

    Args:
        counts: pixels of each value of the band.
        classes: the table.
        coding: how the masks of the model's training were written, None where not known.
    """
    from_one = _from_one(counts, classes)
    numbers = {index: index for index in range(len(classes))}
    title = "by class numbers from 0, 255 void"
    if len(classes) > 2 and set(counts) <= {0, VOID} and VOID in counts:
        title += ", though it holds 0 and 255 alone, as masks of two classes do"
    trust = _trust_in_zero(counts, classes, coding, rival=from_one is not None)
    yield Way(title, MaskCoding("index", values=numbers), trust)
    yield from _in_order(counts, classes)
    if from_one is not None:
        yield from_one


def _trust_in_zero(
    counts: Mapping[float, int], classes: ClassTable, coding: MaskCoding | None, *, rival: bool
) -> Trust:
    """How far to trust that the numbers count from 0.

    Args:
        counts, classes, coding: as for `number_ways`.
        rival: whether they may count from 1.
    """
    own = coding.values if coding is not None and coding.kind == "index" else {}
    if VOID in counts and own.get(VOID, VOID) != VOID:
        return "doubtful"  # in training 255 was a class
    if len(classes) <= 2:
        return "shown"
    seen = set(counts) - {VOID}
    # One value beside 0, or none, may mark any one class, unless 0 is there to be the rest.
    marked = 0 in counts and len(counts) <= 2
    if marked and not (background_first(classes) and VOID not in counts):
        return "doubtful"
    return "guess" if rival and seen != set(range(len(classes))) else "shown"


def _in_order(counts: Mapping[float, int], classes: ClassTable) -> Iterator[Way]:
    """As many values as classes, with 0 among them or void beside them."""
    listed = sorted(value for value in counts if value != VOID)
    if not listed or not _whole(listed) or listed == [*range(len(classes))]:
        return
    if len(listed) == len(classes):
        yield _ordered(listed, classes, zero_void=False)
    if listed[0] == 0 and len(listed) == len(classes) + 1 and VOID not in counts:
        yield _ordered(listed[1:], classes, zero_void=True)


def _ordered(listed: Sequence[float], classes: ClassTable, *, zero_void: bool) -> Way:
    values = {int(value): label for label, value in enumerate(listed)}
    title = "in the order of the values, "
    if zero_void:
        values[0] = VOID
        title += "0 void, "
        if listed == [*range(1, len(classes) + 1)]:
            title = "by class numbers from 1, 0 void, "
    # Of values with gaps of different width one may be a stray value and no class.
    regular = len({b - a for a, b in pairwise(listed)}) <= 1
    sure = regular and not (zero_void and background_first(classes))
    title += meanings(listed, classes.names)
    return Way(title, MaskCoding("index", values=values), "guess" if sure else "doubtful")


def _from_one(counts: Mapping[float, int], classes: ClassTable) -> Way | None:
    """The way that counts from 1, where the values allow it and it is not far-fetched."""
    size = len(classes)
    above = {value for value in counts if value not in (0, VOID)}
    if not above or not above <= set(range(1, size + 1)):
        return None
    background = background_first(classes)
    # Without the last number those from 0 explain all as well; then 0 is hardly void where 255
    # is there too, nor where the table has a class for the rest.
    if size not in above and (size == 2 or background or {0, VOID} <= set(counts)):
        return None
    listed = range(1, size + 1)
    values = {0: VOID} | {value: value - 1 for value in listed}
    title = "by class numbers from 1, 0 void, " + meanings(listed, classes.names)
    trust: Trust = "doubtful" if background and 0 in counts else "guess"
    return Way(title, MaskCoding("index", values=values), trust)


def _whole(listed: Sequence[float]) -> bool:
    return all(float(value).is_integer() for value in listed)
