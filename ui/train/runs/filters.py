"""Which runs the list shows: widgets whose values stand in the URL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, get_args

import streamlit as st

from core.training.runs.status import RunState
from core.training.runs.summary import RunSummary
from ui.shell.address import ask_for_several

__all__ = ["filtered_runs"]

_STATES: tuple[RunState, ...] = get_args(RunState)
_KEYS = ("named", "state", "on", "network", "tag")


def filtered_runs(runs: Sequence[RunSummary]) -> list[RunSummary]:
    """Show the filters; the runs that pass them."""
    with (
        st.popover("Filters", icon=":material/filter_list:", key="run-filters"),
        st.container(width=480),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        text = st.text_input(
            "Name, tag or note",
            placeholder="Part of it",
            icon=":material/search:",
            width=230,
            key="named",
            bind="query-params",
        )
        states = _multiselect("State", "state", _STATES, lambda run: (run.status.state,), runs)
        datasets = _multiselect("Dataset", "on", (), lambda run: (run.config.dataset,), runs)
        networks = _multiselect("Network", "network", (), lambda run: (run.network,), runs)
        tags = _multiselect("Tag", "tag", (), lambda run: run.tags, runs)
    wanted = (text or "").strip().casefold()
    left = [
        run
        for run in runs
        if (not wanted or wanted in " ".join((run.name, *run.tags, run.text)).casefold())
        and (not states or run.status.state in states)
        and (not datasets or run.config.dataset in datasets)
        and (not networks or run.network in networks)
        and (not tags or set(tags) & set(run.tags))
    ]
    if wanted or states or datasets or networks or tags:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{len(left):,} of {len(runs):,} trainings**")
            st.button(
                "Show all",
                key="reset-run-filters",
                icon=":material/filter_list_off:",
                on_click=_reset,
            )
    return left


def _multiselect(
    label: str,
    key: str,
    options: Sequence[str],
    values: Callable[[RunSummary], Sequence[str]],
    runs: Sequence[RunSummary],
) -> list[str]:
    listed: dict[str, Any] = dict.fromkeys(options)
    listed |= dict.fromkeys(sorted({value for run in runs for value in values(run)}))
    ask_for_several(key, list(listed), label.lower())
    # What was chosen stays an option, also when its last run is gone.
    listed |= dict.fromkeys(st.session_state.get(key) or st.query_params.get_all(key))
    return st.multiselect(
        label, list(listed), placeholder="All", width=230, key=key, bind="query-params"
    )


def _reset() -> None:
    for key in _KEYS:
        st.session_state[key] = "" if key == "named" else []
