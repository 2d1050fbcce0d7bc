"""Tables with more columns than there may be room for, and a line on those beyond the edge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from itertools import accumulate

import streamlit as st

__all__ = ["wide_table"]

_TICKS = 36  # pixels of the column in which a row is ticked, and of the table's border


@contextmanager
def wide_table(name: str, widths: Mapping[str, int]) -> Iterator[None]:
    """Around a table whose rows are ticked; below it the columns beyond its right edge are named.

    The browser alone knows how wide the table is: it shows the names of those that do not fit.

    Args:
        name: unique on the page, of letters, digits and dashes.
        widths: of the table's columns by their names, in pixels, in their order.
    """
    place = f"wide-table-{name}"
    ends = [_TICKS + end for end in accumulate(widths.values())]
    rules = " ".join(
        f"@container (min-width: {end}px) {{ .{place}-{at} {{ display: none; }} }}"
        for at, end in enumerate(ends)
    )
    last = len(widths) - 1
    words = "".join(
        f'<span class="{place}-{at}">{escape(column)}{"." if at == last else ", "}</span>'
        for at, column in enumerate(widths)
    )
    with st.container(key=place, gap="xxsmall"):
        yield
        st.html(
            f"<style>.st-key-{place} {{ container-type: inline-size; }} {rules}</style>"
            # One line: on a telephone what follows is to begin in the first screen.
            f'<p class="{place}-{last}" style="margin: 0; font-size: 0.875rem; opacity: 0.8; '
            'white-space: nowrap; overflow: hidden; text-overflow: ellipsis">'
            f"→ Further to the right: {words}</p>"
        )
