"""Arrow keys that step through samples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

__all__ = ["arrow_keys"]

_component = st.components.v2.component(
    "dsi_arrow_keys", js=(Path(__file__).parent / "arrow_keys.js").read_text(encoding="utf-8")
)


def arrow_keys(key: str, step: Callable[[int], None]) -> None:
    """Listen for the arrow keys left and right while this is on the page.

    Args:
        key: unique on the page.
        step: called with -1 or 1, not while somebody types or moves within a field.
    """

    def on_step() -> None:
        # It comes from the browser.
        if (direction := st.session_state[key].get("step")) in (-1, 1):
            step(direction)

    _component(key=key, data={}, on_step_change=on_step)
