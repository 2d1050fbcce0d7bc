"""Trainings on a page: the table, the queue, and the chosen one live."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.errors import DSIError
from core.training.queue.queue import advance
from core.training.runs.run import find_run, run_exists
from core.training.runs.summary import RunSummary, run_status, summaries
from ui.shell.errors import page_errors, plain, show_error
from ui.shell.links import page_link
from ui.train.compare.panel import MOST, compare
from ui.train.runs.detail import choose_run, run_detail
from ui.train.runs.filters import filtered_runs
from ui.train.runs.manage import manage_run, tell_done
from ui.train.runs.queue import queue_panel
from ui.train.runs.table import run_table
from ui.widgets.frame import Frame

__all__ = ["runs_panel"]

_INTERVAL = "10s"
_TICKED, _TABLE, _SHOWN = "runs.ticked", "runs.tables", "runs.shown"


def runs_panel(frame: Frame) -> None:
    """The table of runs, the queue and the chosen run; they follow the files while one goes on."""
    tell_done()
    runs = summaries(show_error)
    if not runs:
        st.info(
            "No training yet. The preset “Quick try” takes a couple of minutes.",
            icon=":material/model_training:",
        )
        page_link("train", "New training", "model_training", {"view": "new"})
        return
    is_active = _any_active(runs)
    left, right = st.columns([6, 8])
    with left, st.container(key="train-runs"):
        st.fragment(_list, run_every=_INTERVAL if is_active else None)(is_active)
    with right, page_errors():
        _chosen_run(runs, frame)


def _any_active(runs: Sequence[RunSummary]) -> bool:
    return any(run.status.alive or run.status.state == "queued" for run in runs)


@page_errors()
def _list(is_active: bool) -> None:
    advance()  # should the worker have been killed meanwhile
    runs = summaries(_ignore)
    if is_active and not _any_active(runs):
        st.rerun()  # the last one has ended: no more looking every few seconds
    if queue_panel(runs):
        st.rerun()
    row = st.container(horizontal=True, gap="small")
    with row:
        left = filtered_runs(runs)
    if not left:
        if runs:
            st.info("No training meets all of this: take a filter off.", icon=":material/info:")
        return
    shown = _chosen_name(runs)
    before = _ticks(shown, [run.name for run in left])
    ticked = run_table(left, before, f"runs.table.{st.session_state.get(_TABLE, 0)}")
    st.session_state[_TICKED] = ticked
    with row:
        _compare_button(ticked)
    # The last one that was ticked is shown, and never one whose tick was taken away.
    added = [name for name in ticked if name not in before]
    if added or (ticked and ticked != before and shown not in ticked):
        st.session_state[_SHOWN] = (added or ticked)[-1]
        choose_run((added or ticked)[-1])
        st.rerun()  # the chosen one stands outside this fragment


def _ticks(shown: str, listed: Sequence[str]) -> list[str]:
    """The ticks as the table was left, or that of a run that was chosen elsewhere.

    Elsewhere are the address, the list of names and a start: the run that is shown is another one
    than the table knew of. One whose tick was taken away is still shown, and stays without it.
    """
    before: list[str] = st.session_state.get(_TICKED, [])
    if st.session_state.get(_SHOWN) == shown:
        return before
    st.session_state[_SHOWN] = shown
    if shown in before or shown not in listed:
        return before
    # What is ticked in a table cannot be set: one that was made anew begins with this row.
    st.session_state[_TABLE] = st.session_state.get(_TABLE, 0) + 1
    return [shown]


def _ignore(error: DSIError) -> None:
    """A damaged run has its error box above the list."""


def _compare_button(ticked: list[str]) -> None:
    pressed = st.button(
        f"Compare {len(ticked)} trainings" if len(ticked) > 1 else "Compare trainings",
        icon=":material/compare_arrows:",
        key="runs.compare",
        disabled=not 1 < len(ticked) <= MOST,
        help=f"Tick two to {MOST} rows.",
    )
    if pressed:
        compare(ticked)
        st.rerun()


def _chosen_name(runs: Sequence[RunSummary]) -> str:
    return st.query_params.get("run") or runs[0].name


def _chosen_run(runs: Sequence[RunSummary], frame: Frame) -> None:
    names = [run.name for run in runs]
    wanted = _chosen_name(runs)
    # What the address or the table chose; the list of names is for those who do not use a mouse.
    st.session_state["runs.one"] = wanted if wanted in names else None
    frame.choices.selectbox(
        "Training",
        names,
        key="runs.one",
        on_change=_choose_from_list,
        placeholder="Choose a training",
    )
    run = next((run.run for run in runs if run.name == wanted), None)
    if run is None and not run_exists(wanted):
        st.warning(
            f"There is no training “{plain(wanted)}” any more: choose another one.",
            icon=":material/delete:",
        )
        return
    run = run or find_run(wanted)
    frame.shown.append(run.name)
    status = run_status(run)
    with st.container(border=True, key="train-run"):
        run_detail(run, status)
        tags = sorted({tag for other in runs for tag in other.tags})
        manage_run(run, status, tags)


def _choose_from_list() -> None:
    if name := st.session_state["runs.one"]:
        choose_run(name)
        st.session_state[_TICKED] = []
