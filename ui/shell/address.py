"""The names in a page's address: what they ask for, what of it there is, and the page's title.

Streamlit's bound widgets take what they know from the address and drop the rest unmentioned. They
also prefer what was chosen before where the address asks for a widget's first choice. Both is
settled here, right before such a widget is made: each of them is prepared by one of these functions
(tests/ui/shell/test_bound_widgets.py).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ui.shell.errors import plain

__all__ = [
    "TITLE",
    "ask_for",
    "ask_for_several",
    "ask_for_text",
    "enter_page",
    "page_title",
    "shown_names",
    "take_flag",
    "take_name",
    "take_names",
    "take_number",
    "unknown_names",
]

TITLE = "address.title"
"""In the session: a page and the title that its last run gave the browser's tab."""

_PAGE = "address.page"
_ASKED = "address.asked"
_UNKNOWN = "address.unknown"
_SHOWN = "address.shown"
_LISTED = 6

_Text = Callable[[Any], str]
_Names = Collection[str] | Mapping[str, str]


@dataclass
class _Unknown:
    noun: str
    asked: tuple[str, ...]
    listed: tuple[str, ...]
    text: _Text = str
    instead: Any = None
    said: bool = False
    before: bool = False  # it was there, and was chosen

    @property
    def words(self) -> str:
        asked = " and ".join(f"“{plain(name)}”" for name in self.asked)
        what, verb = f"{self.noun} {asked}", "is" if len(self.asked) == 1 else "are"
        said = f"The address asks for the {what}, which {verb} not there. "
        if self.before:
            said = f"The {what}, which was chosen before, is not there any more. "
        more = len(self.listed) - _LISTED
        listed = ", ".join(plain(name) for name in self.listed[:_LISTED])
        said += f"There is: {listed}" if listed else "There is none"
        said += f" and {more:,} more." if more > 0 else "."
        return said + (f" Shown is {shown}." if (shown := self._shown) else "")

    @property
    def _shown(self) -> str:
        values = self.instead if isinstance(self.instead, list | tuple) else [self.instead]
        texts = [self.text(value) for value in values if value is not None]
        return ", ".join(f"“{plain(text)}”" for text in texts if text)


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
    st.session_state[_ASKED] = {key: st.query_params.get_all(key) for key in st.query_params}
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


def take_name(
    key: str, names: Sequence[Any], noun: str, *, text: _Text = str, of_all: bool = False
) -> None:
    """Prepare a widget that is bound to the address, to be called right before it is made.

    An unknown name is kept for `unknown_names`, and taken out of the address. Instead of a name
    that was chosen before and is gone, or belongs to another page's widget of this key, the first
    is chosen.

    Args:
        key: the widget's key, which is its name in the address.
        names: what can be chosen, at least one; the widget shows the first by default.
        noun: what it chooses, for the screen: "dataset".
        text: what one of them is called on the screen and in the address, as its `format_func`.
        of_all: whether one that was chosen before and is gone is kept for `unknown_names` too, as
            it does not hang on another choice.
    """
    texts = [text(name) for name in names]
    if ask_for(key, texts, noun, text=text) in texts:
        st.session_state.pop(key, None)
    elif key in st.session_state:
        chosen = st.session_state[key]
        if chosen not in names and of_all and key not in st.session_state[_UNKNOWN]:
            gone = _Unknown(noun, (str(chosen),), tuple(texts), text, before=True)
            st.session_state[_UNKNOWN][key] = gone
        # Set, not left to the widget: the browser would show what was chosen on. And where the
        # page before ran once only, Streamlit takes the widget's first choice instead.
        st.session_state[key] = chosen if chosen in names else names[0]
    st.session_state.setdefault(_SHOWN, {})[key] = None


def take_names(key: str, names: Sequence[Any], noun: str, *, text: _Text = str) -> None:
    """As `take_name`, for a widget of which several can be chosen, or none.

    Args:
        key, names, noun, text: as for `take_name`; there may be no names.
    """
    asked = ask_for_several(key, [text(name) for name in names], noun, text=text)
    # Another page's widget of this key may have left a value of its own.
    if asked or not isinstance(st.session_state.get(key, []), list | tuple):
        st.session_state.pop(key, None)


