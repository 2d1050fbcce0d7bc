"""Cards that are links as a whole, in a grid."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.shell.links import Query, page_link

__all__ = ["card", "card_grid", "use_card_style"]

_STYLE = Path(__file__).parent / "overview.css"


def use_card_style() -> None:
    """The style of cards and grids; once a page."""
    st.html(_STYLE)


def card_grid(name: str) -> DeltaGenerator:
    """A row of cards that wraps.

    Args:
        name: unique on the page.
    """
    return st.container(key=f"grid-{name}", gap="small")


@contextmanager
def card(
    key: str, page: str, title: str, icon: str, query: Query | None = None
) -> Iterator[DeltaGenerator]:
    """A card in which the block puts what it shows; a click anywhere on it opens the page.

    Args:
        key: unique on the page, of letters, digits and dashes.
        page: file name of the page's script in ``pages/`` without its ending.
        title: of the card and its link; what comes from data passes through `plain` first.
        icon: name of a Material symbol.
        query: query parameters of the page's address.

    Yields:
        The place above the title, for a picture; what the block shows otherwise stands below it.
    """
    with st.container(border=True, height="stretch", gap="xsmall", key=f"card-{key}"):
        above = st.container(gap=None)
        page_link(page, f"**{title}**", icon, query)
        yield above
