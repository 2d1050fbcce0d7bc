"""The results of a finished evaluation: scores and intervals from its counts, and how they read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from core.evaluation.analysis import Analysis
from core.evaluation.confusion import Scores, scores
from core.evaluation.intervals import ScoreIntervals, bootstrap_scores
from core.evaluation.kept.record import EvaluationRecord
from core.evaluation.kept.store import KeptEvaluation
from core.formats import MISSING, counted, score

__all__ = ["OpenEvaluation", "Unit", "ends_of", "open_results", "with_interval"]

Unit = Literal["Scenes", "Samples"]
"""What is drawn again for intervals."""

_FEW = 8  # scenes: with fewer the interval over them is far too narrow


@dataclass(frozen=True)
class OpenEvaluation:
    """A finished evaluation with its counts; shared by sessions, so never written to."""

    kept: KeptEvaluation
    record: EvaluationRecord
    analysis: Analysis

    @property
    def names(self) -> tuple[str, ...]:
        return self.record.classes.names

    @cached_property
    def matrix(self) -> np.ndarray:
        return self.analysis.matrix()

    @cached_property
    def scores(self) -> Scores:
        return scores(self.matrix)

    @cached_property
    def counts(self) -> np.ndarray:
        """(S, 3, K) int64: of every sample the right, true and predicted pixels by class."""
        return self.analysis.counts()

    @cached_property
    def sample_scores(self) -> tuple[Scores, ...]:
        """Of every sample alone."""
        return tuple(scores(self.analysis.matrix([n])) for n in range(len(self.analysis)))

    def groups(self, unit: Unit) -> list[list[int]]:
        """The numbers of the samples of each unit."""
        if unit == "Scenes":
            return list(self.record.groups().values())
        return [[number] for number in range(len(self.record.samples))]

    @property
    def usual_unit(self) -> Unit:
        """Scenes, where there are enough of them: samples of one scene are alike."""
        return "Scenes" if len(self.record.groups()) >= _FEW else "Samples"

    @cached_property
    def _made(self) -> dict[tuple[str, Unit], ScoreIntervals | None]:
        """Intervals that were computed already."""
        return {}

    def intervals(self, unit: Unit) -> ScoreIntervals | None:
        """Bootstrap intervals of the scores; None with a single unit."""
        if ("scores", unit) not in self._made:
            counts = self.analysis.counts(self.groups(unit))
            self._made["scores", unit] = bootstrap_scores(counts) if len(counts) > 1 else None
        return self._made["scores", unit]

    def edge_intervals(self, unit: Unit) -> ScoreIntervals | None:
        """The same of boundary IoU, as ``iou`` and ``mean_iou``."""
        if ("edges", unit) not in self._made:
            shared, either = np.moveaxis(self.analysis.edges(self.groups(unit)), 1, 0)
            counts = np.stack([shared, either, shared], axis=1)
            self._made["edges", unit] = bootstrap_scores(counts) if len(counts) > 1 else None
        return self._made["edges", unit]

    def interval_text(self, unit: Unit) -> str:
        """Over what intervals are, and what to think of them."""
        scenes, samples = len(self.record.groups()), len(self.record.samples)
        count = scenes if unit == "Scenes" else samples
        word = unit[:-1].lower()
        if count < 2:
            return f"No intervals: there is one {word} alone."
        text = f"In brackets 95 % bootstrap intervals over {counted(count, word)}."
        if unit == "Samples" and scenes < samples:
            text += (
                f" They come from {counted(scenes, 'scene')}: samples of one scene are alike, so "
                "that the intervals are too narrow for new places."
            )
        elif count < _FEW:
            text += " With so few of them the intervals are too narrow."
        return text

    @cached_property
    def edge_ious(self) -> tuple[float | None, ...]:
        """Boundary IoU of each class; None where it has no outline."""
        shared, either = self.analysis.edges().sum(axis=0)
        return tuple(int(s) / int(e) if e else None for s, e in zip(shared, either, strict=True))

    @property
    def mean_edge_iou(self) -> float | None:
        """Mean boundary IoU of the classes that have an outline."""
        there = [iou for iou in self.edge_ious if iou is not None]
        return sum(there) / len(there) if there else None


def open_results(kept: KeptEvaluation) -> OpenEvaluation | None:
    """The results of an evaluation; None where its counts are not complete.

    Raises:
        WorkspaceError: it is damaged.
    """
    record, analysis = kept.record(), kept.analysis()
    if analysis is None or len(analysis) < len(record.samples):
        return None
    return OpenEvaluation(kept, record, analysis)


def ends_of(made: ScoreIntervals | None, name: str, at: int | None = None) -> tuple[float, float]:
    """The ends of an interval; NaN where there is none.

    Args:
        made: intervals, where there are some.
        name: of the score.
        at: label of the class, for a score by class.
    """
    if made is None:
        return float("nan"), float("nan")
    low, high = made.low[name], made.high[name]
    return (float(low), float(high)) if at is None else (float(low[at]), float(high[at]))


def with_interval(value: float | None, low: float, high: float) -> str:
    """A score and its interval: "0.612 (0.55–0.66)"; without one the score alone."""
    if value is None or np.isnan(value):
        return MISSING
    return score(value) if np.isnan(low) else f"{score(value)} ({low:.2f}–{high:.2f})"
