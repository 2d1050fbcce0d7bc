"""The runs as a table that can be sorted; rows are ticked to look at one or compare several."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

from core.formats import MISSING
from core.training.runs.summary import RunSummary

__all__ = ["run_table"]

# Pixels: a name and both scores are seen on a telephone too; the other columns come after them.
_NAME, _SCORE = 118, 106
_MARKS = {
    "queued": "…",
    "starting": "▶",
    "running": "▶",
    "finished": "✓",
    "stopped": "■",
    "failed": "✕",
    "interrupted": "✕",
}


def run_table(runs: Sequence[RunSummary], chosen: Sequence[str], key: str) -> list[str]:
    """Show the table.

    Args:
        runs: a row each, in the order they have until a column is sorted by.
        chosen: names of the runs whose rows are ticked at first.
        key: widget key, unique on the page.

    Returns:
        The names of the runs whose rows are ticked now.
    """
    names = [run.name for run in runs]
    rows = [names.index(name) for name in chosen if name in names]
    # Ticks are kept by position: other rows are another table.
    event = st.dataframe(
        _frame(runs),
        hide_index=True,
        key=f"{key}.{hash(tuple(names))}",
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": rows, "columns": [], "cells": []}},
        height=min(35 * len(runs) + 38, 430),
        column_config=_columns(),
        placeholder=MISSING,
        alt="Trainings with their scores; below, one can be chosen from a list",
    )
    ticked: list[int] = event["selection"]["rows"]
    return [names[row] for row in ticked if row < len(names)]


def _frame(runs: Sequence[RunSummary]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Run": [run.name for run in runs],
            "Val mean IoU": _numbers([run.val_mean_iou for run in runs]),
            "Test mean IoU": _numbers([run.test_mean_iou for run in runs]),
            "State": [_state(run) for run in runs],
            "Epochs": [f"{run.status.epoch} / {run.status.epochs}" for run in runs],
            "Minutes": [round(run.minutes, 1) for run in runs],
            "Dataset": [run.config.dataset for run in runs],
            "Network": [run.network for run in runs],
            "Parameters": _numbers([run.parameters for run in runs]),
            "Tags": [list(run.tags) for run in runs],
            "Notes": [run.text for run in runs],
            "Started": [datetime.fromtimestamp(run.status.started, UTC) for run in runs],
        }
    )


def _numbers(values: Sequence[float | None]) -> pd.Series:
    return pd.Series(values, dtype="Float64")


def _state(run: RunSummary) -> str:
    stopping = run.status.alive and run.run.stop_file.exists()
    place = f" {run.place}" if run.place else ""
    state = "stopping …" if stopping else run.status.state
    return f"{_MARKS[run.status.state]} {state}{place}"


def _columns() -> dict[str, Any]:
    score = st.column_config.NumberColumn
    return {
        "Run": st.column_config.TextColumn(pinned=True, width=_NAME),
        "Val mean IoU": score(
            format="%.3f", width=_SCORE, help="The best so far, pooled over the validation images."
        ),
        "Test mean IoU": score(
            format="%.3f", width=_SCORE, help="Of the kept weights, pooled over the test images."
        ),
        "Epochs": st.column_config.TextColumn(help="Begun, of those wanted."),
        "Minutes": score(format="%.1f", help="That the epochs took, validation included."),
        "Parameters": score(
            format="localized", help="Of the network; known from the first validation on."
        ),
        "Tags": st.column_config.ListColumn(),
        "Started": st.column_config.DatetimeColumn(format="distance"),
    }
