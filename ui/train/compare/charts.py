"""Charts of several runs on one axis; a run has the same colour in all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from ui.shell.errors import figure_text

__all__ = ["epoch_chart", "run_colors", "spread_chart"]

# Told apart on light and on dark, also by most who see colours differently.
_COLORS = ("#d9822b", "#1c9aa8", "#8a63d2", "#4c8f3f", "#cf4f6f", "#4a7fd6", "#a07a2f", "#7f8b96")
_DASHES = ("solid", "dash", "dot")


def run_colors(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """A colour and a dash for each run, by its place among those chosen."""
    count = len(_COLORS)
    return {
        name: (_COLORS[i % count], _DASHES[i // count % len(_DASHES)])
        for i, name in enumerate(names)
    }


def epoch_chart(
    curves: Mapping[str, Sequence[tuple[int, float | None]]],
    title: str,
    key: str,
    *,
    share: bool = False,
) -> None:
    """Show a value of each run by epoch.

    Args:
        curves: (epoch, value) pairs by run, by rising epoch.
        title: name of the value.
        key: widget key, unique on the page.
        share: whether the values lie between 0 and 1.
    """
    figure = go.Figure()
    for name, (color, dash) in run_colors(list(curves)).items():
        points = [(epoch, value) for epoch, value in curves[name] if value is not None]
        figure.add_trace(
            go.Scatter(
                x=[epoch for epoch, _ in points],
                y=[value for _, value in points],
                name=figure_text(name),
                mode="lines+markers" if len(points) <= 60 else "lines",
                line={"color": color, "dash": dash, "width": 2},
                marker={"color": color, "size": 5},
                hovertemplate="%{y:.3f}",
            )
        )
    last = max((epoch for points in curves.values() for epoch, _ in points), default=1)
    every = -(-max(2, last) // 10)
    figure.update_xaxes(
        title="Epoch", range=[0.5, max(2, last) + 0.5], tickformat="d", tick0=0, dtick=every
    )
    figure.update_yaxes(title=title, **({"range": [0, 1]} if share else {"rangemode": "tozero"}))
    _show(figure, key, f"{title} by epoch of {len(curves)} trainings", 320)


def spread_chart(values: Mapping[str, Mapping[str, Mapping[str, float]]], key: str) -> None:
    """Show how the score of each class spreads over the images, a box a run.

    Args:
        values: IoU by run, sample id and class.
        key: widget key, unique on the page.
    """
    figure = go.Figure()
    classes = dict.fromkeys(
        name for by_sample in values.values() for ious in by_sample.values() for name in ious
    )
    for run, (color, _) in run_colors(list(values)).items():
        points = [
            (name, ious[name], sample)
            for name in classes
            for sample, ious in values[run].items()
            if name in ious
        ]
        figure.add_trace(
            go.Box(
                x=[figure_text(name) for name, _, _ in points],
                y=[iou for _, iou, _ in points],
                text=[figure_text(sample) for _, _, sample in points],
                name=figure_text(run),
                boxpoints="all",
                jitter=0.5,
                pointpos=0,
                line={"color": color, "width": 1.5},
                fillcolor="rgba(0,0,0,0)",
                marker={"color": color, "size": 4, "opacity": 0.7},
                hovertemplate="%{text}<br>%{x}: %{y:.3f}<extra>" + figure_text(run) + "</extra>",
            )
        )
    figure.update_layout(boxmode="group")
    figure.update_yaxes(title="IoU in an image", range=[-0.02, 1.02])
    figure.update_xaxes(title=None)
    _show(figure, key, "IoU of each class over the images, for each training", 380, "closest")


def _show(figure: go.Figure, key: str, alt: str, height: int, hover: str = "x unified") -> None:
    layout: dict[str, Any] = {
        "height": height,
        "margin": {"l": 0, "r": 8, "t": 36, "b": 0},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "hovermode": hover,
        "showlegend": True,
        "uirevision": key,
    }
    figure.update_layout(layout)
    config = {"displaylogo": False, "displayModeBar": False}
    st.plotly_chart(figure, key=key, config=config, alt=alt)
