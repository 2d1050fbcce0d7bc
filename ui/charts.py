"""Curves of a training, with Plotly.

Streamlit 1.67 names a Plotly chart by a digest of its content: one that is given a new point is
drawn anew, and what was zoomed is lost. Whoever wants to look closely while a training runs holds
the curves still (`ui.run_detail`); the same content keeps its zoom whatever else changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from core.classes import ClassTable

__all__ = ["class_curves", "iou_curves", "loss_curve"]

Record = dict[str, Any]

_POINTS = 1500  # drawn at most: more than a screen has columns
_HEIGHT = 320
# Under a line in a class's own colour, which may be as dark or as light as the page.
_CASING = "#808c9b"
_TRAINING, _VALIDATION = "#d9822b", "#1c9aa8"  # told apart on light and dark


def loss_curve(records: Sequence[Record], steps: int, key: str) -> None:
    """Show the training loss by step, as measured and smoothed.

    Args:
        records: `Run.metrics()`.
        steps: of the whole training, the length of the axis; 0 where it is not known yet.
        key: unique on the page.
    """
    found = [record for record in records if record["kind"] == "step"]
    every = max(1, -(-len(found) // _POINTS))
    x = [record["step"] for record in found][::every]
    raw = [record["loss"] for record in found]
    figure = go.Figure(
        [
            _line(x, raw[::every], "as measured", _TRAINING, width=1, opacity=0.35),
            _line(x, _smoothed(raw)[::every], "smoothed", _TRAINING, width=2),
        ]
    )
    figure.update_xaxes(title="Step", range=[0, max(steps, 1)])
    figure.update_yaxes(title="Loss", rangemode="tozero")
    _show(figure, key)


def iou_curves(records: Sequence[Record], epochs: int, key: str) -> None:
    """Show the mean IoU per epoch: of the training crops, and of the whole validation images."""
    x, crops = _by_epoch(records, lambda record: record["mean_iou"])
    _, whole = _by_epoch(records, lambda record: record["val_mean_iou"])
    figure = go.Figure(
        [
            _line(x, crops, "training crops", _TRAINING, epochs=epochs),
            _line(x, whole, "validation images", _VALIDATION, epochs=epochs),
        ]
    )
    _iou_axes(figure, epochs, "Mean IoU")
    _show(figure, key)


def class_curves(records: Sequence[Record], classes: ClassTable, epochs: int, key: str) -> None:
    """Show the validation IoU per epoch of each class, in the class's colour."""
    figure = go.Figure()
    for land in classes.classes:
        x, y = _by_epoch(records, lambda record, name=land.name: record["val_iou"].get(name))
        casing = _line(x, y, land.name, _CASING, width=4.5)
        figure.add_trace(casing.update(showlegend=False, hoverinfo="skip", legendgroup=land.name))
        line = _line(x, y, land.name, land.color, width=2.5, epochs=epochs)
        figure.add_trace(line.update(legendgroup=land.name))
    _iou_axes(figure, epochs, "IoU")
    _show(figure, key)


def _line(
    x: Sequence[int],
    y: Sequence[float | None],
    name: str,
    color: str,
    *,
    width: float = 2,
    opacity: float = 1,
    epochs: int | None = None,
) -> go.Scatter:
    # A single epoch is no line yet; many dots hide theirs.
    size = 0 if epochs is None else 6 if epochs <= 60 else 3
    return go.Scatter(
        x=x,
        y=y,
        name=name,
        mode="lines+markers" if size else "lines",
        opacity=opacity,
        line={"color": color, "width": width},
        marker={"color": color, "size": size},
        hovertemplate="%{x:,d}: %{y:.3f}",
    )


def _iou_axes(figure: go.Figure, epochs: int, title: str) -> None:
    every = -(-max(2, epochs) // 10)  # whole epochs: between them a tick would say the same number
    figure.update_xaxes(
        title="Epoch", range=[0.5, max(2, epochs) + 0.5], tickformat="d", tick0=0, dtick=every
    )
    figure.update_yaxes(title=title, range=[0, 1])


def _show(figure: go.Figure, key: str) -> None:
    figure.update_layout(
        height=_HEIGHT,
        margin={"l": 0, "r": 8, "t": 36, "b": 0},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="x unified",
        uirevision=key,
    )
    st.plotly_chart(figure, key=key, config={"displaylogo": False, "displayModeBar": False})


def _by_epoch(
    records: Sequence[Record], value: Callable[[Record], float | None]
) -> tuple[list[int], list[float | None]]:
    epochs = [record for record in records if record["kind"] == "epoch"]
    return [record["epoch"] for record in epochs], [value(record) for record in epochs]


def _smoothed(values: Sequence[float]) -> list[float]:
    """A running mean that forgets over about a thirtieth of the curve, at least 5 points."""
    keep = 1 - 1 / max(5, len(values) / 30)
    total = weight = 0.0
    smooth = []
    for value in values:
        total, weight = keep * total + value, keep * weight + 1
        smooth.append(total / weight)
    return smooth
