"""Evaluations in the server's memory: chosen on the page, opened once, with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal

import numpy as np
import streamlit as st

from core.evaluation.analysis import Analysis
from core.evaluation.confusion import Scores, scores
from core.evaluation.intervals import ScoreIntervals, bootstrap_scores
from core.evaluation.kept.pictures import ScoredSample, open_scored
from core.evaluation.kept.plan import EvaluationPlan, plan_again
from core.evaluation.kept.record import EvaluationRecord
from core.evaluation.kept.store import KeptEvaluation, find_evaluation, list_evaluations
from core.formats import counted
from ui.shell.address import ask_for
from ui.shell.errors import show_error

__all__ = [
    "CHOSEN",
    "Listed",
    "OpenEvaluation",
    "Unit",
    "choose_evaluation",
    "dated",
    "open_evaluation",
    "scored_sample",
    "show_evaluation",
]

Unit = Literal["Scenes", "Samples"]
"""What is drawn again for intervals."""

CHOSEN = "evaluate.chosen"
"""Key of the box in which an evaluation is chosen."""

_FEW = 8  # scenes: with fewer the interval over them is far too narrow

Listed = Mapping[str, tuple[KeptEvaluation, EvaluationRecord]]
"""Evaluations by id."""


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

    def intervals(self, unit: Unit) -> ScoreIntervals | None:
        """Bootstrap intervals of the scores; None with a single unit."""
        groups = self.groups(unit)
        return bootstrap_scores(self.analysis.counts(groups)) if len(groups) > 1 else None

    def edge_intervals(self, unit: Unit) -> ScoreIntervals | None:
        """The same of boundary IoU, as ``iou`` and ``mean_iou``."""
        groups = self.groups(unit)
        if len(groups) < 2:
            return None
        shared, either = np.moveaxis(self.analysis.edges(groups), 1, 0)
        return bootstrap_scores(np.stack([shared, either, shared], axis=1))

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


def dated(record: EvaluationRecord) -> str:
    """An evaluation in a line, with when it was made (UTC)."""
    made = datetime.fromtimestamp(record.made, UTC)
    words = "" if record.finished else ", not finished"
    return f"{record.title}, {made:%d %b %Y %H:%M}{words}"


def choose_evaluation() -> tuple[str, Listed]:
    """A select box of all evaluations; the choice stands in the address as ``evaluation``.

    Returns:
        The id that is chosen, empty where there is none, and all evaluations.
    """
    listed = list_evaluations(show_error)
    titles = {name: dated(record) for name, (_, record) in listed.items()}
    asked = ask_for("evaluation", titles, "evaluation", widget=CHOSEN)
    if not listed:
        return "", listed
    if asked:
        st.session_state[CHOSEN] = asked
    elif st.session_state.get(CHOSEN) not in listed:
        st.session_state[CHOSEN] = next(iter(listed))
    chosen: str = st.selectbox(
        "Evaluation",
        list(listed),
        format_func=titles.__getitem__,
        key=CHOSEN,
        persist_state="session",
    )
    st.query_params["evaluation"] = chosen
    return chosen, listed


def show_evaluation(evaluation: str) -> None:
    """Have the next run of the page show this one."""
    st.session_state[CHOSEN] = evaluation


@st.cache_resource(max_entries=6, show_spinner="Opening the evaluation …")
def _opened(name: str, stamp: str) -> OpenEvaluation | None:
    kept = find_evaluation(name)
    record, analysis = kept.record(), kept.analysis()
    if analysis is None or len(analysis) < len(record.samples):
        return None
    return OpenEvaluation(kept, record, analysis)


def open_evaluation(kept: KeptEvaluation) -> OpenEvaluation | None:
    """A finished evaluation; None where its counts are not complete.

    Raises:
        WorkspaceError: it is damaged.
    """
    return _opened(kept.id, _stamp(kept))


def _stamp(kept: KeptEvaluation) -> str:
    files: Sequence[str] = ("evaluation.json", "counts.npz")
    stamps = [
        (path.stat().st_mtime_ns, path.stat().st_size) if path.is_file() else None
        for path in (kept.folder / file for file in files)
    ]
    return f"{kept.folder} {stamps}"


@st.cache_resource(max_entries=4, ttl=60, show_spinner="Listing the dataset …")
def _plan(name: str, stamp: str) -> EvaluationPlan:
    return plan_again(find_evaluation(name))


@st.cache_resource(max_entries=4, ttl=600, show_spinner="Reading the sample …")
def _scored(name: str, stamp: str, number: int) -> ScoredSample:
    kept = find_evaluation(name)
    return open_scored(kept, _plan(name, stamp), number)


def scored_sample(opened: OpenEvaluation, number: int) -> ScoredSample:
    """A sample with truth and prediction.

    Raises:
        DatasetError: it, or the dataset, has gone or has changed since.
        ImageError: a file cannot be read.
        WorkspaceError: its prediction is missing or damaged.
    """
    return _scored(opened.kept.id, _stamp(opened.kept), number)
