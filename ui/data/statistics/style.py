"""How the charts of a dataset look: colours that hold on light and dark, and one way to show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from core.datasets.dataset import Dataset

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["MARK", "VOID_GREY", "class_colors", "difference_axis", "show"]

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


def show(chart: go.Figure, key: str, alt: str, width: int | None = None) -> None:
    """Show a chart without Plotly's tool bar; it neither zooms nor pans, so that pages scroll.

    Args:
        chart: what.
        key: unique on the page.
        alt: what it shows, for those who do not see it.
        width: in CSS pixels where there is so much room; by default all there is.
    """
    chart.update_layout(dragmode=False)
    st.plotly_chart(
        chart,
        config={"displayModeBar": False, "scrollZoom": False, "doubleClick": False},
        width=width or "stretch",
        key=key,
        alt=alt,
    )
