"""Trainings on a page: the table, the queue, and the chosen one live."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.errors import DSIError
from core.training.queue.queue import advance
from core.training.runs.run import find_run
from core.training.runs.summary import RunSummary, run_status, summaries
from ui.shell.errors import page_errors, show_error
from ui.train.compare.panel import MOST, compare
from ui.train.runs.detail import choose_run, run_detail
from ui.train.runs.filters import filtered_runs
from ui.train.runs.manage import manage_run
from ui.train.runs.queue import queue_panel
from ui.train.runs.table import run_table

__all__ = ["runs_panel"]

_INTERVAL = "10s"
_TICKED, _TABLE = "runs.ticked", "runs.tables"


def runs_panel() -> None:
    """The table of runs, the queue and the chosen run; they follow the files while one goes on."""
    runs = summaries(show_error)
    if not runs:
        st.info(
            "No training yet. The preset “Quick try” takes a couple of minutes: press Start "
            "training.",
            icon=":material/model_training:",
        )
        return
    is_active = _any_active(runs)
    st.fragment(_list, run_every=_INTERVAL if is_active else None)(is_active)
    with page_errors():
        _chosen_run(runs)


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
    left = filtered_runs(runs)
    if not left:
        if runs:
            st.info("No training meets all of this: take a filter off.", icon=":material/info:")
        return
    shown = _chosen_name(runs)
    before: list[str] = st.session_state.get(_TICKED, [])
    if shown not in before and any(run.name == shown for run in left):
        # Chosen elsewhere: a table that was made anew has its row ticked.
        before = [shown]
        st.session_state[_TABLE] = st.session_state.get(_TABLE, 0) + 1
    ticked = run_table(left, before, f"runs.table.{st.session_state.get(_TABLE, 0)}")
    st.session_state[_TICKED] = ticked
    _compare_button(ticked)
    # The last one that was ticked is shown, and never one whose tick was taken away.
    added = [name for name in ticked if name not in before]
    if added or (ticked and ticked != before and shown not in ticked):
        choose_run((added or ticked)[-1])
        st.rerun()  # the chosen one stands outside this fragment


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


def _chosen_run(runs: Sequence[RunSummary]) -> None:
    names = [run.name for run in runs]
    wanted = _chosen_name(runs)
    # What the address or the table chose; the list of names is for those who do not use a mouse.
    st.session_state["runs.one"] = wanted if wanted in names else None
    st.selectbox(
        "Training",
        names,
        key="runs.one",
        on_change=_choose_from_list,
        placeholder="Choose a training",
        width=420,
    )
    run = next((run.run for run in runs if run.name == wanted), None)
    if run is None:
        run = find_run(wanted)
    status = run_status(run)
    with st.container(border=True):
        run_detail(run, status)
        tags = sorted({tag for other in runs for tag in other.tags})
        manage_run(run, status, tags)


def _choose_from_list() -> None:
    if name := st.session_state["runs.one"]:
        choose_run(name)
        st.session_state[_TICKED] = []
