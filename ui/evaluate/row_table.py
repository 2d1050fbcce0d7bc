"""A table a click on a row of which chooses it by its number."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

__all__ = ["row_table"]


def row_table(key: str, rows: Any, number: str, *, height: int, alt: str) -> None:
    """Show it.

    Args:
        key: of the table; another one for other rows, whose choice means something else.
        rows: what `pandas.DataFrame` takes.
        number: key of the box that holds the number of the chosen row, from 1.
        height: in CSS pixels.
        alt: what it is, for a screen reader.
    """

    def choose() -> None:
        ticked = st.session_state[key]["selection"]["rows"]
        if ticked:
            st.session_state[number] = int(ticked[0]) + 1

    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key=key,
        on_select=choose,
        selection_mode="single-row",
        height=height,
        alt=alt,
    )
