"""Places in a picture: where the viewer opens, outlines, and the rectangle drawn in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
import streamlit as st

__all__ = [
    "Place",
    "Rectangle",
    "Ring",
    "drawn_rectangle",
    "note_picture",
    "outlines",
    "rectangle_payload",
]

_PICTURE = "viewer.picture."  # in the session, by the viewer's key: what its rectangle belongs to

Ring = Sequence[tuple[float, float]]
"""Corners (x, y) of an outline, in pixels from the upper left corner of the picture."""


@dataclass(frozen=True)
class Place:
    """What of a picture is to be seen.

    Attributes:
        x, y: the middle, in pixels from the upper left corner.
        width, height: pixels in sight; None where the zoom says it.
        zoom: CSS pixels per image pixel; None where width and height say it.
    """

    x: float
    y: float
    width: float | None = None
    height: float | None = None
    zoom: float | None = None

    @staticmethod
    def around(box: tuple[int, int, int, int], margin: float = 1.0, least: int = 128) -> Place:
        """A place around a box x, y, width and height.

        Args:
            box: in pixels.
            margin: what is seen on every side of it, in its own sizes.
            least: pixels that are seen at least.
        """
        x, y, width, height = box
        wide, high = (max(least, side * (1 + 2 * margin)) for side in (width, height))
        return Place(x + width / 2, y + height / 2, wide, high)

    def payload(self) -> dict[str, float]:
        """What the browser is sent."""
        named = {"x": self.x, "y": self.y, "width": self.width, "height": self.height}
        named["zoom"] = self.zoom
        return {name: float(value) for name, value in named.items() if value is not None}


class Rectangle(NamedTuple):
    """Whole pixels of a picture: columns from x0 to before x1, rows from y0 to before y1."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Its rows and columns."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)


def outlines(here: np.ndarray) -> list[Ring]:
    """The outlines of pixels, along their edges; those of holes too.

    Args:
        here: (H, W) bool.
    """
    # Every pixel as 2 × 2, so that the outline through the middle of those is near its edge.
    large = np.pad(here, 1).astype(np.uint8).repeat(2, axis=0).repeat(2, axis=1)
    rings, _ = cv2.findContours(large, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    # Points of 2 × 2 lie at quarters of a pixel: rounded to its edges.
    return [[(round(x / 2 - 0.75), round(y / 2 - 0.75)) for x, y in ring[:, 0]] for ring in rings]


def note_picture(key: str, digest: str, size: tuple[int, int]) -> None:
    """Keep what a viewer shows: a rectangle of another picture is none of this one."""
    st.session_state[_PICTURE + key] = digest, size


def rectangle_payload(key: str, digest: str, size: tuple[int, int]) -> dict[str, Any]:
    """What the browser is sent of the rectangle that is known here."""
    note_picture(key, digest, size)
    box = drawn_rectangle(key)
    return {"box": list(box) if box else None}


def drawn_rectangle(key: str) -> Rectangle | None:
    """The rectangle drawn in a viewer, as long as it shows that picture; to be asked for after it.

    Args:
        key: of the viewer, which has been made with ``rectangle=True``.
    """
    digest, size = st.session_state.get(_PICTURE + key, ("", (0, 0)))
    state = st.session_state.get(key)
    drawn = state.get("rectangle") if state is not None else None
    # It comes from the browser and may be about a picture that has been replaced since.
    if not isinstance(drawn, dict) or drawn.get("image") != digest:
        return None
    box = drawn.get("box")
    if not isinstance(box, list | tuple) or len(box) != 4:
        return None
    if not all(isinstance(side, int) and not isinstance(side, bool) for side in box):
        return None
    x0, y0, x1, y1 = box
    inside = 0 <= x0 < x1 <= size[1] and 0 <= y0 < y1 <= size[0]
    return Rectangle(x0, y0, x1, y1) if inside else None
