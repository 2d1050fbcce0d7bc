"""The findings of an audit as a list whose rows are clicked to see one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from core.datasets.audit.problems import KINDS, Problem

__all__ = ["problem_list", "row_key"]

_HERE = Path(__file__).parent
_KEY, _CHOSEN = "problem.list", "problem.chosen"

_list = st.components.v2.component(
    "dsi_problem_list",
    css=(_HERE / "list.css").read_text(encoding="utf-8"),
    js=(_HERE / "list.js").read_text(encoding="utf-8"),
)


def problem_list(problems: Sequence[Problem]) -> Problem:
    """Show problems.

    Args:
        problems: at least one.

    Returns:
        The one whose row was clicked last, or the first.
    """
    by_key = {row_key(problem): problem for problem in problems}

    def on_pick() -> None:
        # It comes from the browser.
        if (key := st.session_state[_KEY].get("pick")) in by_key:
            st.session_state[_CHOSEN] = key

    chosen = st.session_state.get(_CHOSEN)
    if chosen not in by_key:
        chosen = next(iter(by_key))
    _list(
        key=_KEY,
        data={
            "content": hashlib.blake2b("".join(by_key).encode(), digest_size=16).hexdigest(),
            "label": "Problems of the dataset",
            "selected": chosen,
            "rows": [
                {
                    "key": key,
                    "severity": problem.severity,
                    "kind": KINDS[problem.kind].title,
                    "sample": problem.sample or "whole dataset",
                    "detail": problem.detail,
                }
                for key, problem in by_key.items()
            ],
        },
        on_pick_change=on_pick,
    )
    return by_key[chosen]


def row_key(problem: Problem) -> str:
    """Names a row; the same problem of a later audit has the same."""
    text = "\0".join((problem.kind, problem.sample, problem.other, problem.detail))
    return hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=8).hexdigest()
