"""Places: which images cover the same ground, so that a split never tears them apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.imagery.place import Place

__all__ = ["LARGEST_SHARE", "OVERLAP", "Grouping", "by_place"]

OVERLAP = 0.02
"""Share of the smaller image from which two cover the same place.

Not 0: neighbours on one grid meet in a line, and rounding, resampling and pixels of 0.49999 m make
them overlap by a row or two. 2 % of a tile of 900 pixels is a rim of 18 pixels (9 m), less than a
house; whatever shares more ground is kept together.
"""
LARGEST_SHARE = 0.5
"""Share of all images that may hang together in one place before it is cut into columns."""

# Narrowest column, in widths of an image: twice as wide, half as many are torn, but a split needs
# some columns to share out. SpaceNet 6 is some 20 wide.
_COLUMN = 3


@dataclass(frozen=True)
class Grouping:
    """Images grouped by the ground they cover.

    Attributes:
        names: the scene of each image, in their order.
        columns: how many columns a chain of overlapping images was cut into; 0 for none.
        torn: images that share more than `OVERLAP` with an image of another column. Without
            columns there is none, by construction.
    """

    names: tuple[str, ...]
    columns: int
    torn: int


def by_place(places: Sequence[Place]) -> Grouping:
    """Group images so that two which overlap by more than `OVERLAP` are in one scene.

    Scenes are the connected components of that relation, which keeps the promise for every pair.
    Where passes are cut into images on grids of their own, overlaps may chain across the whole
    area: a component of more than `LARGEST_SHARE` of all images is then cut into columns by the x
    of the images' middles, at the lines that fewest images straddle. Images at both sides of such
    a line still share ground; `torn` counts them.

    Args:
        places: bounds in one reference system.
    """
    if not places:
        return Grouping((), 0, 0)
    bounds = np.array([(p.west, p.south, p.east, p.north) for p in places])
    first, second = _overlapping(bounds)
    group = _components(len(places), first, second)
    sizes = np.bincount(group)
    largest = int(sizes.argmax())
    columns = torn = 0
    if len(places) > 2 and sizes[largest] > LARGEST_SHARE * len(places):
        members = np.flatnonzero(group == largest)
        column = _columns(bounds[members])
        columns = int(column.max()) + 1
        if columns > 1:
            group[members] = len(sizes) + column
            across = group[first] != group[second]
            torn = len(np.union1d(first[across], second[across]))
        else:
            columns = 0
    return Grouping(_named(bounds, group), columns, torn)


def _overlapping(bounds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs that overlap by more than `OVERLAP` of the smaller one, as two index arrays."""
    order = np.argsort(bounds[:, 0], kind="stable")
    west, south, east, north = bounds[order].T
    area = (east - west) * (north - south)
    # Sorted by their west, those that can meet the i-th from the right follow it in one run.
    ends = np.searchsorted(west, east, side="left")
    pairs: list[tuple[np.ndarray, np.ndarray]] = []
    for i in range(len(order)):
        run = slice(i + 1, max(int(ends[i]), i + 1))
        across = np.minimum(east[run], east[i]) - west[run]
        along = np.minimum(north[run], north[i]) - np.maximum(south[run], south[i])
        shared = np.maximum(across, 0) * np.maximum(along, 0)
        met = np.flatnonzero(shared > OVERLAP * np.minimum(area[run], area[i]))
        pairs.append((np.full(len(met), order[i]), order[i + 1 + met]))
    return np.concatenate([p[0] for p in pairs]), np.concatenate([p[1] for p in pairs])


def _components(count: int, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Number of the connected component of each image, counted from 0."""
    parent = list(range(count))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        a, b = root(one), root(other)
        if a != b:
            parent[max(a, b)] = min(a, b)
    return np.unique([root(item) for item in range(count)], return_inverse=True)[1]


def _columns(bounds: np.ndarray) -> np.ndarray:
    """Column of each image, cut where fewest straddle, each at least `_COLUMN` images wide."""
    west, east = bounds[:, 0], bounds[:, 2]
    middle = (west + east) / 2
    width = float(np.median(east - west)) * _COLUMN
    cuts: list[float] = []
    position, end = float(west.min()), float(east.max())
    while position + 2 * width <= end + 1e-6 * width:
        # The next line lies one to one and a half widths on, and leaves room for one more column.
        steps = np.linspace(position + width, min(position + 1.5 * width, end - width), 33)
        straddling = [int(((west < x) & (east > x)).sum()) for x in steps]
        position = float(steps[int(np.argmin(straddling))])
        cuts.append(position)
    occupied = np.searchsorted(cuts, middle)
    return np.unique(occupied, return_inverse=True)[1]


def _named(bounds: np.ndarray, group: np.ndarray) -> tuple[str, ...]:
    """Scenes by the north-west corner of what they cover, in metres: they keep their names when
    images of other places are added."""
    names: dict[int, str] = {}
    for number in dict.fromkeys(group.tolist()):
        members = bounds[group == number]
        name = f"E{members[:, 0].min():.0f} N{members[:, 3].max():.0f}"
        while name in names.values():
            name += "+"
        names[number] = name
    return tuple(names[number] for number in group.tolist())
