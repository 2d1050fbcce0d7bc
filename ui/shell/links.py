"""Links from page to page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

__all__ = ["CLONE", "TAKE", "Query", "page_link"]

Query = Mapping[str, str | list[str]]
"""Query parameters of an address; a list is the parameter several times."""

CLONE = "clone"
"""In the URL: a run whose configuration the form is to be filled in from, once."""

TAKE = "take"
"""In the URL: a saved recipe that the form is to be filled in from, once."""

_PAGES = Path(__file__).resolve().parents[2] / "pages"


def page_link(name: str, label: str, icon: str, query: Query | None = None) -> None:
    """A link to a page of ours; what stands in the URL, such as the dataset, goes along.

    ``st.page_link`` takes paths from the router's folder, ``ui/shell/``, so they are given in full.
    ``st.switch_page`` would be refused where a widget of the page is bound to the URL.

    Args:
        name: file name of the page's script in ``pages/`` without its ending.
        label: text of the link.
        icon: name of a Material symbol.
        query: query parameters of the URL instead of the present ones.
    """
    st.page_link(_PAGES / f"{name}.py", label=label, icon=f":material/{icon}:", query_params=query)
