"""The curves on the cards of trainings."""

from __future__ import annotations

import re

import pytest

from ui.overview.sparkline import sparkline


def points(svg: str) -> list[tuple[float, float]]:
    (line,) = re.findall(r"points='([^']*)'", svg)
    pairs = [point.split(",") for point in line.split()]
    return [(float(x), float(y)) for x, y in pairs]


@pytest.mark.parametrize("values", [[0.5], [0.2, 0.2], [0.1, 0.9, 0.4], [0.0, 1.0] * 200])
def test_every_value_is_a_point_within_the_picture(values: list[float]) -> None:
    drawn = points(sparkline(values))
    assert len(drawn) == len(values)
    assert all(0 <= x <= 240 and 0 <= y <= 44 for x, y in drawn)


def test_higher_is_further_up_and_the_best_is_marked() -> None:
    svg = sparkline([0.1, 0.9, 0.4])
    low, best, middle = points(svg)
    assert best[1] < middle[1] < low[1]
    assert f"cx='{best[0]:.1f}' cy='{best[1]:.1f}'" in svg


def test_noise_does_not_fill_the_height() -> None:
    (_, first), (_, second) = points(sparkline([0.5, 0.501]))
    assert abs(first - second) < 3
