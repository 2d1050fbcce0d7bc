"""The place in a picture that a page's address asks for: ``at=X,Y,WIDTH,HEIGHT`` in pixels.

The viewer copies such addresses; they are for whoever is to look at the same place.
"""

from __future__ import annotations

import math

import streamlit as st

from ui.shell.address import ask_for_text
from ui.viewer.places import Place

__all__ = ["asked_place", "parse_place"]

_FORM = "four numbers X,Y,WIDTH,HEIGHT in pixels"
_MOST = 1e9


def parse_place(text: str) -> Place | None:
    """The place that an address writes so; None where it is none."""
    parts = text.split(",")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        return None
    if len(numbers) != 4 or not all(math.isfinite(n) and abs(n) < _MOST for n in numbers):
        return None
    x, y, width, height = numbers
    return Place(x, y, width, height) if min(x, y) >= 0 and min(width, height) >= 1 else None


def asked_place(viewer: str, picture: str) -> Place | None:
    """What the address asks to see, for the picture that the page was opened with.

    Args:
        viewer: key of the viewer, which is to be made with ``linked=True``.
        picture: digest of what it shows; with another one the place is forgotten.
    """
    key = f"place.{viewer}"
    text = ask_for_text("at", lambda asked: parse_place(asked) is not None, "place", _FORM)
    if text:
        st.session_state[key] = picture, text
    owner, text = st.session_state.get(key, ("", ""))
    if owner == picture:
        return parse_place(text)
    if owner:
        del st.session_state[key]
        st.query_params.pop("at", None)
    return None
