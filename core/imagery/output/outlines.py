"""Polygons made smaller and smoother: a minimum area, and fewer corners."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from core.errors import ImageError
from core.imagery.ground_area import NoGroundAreas, ground_areas
from core.imagery.output.regions import Regions, concatenated, regions

if TYPE_CHECKING:
    from core.imagery.header import Georeference

__all__ = ["AS_PIXELS", "MOST_SIMPLIFIED", "OutlineSettings", "Outlines", "in_pixels"]

_NO_LABEL = 256  # what no pixel of 8 bit is

MOST_SIMPLIFIED = 20.0
"""Pixels off the pixels' edges: outlines that leave them further say little of the map."""


@dataclass(frozen=True)
class OutlineSettings:
    """Which regions become polygons, and how exactly their outlines are followed.

    Attributes:
        min_area: least area of a region, in m² where the image has a place on Earth, else in
            pixels; 0 keeps all.
        simplify: how far an outline may leave the pixels' edges, in pixels; 0 follows them.
        metres: the same on the ground, instead; see `in_pixels`.
    """

    min_area: float = 0.0
    simplify: float = 0.0
    metres: float = 0.0


AS_PIXELS = OutlineSettings()
"""Every region, along the pixels' edges."""


def in_pixels(
    settings: OutlineSettings, georeference: Georeference | None, width: int, height: int, name: str
) -> OutlineSettings:
    """The settings with the tolerance in pixels, where it is in metres.

    Args:
        settings: as they were asked for.
        georeference: of the image.
        width, height: of the image in pixels.
        name: of the image, for messages.

    Raises:
        ImageError: the image has no place on the ground, or it is more than 20 of its pixels.
    """
    if not settings.metres:
        return settings
    areas = ground_areas(georeference, width, height)
    if isinstance(areas, NoGroundAreas):
        raise ImageError(
            f"outlines cannot be simplified by metres: {areas.reason}",
            where=name,
            remedy="give the tolerance in pixels: --simplify P",
        )
    tolerance = settings.metres / math.sqrt(areas.mean)
    if tolerance > MOST_SIMPLIFIED:
        raise ImageError(
            f"{settings.metres:g} m are {tolerance:.0f} pixels, and outlines are simplified by "
            f"{MOST_SIMPLIFIED:g} at most",
            where=name,
            remedy=f"give at most {MOST_SIMPLIFIED * math.sqrt(areas.mean):.3g} m",
        )
    return replace(settings, simplify=tolerance, metres=0.0)


@dataclass(frozen=True)
class Outlines:
    """Regions, along the pixels' edges and as they are drawn.

    Attributes:
        exact: along the pixels' edges.
        drawn: the same polygons with fewer corners; `exact` itself where none are left out.
    """

    exact: Regions
    drawn: Regions

    def __len__(self) -> int:
        return len(self.exact)

    @classmethod
    def of(cls, labels: np.ndarray, void: int, tolerance: float = 0.0, top: int = 0) -> Outlines:
        """The 4-connected regions of one label.

        Where they are simplified, neighbours keep sharing their border, without gap or overlap, and
        the border of `labels` themselves stays as it is. It is the coverage simplification of GEOS,
        after Visvalingam and Whyatt: corners go whose triangle with their neighbours is smaller
        than the square of the tolerance.

        Args:
            labels: (H, W) uint8.
            void: label of which no region is made.
            tolerance: in pixels; 0 for the pixels' edges.
            top: row of the image at which `labels` begin.
        """
        if not tolerance:
            exact = regions(labels, void, top)
            return cls(exact, exact)
        # What has no data has borders too, that are not to differ from those of an image's edge.
        everything = regions(labels, _NO_LABEL, top)
        drawn = _simplified(_with_nodes(everything, labels, top), tolerance)
        chosen = everything.labels != void
        return cls(everything.select(chosen), drawn.select(chosen))

    @classmethod
    def concatenated(cls, parts: Sequence[Outlines]) -> Outlines:
        """Those of several parts, at least one, one after another."""
        exact = concatenated([part.exact for part in parts])
        if all(part.drawn is part.exact for part in parts):
            return cls(exact, exact)
        return cls(exact, concatenated([part.drawn for part in parts]))

    def slice(self, start: int, end: int) -> Outlines:
        """The polygons from `start` up to `end`."""
        return self._each(lambda each: each.slice(start, end))

    def select(self, chosen: np.ndarray) -> Outlines:
        """The polygons that `chosen`, (P,) bool, names."""
        return self._each(lambda each: each.select(chosen))

    def _each(self, change: Callable[[Regions], Regions]) -> Outlines:
        exact = change(self.exact)
        return Outlines(exact, exact if self.drawn is self.exact else change(self.drawn))


