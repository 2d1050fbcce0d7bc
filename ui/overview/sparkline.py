"""A curve in the size of a line of text."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.formats import score

__all__ = ["show_sparkline", "sparkline"]

_WIDTH, _HEIGHT, _MARGIN = 240, 44, 5
_COLOR = "#1c9aa8"  # of validation curves, told apart on light and dark
_LEAST_RANGE = 0.05  # noise is not to fill the height


def show_sparkline(values: Sequence[float], name: str) -> None:
    """Show values from 0 to 1 as a curve, the best of them marked.

    Args:
        values: in their order, at least one.
        name: what they are, for screen readers.
    """
    first, last, best = (score(value) for value in (values[0], values[-1], max(values)))
    # As a picture: `st.html` takes SVG out.
    st.image(
        sparkline(values),
        width="stretch",
        alt=f"{name}: {first} at first, {last} at last, best {best}",
    )


def sparkline(values: Sequence[float]) -> str:
    """The curve as SVG."""
    low, high = min(values), max(values)
    middle, spread = (low + high) / 2, max(high - low, _LEAST_RANGE)
    step = (_WIDTH - 2 * _MARGIN) / max(1, len(values) - 1)
    points = [
        (
            _MARGIN + position * step,
            _HEIGHT / 2 - (value - middle) / spread * (_HEIGHT - 2 * _MARGIN),
        )
        for position, value in enumerate(values)
    ]
    best = points[max(range(len(values)), key=values.__getitem__)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDTH} {_HEIGHT}' "
        f"width='{_WIDTH}' height='{_HEIGHT}'>"
        f"<polyline points='{line}' fill='none' stroke='{_COLOR}' stroke-width='2' "
        "stroke-linejoin='round'/>"
        f"<circle cx='{best[0]:.1f}' cy='{best[1]:.1f}' r='3.5' fill='{_COLOR}'/></svg>"
    )
