"""How the charts of a dataset look: colours that hold on light and dark, and one way to show."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.datasets.dataset import Dataset

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["MARK", "VOID_GREY", "ShowSamples", "class_colors", "difference_axis", "show"]

ShowSamples = Callable[..., None]
"""Shows the samples that meet conditions, see `show_only`."""

VOID_GREY = "#8A949E"
MARK = "#14828E"
EDGE = "rgba(128,140,155,.5)"
"""Around areas in a class's own colour, which may be as dark or as light as the page."""


def class_colors(dataset: Dataset) -> list[str]:
    """The classes' own colours, then void's."""
    return [*(land_class.color for land_class in dataset.classes.classes), VOID_GREY]


def difference_axis(limit: float, **bar: Any) -> dict[str, Any]:
    """A colour axis around 0, in the theme's two-sided colours.

    Args:
        limit: its end on either side.
        bar: settings of the colour bar.
    """
    # Chosen by itself, the scale is the theme's diverging one, in light and in dark.
    return {
        "autocolorscale": True,
        "cmin": -limit,
        "cmax": limit,
        "colorbar": {"thickness": 12, "outlinewidth": 0} | bar,
    }


def show(
    chart: go.Figure,
    key: str,
    alt: str,
    width: int | None = None,
    on_click: Callable[[int, int], None] | None = None,
) -> None:
    """Show a chart without Plotly's tool bar; it neither zooms nor pans, so that pages scroll.

    Args:
        chart: what.
        key: unique on the page.
        alt: what it shows, for those who do not see it.
        width: in CSS pixels where there is so much room; by default all there is.
        on_click: called with the numbers of the trace and of its point that was clicked.
    """
    chart.update_layout(dragmode=False)
    clicks: dict[str, Any] = {}
    if on_click is not None:
        clicks = {"on_select": partial(_clicked, key, on_click), "selection_mode": "points"}
    st.plotly_chart(
        chart,
        config={"displayModeBar": False, "scrollZoom": False, "doubleClick": False},
        width=width or "stretch",
        key=key,
        alt=alt,
        **clicks,
    )


def _clicked(key: str, on_click: Callable[[int, int], None]) -> None:
    points = st.session_state[key]["selection"]["points"]
    if points:
        on_click(points[0]["curve_number"], points[0]["point_index"])
