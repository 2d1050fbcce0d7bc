"""The confusion matrix; from one of its cells to the samples and regions where it happens most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.evaluation.kept.results import OpenEvaluation
from core.evaluation.regions import Region
from core.formats import MISSING, count, counted, percent
from ui.evaluate.row_table import row_table
from ui.evaluate.sample_view import region_view
from ui.shell.address import take_name, take_number
from ui.shell.errors import plain

__all__ = ["confusion_view", "open_sample_of", "region_list"]

_WAYS = ("Of the true class", "Of the predicted class", "Pixels")
_TABLE, _REGIONS = "evaluate.matrix", "evaluate.regions"
_SAMPLES = 50  # listed of a cell


def confusion_view(opened: OpenEvaluation) -> None:
    """The matrix, a choice of a cell, and where that confusion happens."""
    take_name("norm", _WAYS, "way to count")
    way = st.segmented_control(
        "Share", _WAYS, default=_WAYS[0], required=True, key="norm", bind="query-params"
    )
    names = opened.names
    st.session_state["evaluate.names"] = names
    _take_cell(names)
    values = normalised(opened.matrix, way)
    st.dataframe(
        _styled(values, names, way),
        key=_TABLE,
        on_select=_choose_cell,
        selection_mode="single-cell",
        column_config={"_index": st.column_config.TextColumn("True ↓, predicted →")},
        alt="Confusion matrix: rows are true classes, columns predicted ones; below, a cell can be "
        "chosen from two lists",
    )
    st.caption(
        "Rows are true classes, columns predicted ones. A click on a cell shows where it happens; "
        "so do the two lists."
    )
    left, right = st.columns(2)
    with left:
        take_name("true", names, "true class")
        truth = names.index(st.selectbox("True class", names, key="true", bind="query-params"))
    with right:
        take_name("predicted", names, "predicted class")
        predicted = names.index(
            st.selectbox("Predicted as", names, key="predicted", bind="query-params")
        )
    _cell(opened, truth, predicted)


def normalised(matrix: np.ndarray, way: str) -> np.ndarray:
    """A confusion (K, K) as shares of its rows, of its columns, or as it is; NaN of nothing.

    Args:
        matrix: rows true.
        way: as the page calls it.
    """
    if way == "Pixels":
        return matrix.astype(float)
    total = matrix.sum(axis=1, keepdims=True) if way == _WAYS[0] else matrix.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(matrix / total)


def _styled(values: np.ndarray, names: Sequence[str], way: str) -> Any:
    frame = pd.DataFrame(values, index=list(names), columns=list(names))
    top = np.nanmax(values) if np.isfinite(values).any() else 1.0
    shades = np.nan_to_num(values / (top or 1.0))

    def color(_: pd.DataFrame) -> pd.DataFrame:
        # Blue on the diagonal, orange beside it: right and wrong, told apart by all.
        cells = [
            [
                f"background-color: rgba({'28,126,214' if row == column else '217,130,43'},"
                f"{0.75 * shades[row, column]:.3f})"
                for column in range(len(names))
            ]
            for row in range(len(names))
        ]
        return pd.DataFrame(cells, index=frame.index, columns=frame.columns)

    text = count_text if way == "Pixels" else share_text
    return frame.style.apply(color, axis=None).format(text, na_rep=MISSING)


def count_text(value: float) -> str:
    """A number of pixels in a cell."""
    return count(int(value))


def share_text(value: float) -> str:
    """A share in a cell."""
    return percent(value)


def _take_cell(names: Sequence[str]) -> None:
    """Where nothing is chosen, the confusion of the first two classes rather than none."""
    if "predicted" not in st.session_state and "predicted" not in st.query_params:
        st.session_state["predicted"] = names[min(1, len(names) - 1)]


def _choose_cell() -> None:
    cells = st.session_state[_TABLE]["selection"]["cells"]
    if not cells:
        return
    row, column = cells[0]
    names = list(st.session_state["evaluate.names"])
    st.session_state["true"] = names[row]
    st.session_state["predicted"] = column
    st.session_state["region"] = 1


def _cell(opened: OpenEvaluation, truth: int, predicted: int) -> None:
    names, matrix = opened.names, opened.matrix
    pixels = int(matrix[truth, predicted])
    true, called = plain(names[truth]), plain(names[predicted])
    if truth == predicted:
        st.info(
            f"{count(pixels)} pixels of {true} are right. Choose two different classes to see "
            "where they are confused.",
            icon=":material/check:",
        )
        return
    st.subheader(f"{true} taken for {called}", anchor=False)
    if not pixels:
        st.info(f"No pixel of {true} is taken for {called}.", icon=":material/check:")
        return
    of_true, of_called = matrix[truth].sum(), matrix[:, predicted].sum()
    st.caption(
        f"{count(pixels)} pixels: {percent(pixels / of_true)} of all that is {true}, "
        f"{percent(pixels / of_called)} of all that is called {called}."
    )
    regions = opened.analysis.regions.by_cell.get((truth, predicted), ())
    left, right = st.columns([3, 5])
    with left:
        region = region_list(opened, regions)
        _samples(opened, truth, predicted)
    if region is not None:
        with right:
            region_view(opened, region, "evaluate-region")


def region_list(
    opened: OpenEvaluation, regions: Sequence[Region], noun: str = "region"
) -> Region | None:
    """The largest regions, one of which is chosen by its row or its number.

    Args:
        opened: the evaluation whose samples they are of.
        regions: the largest first.
        noun: what they are, for the address.
    """
    if not regions:
        return None
    take_number("region", 1, len(regions), noun)
    if st.session_state.get("region", 1) > len(regions):
        st.session_state["region"] = 1
    number = st.number_input(
        f"Region, 1 to {len(regions)} by area",
        min_value=1,
        max_value=len(regions),
        step=1,
        key="region",
        bind="query-params",
    )
    rows = [
        {
            "Region": at + 1,
            "Pixels": region.area,
            "Sample": opened.record.samples[region.sample].id,
            "Width": region.width,
            "Height": region.height,
        }
        for at, region in enumerate(regions)
    ]
    _region_table(rows, regions)
    return regions[int(number) - 1]


def _region_table(rows: Sequence[dict[str, Any]], regions: Sequence[Region]) -> None:
    row_table(
        f"{_REGIONS}.{hash(tuple(regions))}",
        rows,
        "region",
        height=240,
        alt="Regions, the largest first; above, one can be chosen by its number",
    )


def _samples(opened: OpenEvaluation, truth: int, predicted: int) -> None:
    rows = []
    for number, sample in enumerate(opened.record.samples):
        matrix = opened.analysis.matrix([number])
        if pixels := int(matrix[truth, predicted]):
            share = pixels / int(matrix[truth].sum())
            rows.append((pixels, number, sample.id, share))
    rows.sort(key=lambda row: -row[0])
    shown = rows[:_SAMPLES]
    with st.expander(f"In {counted(len(rows), 'sample')}", expanded=False):
        st.dataframe(
            pd.DataFrame(
                {
                    "Sample": [row[2] for row in shown],
                    "Pixels": [row[0] for row in shown],
                    "Of the class there": [row[3] for row in shown],
                }
            ),
            hide_index=True,
            key="evaluate.cell-samples",
            column_config={"Of the class there": st.column_config.NumberColumn(format="percent")},
            height=240,
            alt="Samples with this confusion, the most first",
        )
        most = shown[0][2]
        st.button(
            f"Open {plain(most)}",
            icon=":material/open_in_full:",
            key="evaluate.open-most",
            on_click=open_sample_of,
            args=(most,),
        )


def open_sample_of(sample: str) -> None:
    """Have the next run of the page show this sample."""
    st.session_state["sample"] = sample
    st.session_state["view"] = "Samples"
