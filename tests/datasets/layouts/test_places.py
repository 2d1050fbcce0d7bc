"""Places as scenes: what shares ground stays together, and what cannot is counted."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from core.datasets.layouts.places import OVERLAP, by_place
from core.imagery.place import Place


def tile(west: float, north: float, side: float = 450) -> Place:
    return Place(west, north - side, west + side, north, 900, 900, 0.25)


def shared(one: Place, other: Place) -> float:
    """Share of the smaller one that both cover."""
    across = min(one.east, other.east) - max(one.west, other.west)
    along = min(one.north, other.north) - max(one.south, other.south)
    return max(across, 0) * max(along, 0) / min(one.area, other.area)


def test_no_two_scenes_share_ground() -> None:
    rng = np.random.default_rng(3)
    # Clusters of passes, near enough that some of them meet.
    middles = rng.uniform(0, 20_000, (60, 2))
    places = [tile(*(middle + rng.uniform(-100, 100, 2))) for middle in middles for _ in range(5)]
    grouping = by_place(places)
    assert grouping.columns == grouping.torn == 0
    assert 10 < len(set(grouping.names)) <= 60
    for (i, one), (j, other) in itertools.combinations(enumerate(places), 2):
        if shared(one, other) > OVERLAP:
            assert grouping.names[i] == grouping.names[j]


def test_chains_are_followed() -> None:
    # The first and the last of four share nothing but neighbours; ten others lie far off.
    chain = [tile(300 * n, 0) for n in range(4)]
    grouping = by_place([*chain, *(tile(50_000 + 1_000 * n, 0) for n in range(10))])
    assert len(set(grouping.names[:4])) == 1
    assert len(set(grouping.names)) == 11


def test_neighbours_on_a_grid_are_different_places() -> None:
    # Pixels of 0.49999 m and rounding: a row of 0.5 m is shared by neighbours.
    grid = [tile(449.5 * x, 449.5 * y) for x in range(4) for y in range(4)]
    grouping = by_place(grid * 3)
    assert len(set(grouping.names)) == 16
    assert grouping.names[:16] == grouping.names[16:32] == grouping.names[32:]
    assert grouping.torn == 0


def test_a_chain_over_everything_is_cut_and_the_torn_are_counted() -> None:
    rng = np.random.default_rng(0)
    places = [
        tile(x + 450 * i, y + 450 * j)
        for x, y in rng.uniform(0, 450, (12, 2))  # every strip has a grid of its own
        for i in range(19)
        for j in range(3)
    ]
    grouping = by_place(places)
    assert grouping.columns == len(set(grouping.names)) >= 4
    torn = {
        index
        for (i, one), (j, other) in itertools.combinations(enumerate(places), 2)
        if shared(one, other) > OVERLAP and grouping.names[i] != grouping.names[j]
        for index in (i, j)
    }
    assert grouping.torn == len(torn) > 0
    # Most passes over a place are together all the same.
    assert grouping.torn < 0.6 * len(places)
    middles: dict[str, list[float]] = {}
    for name, place in zip(grouping.names, places, strict=True):
        middles.setdefault(name, []).append((place.west + place.east) / 2)
    spans = sorted((min(xs), max(xs)) for xs in middles.values())
    assert all(left[1] <= right[0] for left, right in itertools.pairwise(spans))


def test_cuts_go_where_nothing_straddles() -> None:
    # Passes over each of 20 columns chain from north to south, one bridge joins neighbours.
    places = [tile(460 * x, 300 * y) for x in range(20) for y in range(6)]
    bridges = [tile(460 * x + 225, 0) for x in range(0, 19)]
    grouping = by_place(places + bridges)
    assert grouping.columns > 3
    assert grouping.torn <= 4 * grouping.columns


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few(count: int) -> None:
    grouping = by_place([tile(0, 0)] * count)
    assert len(grouping.names) == count
    assert (grouping.columns, grouping.torn) == (0, 0)
