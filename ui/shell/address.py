"""The names in a page's address: what they ask for, what of it there is, and the page's title.

Streamlit's bound widgets take what they know from the address and drop the rest unmentioned. They
also prefer what was chosen before where the address asks for a widget's first choice. Both is
settled here, right before such a widget is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ui.shell.errors import plain

__all__ = [
    "TITLE",
    "ask_for",
    "enter_page",
    "page_title",
    "shown_names",
    "take_name",
    "unknown_names",
]

TITLE = "address.title"
"""In the session: a page and the title that its last run gave the browser's tab."""

_PAGE = "address.page"
_ASKED = "address.asked"
_UNKNOWN = "address.unknown"
_SHOWN = "address.shown"
_LISTED = 6


@dataclass
class _Unknown:
    noun: str
    name: str
    names: tuple[str, ...]
    instead: Any = None
    said: bool = False
    before: bool = False  # it was there, and was chosen

    @property
    def text(self) -> str:
        more = len(self.names) - _LISTED
        listed = ", ".join(plain(name) for name in self.names[:_LISTED])
        if more > 0:
            listed += f" and {more:,} more"
        what = f"{self.noun} “{plain(self.name)}”"
        text = f"The address asks for the {what}, which is not there. "
        if self.before:
            text = f"The {what}, which was chosen before, is not there any more. "
        text += f"There is: {listed}."
        return text + (f" Shown is “{plain(str(self.instead))}”." if self.instead else "")


def enter_page(page: str) -> None:
    """Begin a run of a page; where it was just opened, keep the names in its address.

    Args:
        page: name that tells it from the others.
    """
    st.session_state[_SHOWN] = {}
    if st.session_state.get(_PAGE) == page:
        return
    _restore_address()
    st.session_state[_PAGE] = page
    st.session_state[_ASKED] = st.query_params.to_dict()
    st.session_state[_UNKNOWN] = {}


def _restore_address() -> None:
    """Have the whole address of a page that the browser went back or forward to.

    When another page opens, Streamlit drops the parameters that a widget of the page before is
    bound to; it is meant for links, but the same is done for the history, so that a dataset or
    model in the restored address would be lost.
    """
    context = get_script_run_ctx()
    if context is None or not context.is_history_navigation:
        return
    address = context.query_string
    with context.session_state.query_params() as parameters:
        parameters.set_initial_query_params(address)
    st.query_params.from_dict(parse_qs(address, keep_blank_values=True))


def take_name(key: str, names: Sequence[str], noun: str, *, of_all: bool = False) -> None:
    """Prepare a widget that is bound to the address, to be called right before it is made.

    An unknown name is kept for `unknown_names`. Instead of a name that was chosen before and is
    gone, or belongs to another page's widget of this key, the first is chosen.

    Args:
        key: the widget's key, which is its name in the address.
        names: what can be chosen, at least one; the widget shows the first by default.
        noun: what it chooses, for the screen: "dataset".
        of_all: whether one that was chosen before and is gone is kept for `unknown_names` too, as
            it does not hang on another choice.
    """
    asked = ask_for(key, names, noun)
    if asked in names:
        st.session_state.pop(key, None)
    elif key in st.session_state:
        chosen = st.session_state[key]
        if chosen not in names and of_all and key not in st.session_state[_UNKNOWN]:
            gone = _Unknown(noun, str(chosen), tuple(names), before=True)
            st.session_state[_UNKNOWN][key] = gone
        # Set, not left to the widget: the browser would show what was chosen on. And where the
        # page before ran once only, Streamlit takes the widget's first choice instead.
        st.session_state[key] = chosen if chosen in names else names[0]
    st.session_state.setdefault(_SHOWN, {})[key] = None


def ask_for(key: str, names: Sequence[str], noun: str, widget: str = "") -> str | None:
    """The name that the address asked for when the page was opened, once; an unknown one is kept.

    Args:
        key: name in the address.
        names, noun: as for `take_name`.
        widget: key of the widget that shows what there is instead; by default `key`.
    """
    asked: str | None = st.session_state.get(_ASKED, {}).pop(key, None)
    if asked is not None and asked not in names:
        st.session_state[_UNKNOWN][widget or key] = _Unknown(noun, asked, tuple(names))
    return asked


def unknown_names() -> list[str]:
    """What the address asked for and is not there, a text each, until another is chosen.

    To be called after the page's widgets were made.
    """
    unknown: dict[str, _Unknown] = st.session_state.get(_UNKNOWN, {})
    for key, entry in list(unknown.items()):
        shown = st.session_state.get(key)
        if not entry.said:
            entry.instead, entry.said = shown, True
        elif entry.instead != shown:
            del unknown[key]
    return [entry.text for entry in unknown.values()]


def shown_names() -> list[str]:
    """What the page shows by name: dataset, sample, model, as far as it let them be chosen."""
    made = st.session_state.get(_SHOWN, {})
    keys = [key for key in ("dataset", "sample", "model") if key in made]
    return [str(name) for key in keys if (name := st.session_state.get(key))]


def page_title(page: str, names: Sequence[str] = ()) -> str:
    """Title of the browser's tab, as in ``Data · demo – DeepSpaceImaging``."""
    return f"{' · '.join([page, *names])} – DeepSpaceImaging"
