"""The Train page's views, of which one stands in the page's URL as ``view``."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.training.runs.run import list_runs
from ui.shell.address import ask_for

__all__ = ["choose_view", "open_view"]

_VIEWS = {"new": "New training", "runs": "Trainings", "compare": "Compare", "models": "Models"}
_KEY = "train.view"
_STYLE = Path(__file__).with_name("train.css")


def choose_view() -> str:
    """Choose a view in a row of them: ``new``, ``runs``, ``compare`` or ``models``.

    The URL is the truth: where it names a run and no view, that run is meant.
    """
    st.html(_STYLE)
    asked = st.query_params.get("view", "runs" if "run" in st.query_params else "new")
    st.session_state[_KEY] = asked if asked in _VIEWS else "new"
    ask_for("view", _VIEWS, "view", widget=_KEY)
    if st.session_state[_KEY] != "runs":  # where the list and its views name it
        ask_for("run", [run.name for run in list_runs()], "training")
    st.segmented_control(
        "View",
        list(_VIEWS),
        format_func=_VIEWS.__getitem__,
        required=True,
        key=_KEY,
        on_change=_follow_choice,
        label_visibility="collapsed",
    )
    return str(st.session_state[_KEY])


def open_view(view: str, **query: str) -> None:
    """Show a view at the next run of the page.

    Args:
        view: name as `choose_view` returns it.
        query: other query parameters of the URL, such as ``run``.
    """
    st.query_params["view"] = view
    for name, value in query.items():
        st.query_params[name] = value


def _follow_choice() -> None:
    open_view(st.session_state[_KEY])
