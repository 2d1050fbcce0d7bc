"""How an error of ours looks on a page: one box with what happened, where, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape

import streamlit as st

from core.errors import DSIError
from core.formats import sentence
from ui.shell.words import page_words

__all__ = ["figure_text", "page_errors", "plain", "show_error", "show_uncaught"]

# File names and settings are shown as they are: none of this is to become Markdown, maths or an
# emoji.
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&@])")


def plain(text: str) -> str:
    """Text that Streamlit shows as it is: file names are no Markdown, maths or links."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def figure_text(text: str) -> str:
    """Text that a Plotly figure shows as it is: it reads tags and ``%{…}`` in names and labels."""
    return escape(text).replace("%{", "%&#123;")


def show_error(error: DSIError) -> None:
    """Show one error box: bold what, then where, then the remedy, a line each."""
    what, where, remedy = map(page_words, (error.what, error.where, error.remedy))
    lines = [f"**{plain(sentence(what))}**", plain(where), plain(sentence(remedy))]
    st.error("  \n".join(line for line in lines if line), icon=":material/error:")


@contextmanager
def page_errors() -> Iterator[None]:
    """Turn a :class:`~core.errors.DSIError` into one error box; any other exception passes.

    The router runs every page inside it. A fragment that runs on its own (``run_every``) is not
    inside the router then: put ``@page_errors()`` under its ``@st.fragment`` so that the box
    appears in the fragment's own place.
    """
    try:
        yield
    except DSIError as error:
        show_error(error)


def show_uncaught(error: Exception) -> bool:
    """The server's last resort, for what is raised in a widget's callback or a bare fragment.

    Returns:
        True if the error was one of ours and is shown; False leaves it to Streamlit.
    """
    if not isinstance(error, DSIError):
        return False
    show_error(error)
    return True
