"""Polygons made smaller and smoother: a minimum area, and fewer corners."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from core.errors import ImageError
from core.imagery.ground_area import NoGroundAreas, ground_areas
from core.imagery.output.regions import Regions

if TYPE_CHECKING:
    from core.imagery.header import Georeference

__all__ = ["AS_PIXELS", "MOST_SIMPLIFIED", "OutlineSettings", "in_pixels", "simplified"]


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
