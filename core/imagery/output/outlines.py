"""Polygons made smaller and smoother: a minimum area, and fewer corners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["AS_PIXELS", "MOST_SIMPLIFIED", "OutlineSettings", "large_enough", "simplified"]


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


def simplified(geometries: list[dict[str, Any]], tolerance: float) -> list[dict[str, Any]]:
    """Polygons with fewer corners; neighbours keep sharing their border, without gap or overlap.

    The coverage simplification of GEOS, after Visvalingam and Whyatt: corners go whose triangle
    with their neighbours is smaller than the square of the tolerance.

    Args:
        geometries: GeoJSON polygons that do not overlap, in the image's own coordinates.
        tolerance: in their units.
    """
    import shapely

    if not geometries:
        return []
    polygons = np.array([shapely.geometry.shape(geometry) for geometry in geometries])
    smoother = shapely.coverage_simplify(polygons, tolerance)
    return [shapely.geometry.mapping(polygon) for polygon in smoother]


def large_enough(features: list[dict[str, Any]], min_area: float) -> list[dict[str, Any]]:
    """The features whose region is not smaller than `min_area`; a hole stays where one was."""
    return [
        feature
        for feature in features
        if feature["properties"].get("area_m2", feature["properties"]["pixels"]) >= min_area
    ]
