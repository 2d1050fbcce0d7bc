"""Failure slices: kinds of samples on which a model is worse than on the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from core.evaluation.analysis import TRAITS
from core.evaluation.intervals import score_table
from core.evaluation.kept.results import OpenEvaluation
from core.evaluation.zones import IMAGE_EDGE

__all__ = ["LEAST_SAMPLES", "Slice", "failure_slices"]

LEAST_SAMPLES = 4
"""Samples that a slice has at least, and that are not in it."""

_MOST_SCENES = 50
_AT_ONCE = 2_000_000  # numbers drawn at once
_WORDS = {
    "brightness": ("Dark images", "Bright images"),
    "contrast": ("Little contrast", "Much contrast"),
    "near edges": ("Few edges", "Many edges"),
    "object size": ("Small objects", "Large objects"),
}


@dataclass(frozen=True)
class Slice:
    """A kind of samples, or of pixels within samples.

    Attributes:
        name: what they have in common.
        samples: numbers of the samples, or of those that have such pixels.
        score: of these, over their pixels pooled.
        others: of all the others.
        p_value: of a difference as large by chance, corrected for the number of slices.
    """

    name: str
    samples: tuple[int, ...]
    score: float
    others: float
    p_value: float

    @property
    def effect(self) -> float:
        """How much the score of these is above that of the others."""
        return self.score - self.others


class _Members(NamedTuple):
    name: str
    rest: str  # what the others are called; empty where they are only the others
    chosen: np.ndarray  # (S,) bool


class _Score(NamedTuple):
    """A score of pooled counts."""

    counts: np.ndarray  # (S, 3, K)
    name: str
    label: int | None

    def of(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of slices (R, S) bool and of their others, each (R,)."""
        own = np.tensordot(chosen.astype(np.float64), self.counts, 1)
        return self.pooled(own), self.pooled(self.counts.sum(axis=0) - own)

    def pooled(self, pooled: np.ndarray) -> np.ndarray:
        """Of counts (R, 3, K), (R,)."""
        values = score_table(pooled[:, 0], pooled[:, 1], pooled[:, 2])[self.name]
        return values if self.label is None else values[:, self.label]


def failure_slices(
    opened: OpenEvaluation,
    score: str = "pixel_accuracy",
    label: int | None = None,
    *,
    permutations: int = 2_000,
    seed: int = 0,
) -> list[Slice]:
    """Slices by brightness, contrast, edges, shadow, size of objects, share of each class, and
    scene; and of pixels in shadow, near the image's edge and near borders of classes.

    Each trait divides the samples at its median, and the half with the lower score is the slice.
    The p-value is the share of random slices of as many samples whose score differs as much from
    the others' (a permutation test, with the slice itself as one of them), corrected by the method
    of Holm (1979) for all slices. Samples of one scene are alike, and count as if they were not:
    with few scenes the p-values are too small. Pixels are compared with the others of their own
    sample: the p-value is the share of random signs of the samples' differences whose mean is as
    far from 0 (a sign-flip test).

    Args:
        opened: the evaluation.
        score: ``pixel_accuracy`` or ``mean_iou``; with a label ``iou``, ``recall`` and the like.
        label: class of the score.
        permutations: random slices.
        seed: of NumPy's default generator.

    Returns:
        The slices, the surest first; none with fewer than twice `LEAST_SAMPLES` samples.
    """
    measure = _Score(opened.counts.astype(np.float64), score, label)
    members = list(_members(opened))
    if not members:
        return []
    slices, chances = [], []
    for name, numbers, inside, outside, p_value in _zone_slices(
        opened, measure, permutations, seed
    ):
        slices.append((name, numbers, inside, outside))
        chances.append(p_value)
    own, others = measure.of(np.stack([each.chosen for each in members]))
    sizes = {int(each.chosen.sum()) for each in members}
    random = _random_effects(measure, sizes, permutations, seed)
    for each, inside, outside in zip(members, own.tolist(), others.tolist(), strict=True):
        effect = inside - outside
        if np.isnan(effect):
            continue
        drawn = random[int(each.chosen.sum())]
        drawn = drawn[~np.isnan(drawn)]
        as_large = int((np.abs(drawn) >= abs(effect) - 1e-12).sum())
        chances.append((1 + as_large) / (1 + len(drawn)))
        name, chosen = each.name, each.chosen
        if effect > 0 and each.rest:
            name, chosen, inside, outside = each.rest, ~chosen, outside, inside
        slices.append((name, tuple(np.flatnonzero(chosen).tolist()), inside, outside))
    made = [Slice(*parts, p) for parts, p in zip(slices, _holm(chances), strict=True)]
    return sorted(made, key=lambda each: (each.p_value, each.effect))


