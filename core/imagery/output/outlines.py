"""Polygons made smaller and smoother: a minimum area, and fewer corners."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.imagery.output.regions import Regions

__all__ = ["AS_PIXELS", "MOST_SIMPLIFIED", "OutlineSettings", "simplified"]


MOST_SIMPLIFIED = 20.0
"""Pixels off the pixels' edges: outlines that leave them further say little of the map."""


@dataclass(frozen=True)
class OutlineSettings:
    """Which regions become polygons, and how exactly their outlines are followed.

    Attributes:
        min_area: least area of a region, in m² where the image has a place on Earth, else in
            pixels; 0 keeps all.
        simplify: how far an outline may leave the pixels' edges, in pixels; 0 follows them.
    """

    min_area: float = 0.0
    simplify: float = 0.0


AS_PIXELS = OutlineSettings()
"""Every region, along the pixels' edges."""


def simplified(regions: Regions, tolerance: float) -> Regions:
    """Polygons with fewer corners; neighbours keep sharing their border, without gap or overlap.

    The coverage simplification of GEOS, after Visvalingam and Whyatt: corners go whose triangle
    with their neighbours is smaller than the square of the tolerance.

    Args:
        regions: polygons that do not overlap.
        tolerance: in pixels.
    """
    import shapely

    if not len(regions):
        return regions
    points = regions.corners.astype(np.float64)
    owner = np.repeat(np.arange(len(regions.rings) - 1), np.diff(regions.rings))
    rings = shapely.linearrings(points, indices=owner)
    owner = np.repeat(np.arange(len(regions)), np.diff(regions.polygons))
    smoother = shapely.coverage_simplify(shapely.polygons(rings, indices=owner), tolerance)
    _, points, (ends, polygons) = shapely.to_ragged_array(smoother)
    # No corner is moved: those that are left are still whole columns and rows.
    return Regions(
        points.astype(np.int32),
        ends.astype(np.int64),
        polygons.astype(np.int64),
        regions.labels,
    )
