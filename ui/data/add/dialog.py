"""The dialog in which a dataset is added; it closes when one begins to be made."""

from __future__ import annotations

import streamlit as st

from ui.data.add.forms import NEW_DATASET_JOBS, new_dataset, show_skipped_places
from ui.data.dialog import close_dialog, end_dialog, is_open, open_dialog

__all__ = ["add_button", "add_dialog"]

_NAME, _BEFORE = "add-dataset", "add-dataset.before"


def add_button() -> None:
    """Open the dialog."""
    st.button(
        "Add a dataset",
        icon=":material/add:",
        key="add-dataset",
        on_click=_open,
        width="stretch",
    )


def _wanted() -> list[str | None]:
    """What this session waits for."""
    return [st.session_state.get(f"wanted-{key}") for key in NEW_DATASET_JOBS]


def _open() -> None:
    open_dialog(_NAME)
    st.session_state[_BEFORE] = _wanted()


def add_dialog() -> None:
    """Show the dialog while it is open."""
    if is_open(_NAME):
        if _wanted() != st.session_state.get(_BEFORE):
            close_dialog()  # its progress stands on the page
        else:
            _add()


@st.dialog("Add a dataset", width="medium", icon=":material/add:", on_dismiss=close_dialog)
def _add() -> None:
    if _wanted() != st.session_state.get(_BEFORE):
        close_dialog()
    end_dialog(_NAME)
    new_dataset()
    show_skipped_places()
