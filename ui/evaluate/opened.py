"""Evaluations in the server's memory: chosen on the page, opened once, with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import streamlit as st

from core.evaluation.kept.pictures import ScoredSample, open_scored
from core.evaluation.kept.plan import EvaluationPlan, plan_again
from core.evaluation.kept.record import EvaluationRecord
from core.evaluation.kept.results import OpenEvaluation, open_results
from core.evaluation.kept.store import KeptEvaluation, find_evaluation, list_evaluations
from ui.shell.address import ask_for
from ui.shell.errors import show_error

__all__ = [
    "CHOSEN",
    "Listed",
    "choose_evaluation",
    "dated",
    "evaluation_plan",
    "open_evaluation",
    "scored_sample",
    "show_evaluation",
]

CHOSEN = "evaluate.chosen"
"""Key of the box in which an evaluation is chosen."""


Listed = Mapping[str, tuple[KeptEvaluation, EvaluationRecord]]
"""Evaluations by id."""


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
    return open_results(find_evaluation(name))


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


def evaluation_plan(opened: OpenEvaluation) -> EvaluationPlan:
    """What the evaluation scored, as it is now.

    Raises:
        DatasetError: the dataset, or a sample of it, has gone or has changed since.
    """
    return _plan(opened.kept.id, _stamp(opened.kept))


def scored_sample(opened: OpenEvaluation, number: int) -> ScoredSample:
    """A sample with truth and prediction.

    Raises:
        DatasetError: it, or the dataset, has gone or has changed since.
        ImageError: a file cannot be read.
        WorkspaceError: its prediction is missing or damaged.
    """
    return _scored(opened.kept.id, _stamp(opened.kept), number)
