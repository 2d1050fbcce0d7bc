"""What values the bands have, and how they go together."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.formats import short_number
from ui.data.statistics.style import difference_axis, show
from ui.shell.errors import figure_text, plain

__all__ = ["band_correlation", "band_histograms", "band_table"]

_NAMED = {"Red": "#E0484B", "Green": "#2E9E62", "Blue": "#3F86E8", "Near infrared": "#B4527F"}
# Told apart on light and dark; bands of one course would hide one another, hence the dashes.
_COLORS = ("#1C9AA8", "#D9822B", "#7A83E0", "#D1568F", "#6AA84F", "#B08968", "#E0484B")
_DASHES = ("solid", "dash", "dot", "dashdot")
_LEAST, _LARGE = 1e-6, 1e12  # beyond them a column is written with exponents
_TAIL = 0.0005  # share of the pixels at either end that may lie outside the axis
_WRITTEN = 12  # bands up to which the cells of the matrix have their number in them


def band_histograms(
    edges: np.ndarray, counts: np.ndarray, names: Sequence[str], unit: str = "Pixel value"
) -> None:
    """How often each value occurs, a line each band.

    The axis ends where all but 0.1 % of the pixels are shown, if the rest lies far out.

    Args:
        edges: (E + 1,) float limits of the bins, or (B, E + 1) where each band has its own.
        counts: (B, E) pixels in each bin.
        names: of the B bands.
        unit: what the values are, for the axis.
    """
    import plotly.graph_objects as go

    edges = np.broadcast_to(np.asarray(edges, np.float64), (len(names), edges.shape[-1]))
    chart = go.Figure()
    rows = np.asarray(counts, np.float64)
    for index, (name, limits, row) in enumerate(zip(names, edges, rows, strict=True)):
        share = 100 * row / max(1.0, row.sum())
        chart.add_scatter(
            x=(limits[:-1] + limits[1:]) / 2,
            y=share,
            name=figure_text(name),
            mode="lines",
            line={
                "shape": "hvh",
                "width": 2,
                "color": _NAMED.get(name, _COLORS[index % len(_COLORS)]),
                "dash": "solid" if name in _NAMED else _DASHES[index % len(_DASHES)],
            },
            customdata=np.stack([limits[:-1], limits[1:]], axis=1),
            hovertemplate=f"{figure_text(name)}, %{{customdata[0]:.4g}} to %{{customdata[1]:.4g}}: "
            "%{y:.2f}%<extra></extra>",
        )
    chart.update_layout(
        height=340,
        margin={"l": 0, "r": 20, "t": 40, "b": 40},
        xaxis={"title": unit, "range": _range(edges, counts)},
        yaxis={"title": "Share of pixels in %", "rangemode": "tozero"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        showlegend=True,
    )
    show(chart, "band-histograms", "Histogram of the values of each band")


def _range(edges: np.ndarray, counts: np.ndarray) -> tuple[float, float]:
    """The part of the axis that is shown: a few bright corners would squeeze all else together."""
    lows, highs = [], []
    for limits, row in zip(edges, counts, strict=True):
        below = np.cumsum(row) / max(1, row.sum())
        first, last = np.searchsorted(below, (_TAIL, 1 - _TAIL))
        lows.append(limits[first])
        highs.append(limits[min(last + 1, len(limits) - 1)])
    low, high = float(min(lows)), float(max(highs))
    whole = float(edges.min()), float(edges.max())
    return (low, high) if 0 < high - low < 0.6 * (whole[1] - whole[0]) else whole


def band_correlation(covariance: np.ndarray, names: Sequence[str]) -> None:
    """The correlation of each pair of bands as colour and number, the covariance below it.

    Args:
        covariance: (B, B) float; pixels of all images together.
        names: of the B bands.
    """
    import plotly.graph_objects as go

    covariance = np.asarray(covariance, np.float64)
    spread = np.sqrt(np.clip(np.diag(covariance), 0, None))
    scale = np.outer(spread, spread)
    # A constant band goes along with nothing: no number, no colour.
    correlation = np.divide(
        covariance, scale, out=np.full(covariance.shape, np.nan), where=scale > 0
    )
    chart = go.Figure(
        go.Heatmap(
            z=correlation,
            x=[figure_text(name) for name in names],
            y=[figure_text(name) for name in names],
            coloraxis="coloraxis",
            # As text: in a cell Plotly makes a dash of custom data that arrives packed.
            text=[[short_number(value) for value in row] for row in covariance],
            texttemplate="%{z:.2f}<br>%{text}" if len(names) <= _WRITTEN else None,
            hovertemplate="%{y} and %{x}: correlation %{z:.3f}<br>"
            "covariance %{text}<extra></extra>",
            hoverongaps=False,
            xgap=2,
            ygap=2,
        )
    )
    chart.update_layout(
        height=150 + 44 * max(4, len(names)),
        margin={"l": 0, "r": 0, "t": 10, "b": 40},
        xaxis={"type": "category", "showgrid": False},
        yaxis={"type": "category", "autorange": "reversed", "showgrid": False},
        coloraxis=difference_axis(1, title={"text": "r"}, tickvals=[-1, 0, 1]),
    )
    width = 240 + 80 * max(4, len(names))
    show(chart, "band-correlation", "Correlation of the bands", width=width)


def band_table(
    names: Sequence[str],
    mean: Sequence[float],
    std: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
) -> None:
    """Mean, standard deviation, least and greatest value of each band, as a table.

    The numbers of a column have the same decimals: those that tell the bands' deviations apart.
    """
    decimals = _decimals(std)
    columns: dict[str, list[str]] = {"Band": [plain(name) for name in names]}
    for column, values in (
        ("Mean", mean),
        ("Standard deviation", std),
        ("Least", low),
        ("Greatest", high),
    ):
        columns[column] = _written(values, decimals)
    st.table(columns, border="horizontal")


def _decimals(std: Sequence[float]) -> int:
    """So many that the least deviation has three digits, at most six."""
    least = min((value for value in std if value > 0 and math.isfinite(value)), default=1.0)
    return min(max(0, 2 - math.floor(math.log10(least))), 6)


def _written(values: Sequence[float], decimals: int) -> list[str]:
    """The values of a column; whole numbers as such."""
    if any(0 < abs(value) < _LEAST or _LARGE <= abs(value) < math.inf for value in values):
        return [f"{value:.3e}" for value in values]
    whole = all(float(value).is_integer() for value in values)
    return [f"{value:,.{0 if whole else decimals}f}" for value in values]
