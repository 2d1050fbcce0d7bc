"""Which dialog of the Data page is open: kept for the session, so that a rerun leaves it open."""

from __future__ import annotations

import streamlit as st

from core.errors import DSIError
from ui.shell.errors import show_error

__all__ = [
    "announce",
    "close_dialog",
    "dialog_subject",
    "end_dialog",
    "is_open",
    "open_dialog",
    "refuse",
    "show_announcement",
    "show_refusal",
]

_OPEN, _REFUSED, _DONE = "data.dialog", "data.dialog-refused", "data.dialog-done"


def open_dialog(name: str, subject: str = "") -> None:
    """Open a dialog; to be used in callbacks.

    Args:
        name: which.
        subject: what it is about, such as a recipe's name.
    """
    st.session_state[_OPEN] = (name, subject)
    st.session_state.pop(_REFUSED, None)


def close_dialog() -> None:
    """Close the dialog; to be used in callbacks, and where it is dismissed."""
    st.session_state.pop(_OPEN, None)
    st.session_state.pop(_REFUSED, None)


def is_open(name: str) -> bool:
    """Whether that dialog is open."""
    return bool(st.session_state.get(_OPEN, ("", ""))[0] == name)


def dialog_subject() -> str:
    """What the open dialog is about."""
    return str(st.session_state.get(_OPEN, ("", ""))[1])


def end_dialog(name: str) -> None:
    """At the head of a dialog: where a callback of its own closed it, the page runs anew."""
    if not is_open(name):
        st.rerun()


def refuse(error: DSIError) -> None:
    """Keep the reason why a dialog's button did nothing; to be used in callbacks."""
    # Kept, not shown: what a callback draws lies above the page.
    st.session_state[_REFUSED] = error


def show_refusal() -> None:
    """Say why the button did nothing."""
    if error := st.session_state.get(_REFUSED):
        show_error(error)


def announce(text: str) -> None:
    """Keep a sentence on what a dialog's button did; to be used in callbacks.

    Args:
        text: Markdown; what comes from data passes through `plain` first.
    """
    st.session_state[_DONE] = text


def show_announcement() -> None:
    """Say what the dialog's button did, once the page runs anew."""
    if text := st.session_state.pop(_DONE, ""):
        st.toast(text, icon=":material/check:")
