"""Line charts as SVG, small enough to stand in a page as they are."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

__all__ = ["Line", "line_chart"]

# Told apart on light and dark, also by most who see colours differently; and by their dashes.
_COLORS = ("#1c9aa8", "#b8671a", "#8a63d2", "#4c8f3f")
_DASHES = ("", "7 4", "2 3", "9 3 2 3")
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 460, 280, 52, 42, 12, 12
_TICKS = 5


class Line(NamedTuple):
    """A line of a chart: its name and its points (x, y), from left to right."""

    name: str
    points: Sequence[tuple[float, float]]
    dots: bool = False


def line_chart(
    title: str,
    lines: Sequence[Line],
    x_title: str,
    y_title: str,
    ends: tuple[tuple[float, float], tuple[float, float]] = ((0, 1), (0, 1)),
) -> str:
    """A chart of some lines with axes, ticks and a legend below it.

    Args:
        title: for readers of screens.
        lines: up to four.
        x_title, y_title: of the axes.
        ends: of the axes, (left, right) and (bottom, top).
    """
    (left, right), (bottom, top) = ends
    wide, high = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def at(x: float, y: float) -> str:
        across = _LEFT + wide * (x - left) / ((right - left) or 1)
        down = _TOP + high * (1 - (y - bottom) / ((top - bottom) or 1))
        return f"{across:.1f},{down:.1f}"

    parts = []
    for step in range(_TICKS + 1):
        x, y = (low + (up - low) * step / _TICKS for low, up in ends)
        across, down = at(x, bottom).split(",")[0], at(left, y).split(",")[1]
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{down}" y2="{down}"/>'
            f'<text x="{_LEFT - 6}" y="{down}" dy="4" text-anchor="end">{y:.3g}</text>'
            f'<text x="{across}" y="{_HEIGHT - _BOTTOM + 16}" text-anchor="middle">{x:.3g}</text>'
        )
    for line, color, dash in zip(lines, _COLORS, _DASHES, strict=False):
        path = " ".join(at(x, y) for x, y in line.points)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2" '
            f'stroke-dasharray="{dash}"/>'
        )
        for x, y in line.points if line.dots else ():
            across, down = at(x, y).split(",")
            parts.append(f'<circle cx="{across}" cy="{down}" r="3" fill="{color}"/>')
    middle = _TOP + high / 2
    parts.append(
        f'<text x="{_LEFT + wide / 2}" y="{_HEIGHT - 6}" text-anchor="middle">'
        f'{escape(x_title)}</text><text x="12" y="{middle}" text-anchor="middle" '
        f'transform="rotate(-90 12 {middle})">{escape(y_title)}</text>'
    )
    legend = "".join(
        f'<li><svg width="30" height="8" aria-hidden="true"><line x1="0" x2="30" y1="4" y2="4" '
        f'stroke="{color}" stroke-width="2" stroke-dasharray="{dash}"/></svg> '
        f"{escape(line.name)}</li>"
        for line, color, dash in zip(lines, _COLORS, _DASHES, strict=False)
    )
    return (
        f'<figure><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">'
        f'{"".join(parts)}</svg><ul class="legend">{legend}</ul>'
        f"<figcaption>{escape(title)}</figcaption></figure>"
    )
