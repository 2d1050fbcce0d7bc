"""The same picture twice: exactly, or all but."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from core.datasets.audit.facts import ImageSignature, Reading
from core.datasets.audit.problems import Problem
from core.datasets.recipes.fixes import Exclude

__all__ = ["duplicate_problems"]

# The likest two of the 2,016 pairs of the real Dubai set differ in 16 of the 64 bits, of generated
# scenes in 22; a picture and the same one saved again as JPEG, brighter, or smaller, in up to 6.
_BITS = 10
_ALIKE = 0.95  # least correlation of the two small grey pictures
_CHUNK = 1024


def duplicate_problems(
    readings: Sequence[Reading], overlapping: Collection[tuple[str, str]]
) -> Iterator[Problem]:
    """Images of which there is another.

    Images without content are left out: water and fog all look alike. So are images that overlap
    by their georeference: they are passes over one place, and told as such.

    Args:
        readings: of all samples.
        overlapping: pairs of ids, in either order.
    """
    compared = [
        (r.facts.id, r.facts.scene, r.signature)
        for r in readings
        if r.signature is not None and r.signature.content
    ]
    apart = {frozenset(pair) for pair in overlapping}
    first: dict[str, tuple[str, str, ImageSignature]] = {}
    exact: dict[str, str] = {}
    for its in compared:
        original = first.setdefault(its[2].digest, its)
        if original is not its:
            exact[its[0]] = original[0]
            yield _exact(original, its)
    singles = [its for its in compared if its[0] not in exact]
    reported: set[str] = set()
    for one, other, bits in _likely(singles):
        # Of many alike, each is reported once, beside the first of them.
        if other[0] in reported or frozenset((one[0], other[0])) in apart:
            continue
        if _correlation(one[2], other[2]) >= _ALIKE:
            reported.add(other[0])
            yield _near(one, other, bits)


def _exact(one: tuple[str, str, ImageSignature], other: tuple[str, str, ImageSignature]) -> Problem:
    differ = bool(one[2].labels and other[2].labels and one[2].labels != other[2].labels)
    scenes = "" if one[1] == other[1] else f", in the scenes {one[1]} and {other[1]}"
    return Problem(
        "duplicate",
        other[0],
        f"the same pixels as {one[0]}{scenes}" + (", with another mask" if differ else ""),
        "warning",
        (
            "see which mask is right, and exclude the other sample"
            if differ
            else "exclude one of the two: it counts twice, and may be trained on and tested with"
        ),
        (Exclude(other[0]), Exclude(one[0])),
        other=one[0],
    )


def _near(
    one: tuple[str, str, ImageSignature], other: tuple[str, str, ImageSignature], bits: int
) -> Problem:
    scenes = "" if one[1] == other[1] else f", in the scenes {one[1]} and {other[1]}"
    return Problem(
        "near-duplicate",
        other[0],
        f"all but the same picture as {one[0]}{scenes} (perceptual hashes differ in {bits} of 64 "
        "bits)",
        "warning",
        "compare them; exclude one if they show the same: it counts twice, and may be trained on "
        "and tested with",
        (Exclude(other[0]), Exclude(one[0])),
        other=one[0],
    )


def _likely(
    singles: Sequence[tuple[str, str, ImageSignature]],
) -> Iterator[tuple[tuple[str, str, ImageSignature], tuple[str, str, ImageSignature], int]]:
    """Pairs whose hashes are close, each once, the earlier sample first."""
    hashes = np.array([its[2].hash for its in singles], np.uint64)
    for start in range(0, len(hashes), _CHUNK):
        part = hashes[start : start + _CHUNK]
        differing = np.bitwise_count(part[:, None] ^ hashes[start:])
        for row, column in np.argwhere(differing <= _BITS):
            if column > row:
                yield singles[start + row], singles[start + column], int(differing[row, column])


def _correlation(one: ImageSignature, other: ImageSignature) -> float:
    a, b = one.small - one.small.mean(), other.small - other.small.mean()
    return float((a * b).sum() / np.sqrt(np.square(a).sum() * np.square(b).sum()))
