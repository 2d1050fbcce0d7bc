"""Places a whole turn apart are one, and what is no longitude is left alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely

from core.imagery.whole_turns import copies_on, moved_by_turns


@pytest.mark.parametrize(
    ("west", "east", "expected"),
    [
        (-180, -170, [1]),
        (175, 180, [0]),
        (-10, 10, []),
        (-180, 180, [0, 1]),
        (-1e12, 1e12, [0]),
        (-math.inf, math.inf, [0]),
        (1e300, 1e301, [0]),
    ],
)
def test_copies_on_an_image_across_the_date_line(
    west: float, east: float, expected: list[int]
) -> None:
    assert list(copies_on(west, east, (170, 190), 360)) == expected


def test_what_is_as_wide_as_no_globe_stays_as_it_is() -> None:
    wide = shapely.box(-1e12, 0, 1e12, 1)
    (moved,) = moved_by_turns(np.array([wide]), (170.0, 190.0), 360.0)
    assert moved.equals(wide)
