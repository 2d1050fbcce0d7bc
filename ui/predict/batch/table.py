"""The table of a batch, the worst first, and the image that is chosen in it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.evaluation.batch.table import BatchRow
from core.formats import MISSING, counted
from ui.data.arrow_keys import arrow_keys
from ui.predict.batch.compare import OtherBatch
from ui.predict.batch.opened import OpenBatch
from ui.shell.address import take_name

__all__ = ["choose_image", "table_frame"]

_WORST, _GIVEN, _UNSURE = "Worst first", "As they came", "Least sure first"
_APART = "Least agreement first"
_MEAN, _ACCURACY, _SURE = "Mean IoU", "Pixel accuracy", "Confidence"
_AGREES = "Agreement"


def table_frame(
    opened: OpenBatch, rows: Sequence[BatchRow], other: OtherBatch | None
) -> pd.DataFrame:
    """A row an image, in the order of `rows`.

    Args:
        opened: the batch.
        rows: of `batch_rows`.
        other: a batch that it is compared with.
    """
    names = opened.record.classes.names
    lines = []
    for row in rows:
        result = row.result if row.result is not None and not row.result.failed else None
        line: dict[str, object] = {
            "Image": row.name,
            "Size": f"{result.width} × {result.height}" if result else MISSING,
            "Seconds": result.seconds if result else None,
            _MEAN: row.scores.mean_iou if row.scores else None,
            _ACCURACY: row.scores.pixel_accuracy if row.scores else None,
            _SURE: result.confidence if result else None,
        }
        if other is not None:
            pair = other.pairs.get(row.number)
            line[_AGREES] = pair.agreement if pair else None
            line[f"Mean IoU, {other.record.model}"] = pair.other_mean_iou if pair else None
        for label, name in enumerate(names):
            line[f"IoU {name}"] = row.scores.classes[label].iou if row.scores else None
            area = result.areas[label] if result and result.areas else None
            line[f"{name}, ha"] = None if area is None else area / 1e4
        line["Remark"] = row.result.error or row.result.note if row.result else "waits"
        lines.append(line)
    frame = pd.DataFrame(lines)
    kept = ["Image", "Size", "Remark"]
    numbers = [column for column in frame.columns if column not in kept]
    frame = frame.astype(dict.fromkeys(numbers, float))
    return frame.drop(columns=[c for c in numbers if frame[c].isna().all()])


def choose_image(
    opened: OpenBatch, rows: Sequence[BatchRow], other: OtherBatch | None
) -> BatchRow | None:
    """The table, the box that names an image, and the buttons before and after it.

    Returns:
        The row of the image that is chosen.
    """
    ordered = _ordered(opened, rows, other)
    names = [row.name for row in ordered]
    place = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        take_name("item", names, "image of the batch")
        chosen = st.selectbox("Image", names, key="item", bind="query-params", width=420)
        at = names.index(chosen)
        for label, to, icon, key in (
            ("Previous", at - 1, "chevron_left", "left"),
            ("Next", at + 1, "chevron_right", "right"),
        ):
            st.button(
                label,
                key=f"batch.{label}",
                icon=f":material/{icon}:",
                disabled=not 0 <= to < len(names),
                help=f"Arrow key {key}",
                on_click=_go,
                args=(names, to),
            )
        st.caption(f"{at + 1:,} of {counted(len(names), 'image')}")
    with place:
        _table(opened, ordered, other)
    arrow_keys("batch-keys", lambda step: _go(names, at + step))
    return ordered[at]


def _go(names: Sequence[str], to: int) -> None:
    if 0 <= to < len(names):
        st.session_state["item"] = names[to]


def _ordered(
    opened: OpenBatch, rows: Sequence[BatchRow], other: OtherBatch | None
) -> list[BatchRow]:
    names = opened.record.classes.names
    by_class = {f"IoU {name}, the worst first": label for label, name in enumerate(names)}
    ways = [_WORST, _GIVEN, _UNSURE]
    ways += [_APART] if other is not None else []
    if any(row.scores for row in rows):
        ways += list(by_class)
    take_name("order", ways, "order")
    way = st.selectbox("Order", ways, key="order", bind="query-params", width=320)
    if way == _GIVEN:
        return sorted(rows, key=lambda row: row.number)
    if way == _UNSURE:
        return sorted(rows, key=_unsure)
    if way == _APART and other is not None:
        return sorted(rows, key=lambda row: other.rank(row.number))
    if way in by_class:
        return sorted(rows, key=lambda row: _class_rank(row, by_class[way]))
    return list(rows)


def _unsure(row: BatchRow) -> tuple[bool, float]:
    sure = row.result.confidence if row.result else None
    return sure is None, sure or 0.0


def _class_rank(row: BatchRow, label: int) -> tuple[bool, float]:
    iou = row.scores.classes[label].iou if row.scores else None
    return iou is None, iou or 0.0


def _table(opened: OpenBatch, rows: Sequence[BatchRow], other: OtherBatch | None) -> None:
    frame = table_frame(opened, rows, other)
    names = [row.name for row in rows]
    key = f"batch.table.{opened.kept.id}.{hash(tuple(names))}"

    def choose() -> None:
        ticked = st.session_state[key]["selection"]["rows"]
        if ticked:
            st.session_state["item"] = names[ticked[0]]

    numbers = [c for c in frame.columns if pd.api.types.is_float_dtype(frame[c])]
    st.dataframe(
        frame,
        hide_index=True,
        key=key,
        on_select=choose,
        selection_mode="single-row",
        column_config={
            "Image": st.column_config.TextColumn(pinned=True, width="medium"),
            **{name: st.column_config.NumberColumn(format=_format(name)) for name in numbers},
        },
        placeholder=MISSING,
        height=min(400, 38 + 35 * max(2, len(rows))),
        alt="Images of the batch with their scores; below, one can be chosen from a list",
    )


def _format(column: str) -> str:
    if column == "Seconds":
        return "%.1f"
    return "%.2f" if column.endswith(", ha") else "%.3f"