def _simplified(coverage: Regions, tolerance: float) -> Regions:
    """Polygons that leave no gap, with fewer corners; their outer border stays as it is."""
    import shapely

    points = coverage.corners.astype(np.float64)
    owner = np.repeat(np.arange(len(coverage.rings) - 1), np.diff(coverage.rings))
    rings = shapely.linearrings(points, indices=owner)
    owner = np.repeat(np.arange(len(coverage)), np.diff(coverage.polygons))
    smoother = shapely.coverage_simplify(
        shapely.polygons(rings, indices=owner), tolerance, simplify_boundary=False
    )
    _, points, (ends, polygons) = shapely.to_ragged_array(smoother)
    # No corner is moved: those that are left are still whole columns and rows.
    return Regions(
        points.astype(np.int32),
        ends.astype(np.int64),
        polygons.astype(np.int64),
        coverage.labels,
    )


def _with_nodes(coverage: Regions, labels: np.ndarray, top: int) -> Regions:
    """The same polygons with a corner wherever three or more of them meet.

    Where two neighbours meet on the straight side of a third, that one has no corner there, and its
    border would not be known as theirs.
    """
    across = labels[:, 1:] != labels[:, :-1]  # a border between columns, at each row
    down = labels[1:] != labels[:-1]
    meeting = across[1:].astype(np.uint8) + across[:-1] + down[:, 1:] + down[:, :-1]
    rows, columns = np.nonzero(meeting > 2)
    sides = np.zeros((2, len(labels) + 1, labels.shape[1] + 1), bool)
    sides[:, rows + 1, columns + 1] = True
    # On the border of the labels two regions meet at every border between them.
    for row in (0, -1):
        sides[:, row, 1:-1] |= across[row]
    for column in (0, -1):
        sides[:, 1:-1, column] |= down[:, column]
    rows, columns = np.nonzero(sides[0])
    nodes = np.column_stack([columns, rows + top]).astype(np.int64)
    corners = coverage.corners.astype(np.int64)
    before, after = corners[:-1], corners[1:]
    step = np.ones(len(before), bool)
    step[coverage.rings[1:-1] - 1] = False  # from one ring to the next
    places, points = [], []
    for axis in (0, 1):  # sides along x, then along y
        other = 1 - axis
        span = int(max(corners.max(), nodes.max(initial=0))) + 1
        codes = np.sort(nodes[:, other] * span + nodes[:, axis])
        at = np.flatnonzero(step & (before[:, other] == after[:, other]))
        first, last = before[at, axis], after[at, axis]
        line = before[at, other] * span
        low = np.searchsorted(codes, line + np.minimum(first, last), side="right")
        high = np.searchsorted(codes, line + np.maximum(first, last), side="left")
        counts = np.maximum(high - low, 0)
        which = np.repeat(np.arange(len(at)), counts)
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        backwards = (last < first)[which]
        index = np.where(backwards, high[which] - 1 - within, low[which] + within)
        along, across_line = codes[index] % span, codes[index] // span
        points.append(np.column_stack([along, across_line] if axis == 0 else [across_line, along]))
        places.append(at[which] + 1)
    place, point = np.concatenate(places), np.concatenate(points)
    added = np.zeros(len(corners) + 1, np.int64)
    np.add.at(added, place, 1)
    rings = coverage.rings + np.concatenate([[0], np.cumsum(added)])[coverage.rings]
    order = np.argsort(place, kind="stable")
    return Regions(
        np.insert(coverage.corners, place[order], point[order].astype(np.int32), axis=0),
        rings,
        coverage.polygons,
        coverage.labels,
    )
