"""The line that names the columns beyond a table's edge."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def page() -> None:
    import streamlit as st

    from ui.widgets.wide_table import wide_table

    with wide_table("fish", {"Name": 100, "<b>": 50, "Notes": 200}):
        st.text("the table")


def test_a_column_is_named_until_there_is_room_for_it() -> None:
    at = AppTest.from_function(page).run()
    assert not at.exception
    (block,) = at.get("html")
    assert "(min-width: 136px) { .wide-table-fish-0 " in block.value
    assert "(min-width: 186px) { .wide-table-fish-1 " in block.value
    # With room for all, nothing is said.
    assert "(min-width: 386px) { .wide-table-fish-2 " in block.value
    assert '<p class="wide-table-fish-2"' in block.value
    assert ">&lt;b&gt;, </span>" in block.value and ">Notes.</span>" in block.value
