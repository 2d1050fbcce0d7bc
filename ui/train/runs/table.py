"""The runs as a table that can be sorted; rows are ticked to look at one or compare several."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

from core.formats import MISSING
from core.models.network import network_title
from core.training.runs.summary import RunSummary
from ui.widgets.wide_table import wide_table

__all__ = ["run_table"]

# Pixels: name, score and state are seen on a telephone too; the other columns come after them.
_WIDTHS = {
    "Run": 144,
    "Val mean IoU": 70,
    "State": 106,
    "Test mean IoU": 72,
    "Epochs": 80,
    "Minutes": 80,
    "Dataset": 130,
    "Network": 120,
    "Parameters": 110,
    "Tags": 120,
    "Notes": 200,
    "Started": 120,
}
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
    with wide_table("runs", _WIDTHS):
        event = st.dataframe(
            _frame(runs),
            hide_index=True,
            key=f"{key}.{hash(tuple(names))}",
            on_select="rerun",
            selection_mode="multi-row",
            selection_default={"selection": {"rows": rows, "columns": [], "cells": []}},
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
            "State": [_state(run) for run in runs],
            "Test mean IoU": _numbers([run.test_mean_iou for run in runs]),
            "Epochs": [f"{run.status.epoch} / {run.status.epochs}" for run in runs],
            "Minutes": [round(run.minutes, 1) for run in runs],
            "Dataset": [run.config.dataset for run in runs],
            "Network": [network_title(run.config.model) for run in runs],
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
    config, width = st.column_config, _WIDTHS
    number, text = config.NumberColumn, config.TextColumn
    return {
        "Run": text(width=width["Run"]),
        "Val mean IoU": number(
            "Val IoU",
            format="%.3f",
            width=width["Val mean IoU"],
            help="Mean IoU: the best so far, pooled over the validation images.",
        ),
        "Test mean IoU": number(
            "Test IoU",
            format="%.3f",
            width=width["Test mean IoU"],
            help="Mean IoU of the kept weights, pooled over the test images.",
        ),
        "State": text(width=width["State"]),
        "Epochs": text(width=width["Epochs"], help="Begun, of those wanted."),
        "Minutes": number(
            format="%.1f",
            width=width["Minutes"],
            help="That the epochs took, validation included.",
        ),
        "Dataset": text(width=width["Dataset"]),
        "Network": text(width=width["Network"]),
        "Parameters": number(
            format="localized",
            width=width["Parameters"],
            help="Of the network; known from the first validation on.",
        ),
        "Tags": config.ListColumn(width=width["Tags"]),
        "Notes": text(width=width["Notes"]),
        "Started": config.DatetimeColumn(format="distance", width=width["Started"]),
    }
