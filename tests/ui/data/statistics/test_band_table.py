"""The table of the bands' values: the same decimals in a column."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def page(std: list[float], low: list[float], high: list[float]) -> None:
    from ui.data.statistics.bands import band_table

    band_table(["Red", "A"], [98.12344, 7.5], std, low, high)


@pytest.mark.parametrize(
    ("std", "low", "high", "row"),
    [
        ([45.678, 9.87654], [0, 12], [255, 1200], ["98.12", "45.68", "0", "255"]),
        ([0.0312, 0.25], [-1.5, 0], [1.5, 1], ["98.1234", "0.0312", "-1.5000", "1.5000"]),
        ([0.0, 0.0], [5, 5], [5, 5], ["98.12", "0", "5", "5"]),
        ([1e-9, 1.0], [5, 5], [5, 5], ["98.123440", "1.000e-09", "5", "5"]),
        ([float("nan"), 10.0], [0.5, float("inf")], [5, 5], ["98.1", "nan", "0.5", "5"]),
    ],
)
def test_a_column_has_the_same_decimals(
    std: list[float], low: list[float], high: list[float], row: list[str]
) -> None:
    at = AppTest.from_function(page, kwargs={"std": std, "low": low, "high": high}).run()
    assert not at.exception
    table = at.table[0].value
    assert list(table.iloc[0])[1:] == row
    for column in ("Mean", "Standard deviation", "Least", "Greatest"):
        decimals = {len(text.partition(".")[2]) for text in table[column] if text[-1].isdigit()}
        assert len(decimals) == 1
