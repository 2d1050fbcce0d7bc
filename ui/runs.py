"""Trainings on a page: the list, and the chosen one live."""

from __future__ import annotations

import time

import streamlit as st

from core.errors import DSIError
from core.training import launcher
from core.training.runs import Run, Status, find_run, list_runs
from ui.errors import page_errors, show_error
from ui.run_detail import choose_run, duration, run_badge, run_detail

__all__ = ["choose_run", "runs_panel"]

_EVERY = "10s"
_SHOWN = 6  # runs before "Show all"


def runs_panel() -> None:
    """The list of runs and the chosen one; both follow the files while a training goes on."""
    alive = bool(launcher.running())
    st.fragment(_panel, run_every=_EVERY if alive else None)(alive)
    names = [run.name for run in list_runs()]
    if not names:
        return
    with page_errors():
        run = find_run(st.query_params.get("run") or names[0])
        status = run.status()
        with st.container(border=True):
            run_detail(run, status)


@page_errors()
def _panel(alive: bool) -> None:
    listed = []
    for run in list_runs():
        try:
            listed.append((run, run.status(), run.config().dataset))
        except DSIError as error:
            show_error(error)
    if alive and not launcher.running():
        st.rerun()  # the last one has ended: no more looking every two seconds
    if not listed:
        st.info(
            "No training yet. The preset “Quick try” takes a couple of minutes: press Start "
            "training.",
            icon=":material/model_training:",
        )
        return
    _list(listed, st.query_params.get("run") or listed[0][0].name)


def _list(listed: list[tuple[Run, Status, str]], chosen: str) -> None:
    all_shown = st.session_state.get("runs.all", False)
    shown = listed if all_shown else listed[:_SHOWN]
    # The chosen one is always in the list.
    shown += [row for row in listed if row[0].name == chosen and row not in shown]
    with st.container(gap="xxsmall"):
        for run, status, dataset in shown:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                pressed = st.button(
                    run.name,
                    key=f"runs.{run.name}",
                    type="secondary" if run.name == chosen else "tertiary",
                    icon=":material/chevron_right:" if run.name == chosen else None,
                )
                if pressed:
                    choose_run(run.name)
                    st.rerun()  # the chosen one stands outside this fragment
                run_badge(run, status)
                score = (
                    "" if status.best_mean_iou is None else f"mean IoU {status.best_mean_iou:.3f}"
                )
                epoch = f"epoch {status.epoch} of {status.epochs}"
                parts = (dataset, score, epoch, _ago(status.started))
                st.caption(" · ".join(part for part in parts if part), width="content")
    if len(listed) > _SHOWN:
        st.toggle(f"Show all {len(listed)} trainings", key="runs.all")


def _ago(moment: float) -> str:
    seconds = time.time() - moment
    if seconds < 60:
        return "started just now"
    if seconds < 48 * 3600:
        return f"started {duration(seconds)} ago"
    return f"started {seconds / 86400:.0f} days ago"
