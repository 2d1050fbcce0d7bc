"""Links from page to page."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

__all__ = ["go_to", "page_link"]

_PAGES = Path(__file__).resolve().parent.parent / "pages"


def page_link(name: str, label: str, icon: str) -> None:
    """A link to a page of ours; what stands in the URL, such as the dataset, goes along.

    ``st.page_link`` takes paths from the router's folder, ``ui/``, so they are given in full.

    Args:
        name: the page's script in ``pages/`` without its ending.
        label: what it says.
        icon: a Material symbol's name.
    """
    st.page_link(_PAGES / f"{name}.py", label=label, icon=f":material/{icon}:")


def go_to(name: str, query: dict[str, str]) -> None:
    """Open a page of ours now, with this in its URL."""
    st.switch_page(_PAGES / f"{name}.py", query_params=query)
