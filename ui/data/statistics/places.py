"""Where classes lie: beside which others, and in which part of the frame."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.classes import ClassTable, LandClass
from ui.data.statistics.style import difference_axis, show
from ui.shell.errors import figure_text

__all__ = ["class_adjacency", "class_positions"]

_WRITTEN = 10  # classes up to which the cells of the matrix have their number in them
_MAPS = 24
_OCTAVES = 2.0  # the maps' colours end at a quarter and at four times the average


def class_adjacency(matrix: np.ndarray, classes: ClassTable) -> None:
    """Which classes border on which: of all the edges of a class, the share with each other.

    Args:
        matrix: (K, K) how often a pixel of one class lies beside one of the other; symmetric. The
            diagonal is not used.
        classes: the K classes.
    """
    import plotly.graph_objects as go

    pairs = np.asarray(matrix, np.float64).copy()
    np.fill_diagonal(pairs, 0)
    edges = pairs.sum(axis=1, keepdims=True)
    shares = np.divide(100 * pairs, edges, out=np.full(pairs.shape, np.nan), where=edges > 0)
    np.fill_diagonal(shares, np.nan)
    names = [figure_text(name) for name in classes.names]
    chart = go.Figure(
        go.Heatmap(
            z=shares,
            x=names,
            y=names,
            zmin=0,
            zmax=100,
            customdata=pairs,
            texttemplate="%{z:.0f}" if len(names) <= _WRITTEN else None,
            hovertemplate="Of the edges of %{y}, %{z:.1f}% are with %{x}<br>"
            "%{customdata:,} pairs of pixels<extra></extra>",
            hoverongaps=False,
            xgap=2,
            ygap=2,
            colorbar={"title": {"text": "%"}, "thickness": 12, "outlinewidth": 0},
        )
    )
    chart.update_layout(
        height=150 + 40 * max(3, len(names)),
        margin={"l": 0, "r": 0, "t": 10, "b": 60},
        xaxis={"title": "… borders on", "type": "category", "showgrid": False},
        yaxis={"type": "category", "autorange": "reversed", "showgrid": False},
    )
    alt = "Share of each class's edges with every other class, in percent"
    show(chart, "class-adjacency", alt, width=240 + 90 * max(3, len(names)))


def class_positions(maps: np.ndarray, classes: ClassTable) -> None:
    """Where in the frame each class occurs, a small map each.

    A map shows how many times as often as on average over the frame the class is found at a
    place. What is not labelled does not count, so a border without data does not look empty.

    Args:
        maps: (K, R, C) pixels of each class by place in the frame, top left first.
        classes: the K classes.
    """
    counts = np.asarray(maps, np.float64)
    order = [int(k) for k in np.argsort(-counts.sum(axis=(1, 2)), kind="stable")]
    present = [k for k in order if counts[k].any()]
    shown = sorted(present[:_MAPS])
    if len(shown) < len(present):
        st.caption(f"The {len(shown)} commonest of {len(present)} classes that occur.")
    labelled = counts.sum(axis=0)
    with st.container(horizontal=True, gap="medium"):
        for k in shown:
            usual = counts[k].sum() / labelled.sum()
            ratio = np.divide(
                counts[k], labelled * usual, out=np.full(labelled.shape, np.nan), where=labelled > 0
            )
            with st.container(width=170, gap=None):
                _map(ratio, classes.classes[k], k)


def _map(ratio: np.ndarray, land_class: LandClass, index: int) -> None:
    import plotly.graph_objects as go

    with np.errstate(divide="ignore"):
        octaves = np.clip(np.log2(ratio), -_OCTAVES, _OCTAVES)
    rows, columns = ratio.shape
    chart = go.Figure(
        go.Heatmap(
            z=octaves,
            x=(np.arange(columns) + 0.5) * 100 / columns,
            y=(np.arange(rows) + 0.5) * 100 / rows,
            customdata=ratio,
            coloraxis="coloraxis",
            hoverongaps=False,
            hovertemplate="%{x:.0f}% from the left, %{y:.0f}% from the top:<br>"
            "%{customdata:.2f} times the average<extra></extra>",
        )
    )
    bare = {"visible": False, "range": [0, 100]}
    ends = {-_OCTAVES: "¼×", 0.0: "1×", _OCTAVES: "4×"}
    chart.update_layout(
        title={
            "text": f"<span style='color:{land_class.color}'>■</span> "
            + figure_text(land_class.name),
            "font": {"size": 14},
            "x": 0,
            "y": 0.97,
        },
        height=225,
        margin={"l": 0, "r": 0, "t": 28, "b": 0},
        xaxis=bare,
        yaxis=bare | {"range": [100, 0]},
        coloraxis=difference_axis(
            _OCTAVES,
            orientation="h",
            y=0,
            yanchor="top",
            thickness=6,
            tickvals=list(ends),
            ticktext=list(ends.values()),
        ),
    )
    show(chart, f"class-position-{index}", f"Where in the frame {land_class.name} occurs")