def _members(opened: OpenEvaluation) -> Iterator[_Members]:
    count = len(opened.record.samples)
    traits = opened.analysis.traits()
    for at, trait in enumerate(TRAITS):
        yield from _halves(traits[:, at], *_WORDS[trait])
    true = opened.counts[:, 1].astype(np.float64)
    zones = opened.analysis.zones()
    if zones is not None and zones[:, 0, 1].any():
        with np.errstate(invalid="ignore"):
            shadow = zones[:, 0, 1].sum(axis=1) / true.sum(axis=1)
        yield from _halves(shadow, "Little shadow", "Much shadow")
    with np.errstate(invalid="ignore"):
        shares = true / true.sum(axis=1, keepdims=True)
    for label, name in enumerate(opened.names):
        yield from _halves(shares[:, label], f"Little {name}", f"Much {name}")
    for scene, numbers in list(opened.record.groups().items())[:_MOST_SCENES]:
        if LEAST_SAMPLES <= len(numbers) <= count - LEAST_SAMPLES:
            chosen = np.zeros(count, bool)
            chosen[numbers] = True
            yield _Members(f"Scene {scene}", "", chosen)


def _zone_slices(
    opened: OpenEvaluation, measure: _Score, permutations: int, seed: int
) -> Iterator[tuple[str, tuple[int, ...], float, float, float]]:
    """Name, samples, both scores and p-value of pixels of a kind, the lower score being named."""
    zones = opened.analysis.zones()
    if zones is None:
        return
    within = f"{opened.analysis.distance:g} px"
    words = (
        ("Pixels in shadow", "Pixels outside of shadow"),
        (f"Within {IMAGE_EDGE} px of the image's edge", f"Beyond {IMAGE_EDGE} px of it"),
        (f"Within {within} of a class border", f"Beyond {within} of class borders"),
    )
    rng = np.random.default_rng(seed)
    for at, (name, rest) in enumerate(words):
        own = zones[:, at].astype(np.float64)
        others = measure.counts - own
        both = (own[:, 1].sum(axis=1) > 0) & (others[:, 1].sum(axis=1) > 0)
        differences = measure.pooled(own[both]) - measure.pooled(others[both])
        differences = differences[~np.isnan(differences)]
        if len(differences) < 2 * LEAST_SAMPLES:
            continue
        inside, outside = (
            float(measure.pooled(c[both].sum(axis=0)[None])[0]) for c in (own, others)
        )
        signs = rng.integers(0, 2, (permutations, len(differences))) * 2 - 1
        drawn = np.abs((signs * differences).mean(axis=1))
        as_large = int((drawn >= abs(differences.mean()) - 1e-12).sum())
        numbers = tuple(np.flatnonzero(both).tolist())
        p_value = (1 + as_large) / (1 + permutations)
        if inside > outside:
            name, inside, outside = rest, outside, inside
        yield name, numbers, inside, outside, p_value


def _halves(values: np.ndarray, less: str, more: str) -> Iterator[_Members]:
    if np.isnan(values).any() or not len(values):
        return  # a sample without a labelled pixel is on neither side
    above = values > np.median(values)
    if min(int(above.sum()), int((~above).sum())) >= LEAST_SAMPLES:
        yield _Members(more, less, above)


def _random_effects(
    measure: _Score, sizes: set[int], permutations: int, seed: int
) -> dict[int, np.ndarray]:
    """Differences of random slices from their others, by their number of samples."""
    rng = np.random.default_rng(seed)
    samples = len(measure.counts)
    rows = max(1, _AT_ONCE // max(samples, measure.counts[0].size))
    effects: dict[int, list[np.ndarray]] = {size: [] for size in sizes}
    for start in range(0, permutations, rows):
        order = rng.random((min(rows, permutations - start), samples))
        rank = order.argsort(axis=1).argsort(axis=1)
        for size, drawn in effects.items():
            own, others = measure.of(rank < size)
            drawn.append(own - others)
    return {size: np.concatenate(drawn) for size, drawn in effects.items()}


def _holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number (Holm 1979)."""
    order = np.argsort(p_values, kind="stable")
    corrected, least = [0.0] * len(p_values), 0.0
    for rank, at in enumerate(order.tolist()):
        least = max(least, min(1.0, p_values[at] * (len(p_values) - rank)))
        corrected[at] = least
    return corrected
