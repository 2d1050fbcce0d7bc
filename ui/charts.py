"""Plotly curves of a training; zoom and hidden lines stay when new points come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from core.datasets.classes import ClassTable

__all__ = ["class_curves", "iou_curves", "loss_curve"]

Record = dict[str, Any]

_POINTS = 1500  # drawn at most: more than a screen has columns
_HEIGHT = 300
# Under a line in a class's own colour, which may be as dark or as light as the page.
_CASING = "rgba(128, 140, 155, 0.55)"
_TRAINING, _VALIDATION = "#d9822b", "#1c9aa8"  # told apart on light and dark


def loss_curve(records: Sequence[Record], steps: int, name: str) -> go.Figure:
    """Training loss by step, as it is and smoothed.

    Args:
        records: `Run.metrics()`.
        steps: of the whole training, the length of the axis; 0 where it is not known yet.
        name: of the run.
    """
    found = [(r["step"], r["loss"]) for r in records if r["kind"] == "step"]
    x, raw = [step for step, _ in found], [loss for _, loss in found]
    every = max(1, -(-len(x) // _POINTS))
    figure = _figure("Training loss", "Step", name)
    figure.add_scatter(
        x=x[::every],
        y=raw[::every],
        name="each report",
        mode="lines",
        line={"color": _TRAINING, "width": 1},
        opacity=0.35,
    )
    figure.add_scatter(
        x=x[::every],
        y=_smoothed(raw)[::every],
        name="smoothed",
        mode="lines+markers" if len(x) < 3 else "lines",
        line={"color": _TRAINING, "width": 2.5},
        hovertemplate="step %{x:,}: %{y:.3f}<extra></extra>",
    )
    figure.update_xaxes(range=[0, max(steps, x[-1] if x else 1)])
    figure.update_yaxes(rangemode="tozero")
    return figure


def _smoothed(values: Sequence[float]) -> list[float]:
    """A running mean that forgets over about a thirtieth of the curve, at least 5 points."""
    keep = 1 - 1 / max(5, len(values) / 30)
    total = weight = 0.0
    smooth = []
    for value in values:
        total, weight = keep * total + value, keep * weight + 1
        smooth.append(total / weight)
    return smooth


def iou_curves(records: Sequence[Record], epochs: int, name: str) -> go.Figure:
    """Mean IoU per epoch: of the training crops, and of the whole validation images."""
    figure = _figure("Mean IoU", "Epoch", name)
    lines = (("training crops", "mean_iou", _TRAINING), ("validation", "val_mean_iou", _VALIDATION))
    for title, key, color in lines:
        x, y = _by_epoch(records, lambda record, key=key: record[key])
        figure.add_scatter(
            x=x,
            y=y,
            name=title,
            mode="lines+markers",
            line={"color": color, "width": 2.5},
            hovertemplate=f"{title}, epoch %{{x}}: %{{y:.3f}}<extra></extra>",
        )
    return _with_iou_axes(figure, epochs)


def class_curves(
    records: Sequence[Record], classes: ClassTable, epochs: int, name: str
) -> go.Figure:
    """Validation IoU per epoch of each class, in the class's colour."""
    figure = _figure("Validation IoU by class", "Epoch", name)
    for land in classes.classes:
        x, y = _by_epoch(records, lambda record, land=land: record["val_iou"].get(land.name))
        shared = {"x": x, "y": y, "legendgroup": land.name, "mode": "lines+markers"}
        figure.add_scatter(
            **shared,
            line={"color": _CASING, "width": 5},
            marker={"size": 10},
            showlegend=False,
            hoverinfo="skip",
        )
        figure.add_scatter(
            **shared,
            name=land.name,
            line={"color": land.color, "width": 3},
            marker={"size": 7, "line": {"color": _CASING, "width": 1}},
            hovertemplate=f"{land.name}, epoch %{{x}}: %{{y:.3f}}<extra></extra>",
        )
    return _with_iou_axes(figure, epochs)


def _by_epoch(records: Sequence[Record], value: Any) -> tuple[list[int], list[float | None]]:
    epochs = [record for record in records if record["kind"] == "epoch"]
    return [record["epoch"] for record in epochs], [value(record) for record in epochs]


def _with_iou_axes(figure: go.Figure, epochs: int) -> go.Figure:
    figure.update_xaxes(range=[0.5, max(2, epochs) + 0.5], tickformat="d")
    if epochs <= 12:
        figure.update_xaxes(dtick=1)
    figure.update_yaxes(range=[0, 1])
    return figure


def _figure(title: str, x: str, name: str) -> go.Figure:
    figure = go.Figure()
    figure.update_layout(
        title={"text": title, "font": {"size": 15}, "x": 0, "y": 0.98, "yanchor": "top"},
        height=_HEIGHT,
        margin={"l": 8, "r": 8, "t": 62, "b": 8},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "title": None},
        hovermode="closest",
        uirevision=name,
    )
    figure.update_xaxes(title_text=x, title_standoff=4, automargin=True)
    figure.update_yaxes(automargin=True)
    return figure