def take_number(key: str, low: float, high: float, noun: str) -> None:
    """As `take_name`, for a widget that chooses a number.

    Args:
        key, noun: as for `take_name`.
        low, high: its ends; two whole numbers allow only whole ones.
    """
    whole = isinstance(low, int) and isinstance(high, int)

    def knows(asked: str) -> bool:
        try:
            number = float(asked)
        except ValueError:
            return False
        return low <= number <= high and (number.is_integer() or not whole)

    span = f"{low:g} to {high:g}" if low < high else f"{low:g}"
    unknown = _Unknown(noun, (), (span,), "{:g}".format)
    asked = _sort_out(key, _asked(key)[-1:], knows, unknown)
    # Another page's widget of this key may have left a value of its own.
    if asked or not isinstance(st.session_state.get(key, low), int | float):
        st.session_state.pop(key, None)


def take_flag(key: str, noun: str) -> None:
    """As `take_name`, for a widget that is on or off.

    Args:
        key, noun: as for `take_name`.
    """
    unknown = _Unknown(noun, (), ("true", "false"), lambda value: str(value).lower())
    if _sort_out(key, _asked(key)[-1:], lambda asked: asked.lower() in unknown.listed, unknown):
        st.session_state.pop(key, None)


def ask_for(
    key: str, names: _Names, noun: str, *, widget: str = "", text: _Text = str
) -> str | None:
    """The name that the address asked for when the page was opened, once, where it is known.

    An unknown one is kept for `unknown_names`, and taken out of the address.

    Args:
        key: name in the address.
        names: what is known, as the address has it; a mapping gives what the screen calls it.
        noun: as for `take_name`.
        widget: key of the widget that shows what there is instead; by default `key`.
        text: what the name in the address of the widget's value is.
    """
    known = _ask(key, _asked(key)[-1:], names, _Unknown(noun, (), (), text), widget)
    return known[0] if known else None


def ask_for_several(key: str, names: _Names, noun: str, *, text: _Text = str) -> list[str]:
    """As `ask_for`, where the address may ask for several names.

    Args:
        key, names, noun, text: as for `ask_for`.
    """
    # Streamlit writes an empty one where all were taken off.
    asked = [name for name in _asked(key) if name]
    return _ask(key, asked, names, _Unknown(noun, (), (), text), key)


def ask_for_text(key: str, knows: Callable[[str], bool], noun: str, form: str) -> str | None:
    """As `ask_for`, of a text that is right by its form.

    Args:
        key, noun: as for `ask_for`.
        knows: whether a text is right.
        form: what a right one is, for the screen.
    """
    known = _sort_out(key, _asked(key)[-1:], knows, _Unknown(noun, (), (form,)))
    return known[0] if known else None


def _asked(key: str) -> list[str]:
    """What the address asked for when the page was opened, once."""
    asked: list[str] = st.session_state.get(_ASKED, {}).pop(key, [])
    return asked


def _ask(
    key: str, asked: Sequence[str], names: _Names, unknown: _Unknown, widget: str
) -> list[str]:
    unknown.listed = tuple(dict.fromkeys(names))
    if isinstance(names, Mapping):
        words, text = dict(names), unknown.text
        unknown.listed = tuple(dict.fromkeys(words.values()))
        unknown.text = lambda value: words.get(text(value), text(value))
    return _sort_out(key, asked, names.__contains__, unknown, widget)


def _sort_out(
    key: str,
    asked: Sequence[str],
    knows: Callable[[str], bool],
    unknown: _Unknown,
    widget: str = "",
) -> list[str]:
    """What is known of it; the rest is kept for `unknown_names` and taken out of the address."""
    known = [name for name in asked if knows(name)]
    if len(known) < len(asked):
        unknown.asked = tuple(dict.fromkeys(name for name in asked if name not in known))
        st.session_state[_UNKNOWN][widget or key] = unknown
        _leave_in_address(key, known)
    return known


def _leave_in_address(key: str, names: list[str]) -> None:
    """Have only these of a parameter, also where a widget is bound to it."""
    context = get_script_run_ctx()
    if context is None:
        return
    with context.session_state.query_params() as parameters:
        if names:
            parameters.set_corrected_value(key, names, "string_array_value")
        else:
            parameters.remove_param(key)


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
    return [entry.words for entry in unknown.values()]


def shown_names() -> list[str]:
    """What the page shows by name: dataset, sample, model, as far as it let them be chosen."""
    made = st.session_state.get(_SHOWN, {})
    keys = [key for key in ("dataset", "sample", "model") if key in made]
    return [str(name) for key in keys if (name := st.session_state.get(key))]


def page_title(page: str, names: Sequence[str] = ()) -> str:
    """Title of the browser's tab, as in ``Data · demo – DeepSpaceImaging``."""
    return f"{' · '.join([page, *names])} – DeepSpaceImaging"
