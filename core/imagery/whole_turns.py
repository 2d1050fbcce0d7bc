"""Longitudes go round: places a whole turn apart, at the date line and from 0 to 360, are one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from core.imagery.header import Header

__all__ = ["copies_on", "image_box", "kept_together", "moved_by_turns", "whole_turn"]

_TURNS = 8  # that anyone counts longitudes by
_CYLINDRICAL = {"merc", "webmerc", "eqc", "cea", "mill"}


def whole_turn(crs: Any) -> float | None:
    """What lies between a place and itself once around the globe, along x.

    Args:
        crs: a rasterio CRS.

    Returns:
        360 for degrees, the circumference for a cylindrical projection; None where x does not go
        round.
    """
    from rasterio.crs import CRS
    from rasterio.errors import CRSError, RasterioError
    from rasterio.warp import transform

    try:
        if crs.is_geographic:
            return float(2 * math.pi / crs.units_factor[1])
        projection = crs.to_dict()
        if projection.get("proj") not in _CYLINDRICAL:
            return None
        middle = float(projection.get("lon_0", 0))
        # A quarter to either side, which nothing wraps.
        east = ((middle + 90 + 180) % 360) - 180
        west = ((middle - 90 + 180) % 360) - 180
        xs = transform(CRS.from_epsg(4326), crs, [west, east], [0.0, 0.0])[0]
    except (CRSError, RasterioError, ValueError):
        return None
    turn = 2 * abs(float(xs[1]) - float(xs[0]))
    return turn if math.isfinite(turn) and turn > 0 else None


def image_box(header: Header) -> tuple[float, float, float, float]:
    """West, south, east and north of a georeferenced image in its own system."""
    assert header.georeference is not None
    place = header.georeference.transform
    corners = np.array([place @ (x, y) for x in (0, header.width) for y in (0, header.height)])
    (west, south), (east, north) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return west, south, east, north


def copies_on(west: float, east: float, frame: tuple[float, float], turn: float) -> range:
    """By how many turns what reaches from `west` to `east` is moved to lie on the frame.

    By none, where that would be more than a few: such coordinates are no longitudes.
    """
    # Touching alone puts nothing on it.
    first, end = (frame[0] - east) / turn, (frame[1] - west) / turn
    if not (abs(first) < _TURNS and abs(end) < _TURNS):
        return range(1)
    return range(math.floor(first) + 1, math.ceil(end))


def moved_by_turns(polygons: np.ndarray, frame: tuple[float, float], turn: float) -> np.ndarray:
    """Polygons whose parts lie where the frame is, as often as they meet it.

    RFC 7946 cuts a polygon at the date line, and an image that lies across it has both parts side
    by side.

    Args:
        polygons: (N,) of shapely.
        frame: west and east of the image.
        turn: see `whole_turn`.
    """
    import shapely

    moved = polygons.copy()
    bounds = shapely.bounds(polygons)
    for position in np.flatnonzero(np.isfinite(bounds).all(axis=1)):
        west, _, east, _ = bounds[position]
        if set(copies_on(west, east, frame, turn)) <= {0}:
            continue
        parts = [c for part in _parts(polygons[position]) for c in _copies(part, frame, turn)]
        moved[position] = parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
    return moved


def _parts(polygon: Any) -> list[Any]:
    return [polygon] if polygon.geom_type == "Polygon" else list(polygon.geoms)


def _copies(part: Any, frame: tuple[float, float], turn: float) -> list[Any]:
    """A part wherever it lies on the frame; as it is where it does nowhere."""
    from shapely.affinity import translate

    west, _, east, _ = part.bounds
    numbers = copies_on(west, east, frame, turn)
    return [translate(part, xoff=number * turn) for number in numbers] or [part]


def kept_together(
    polygons: np.ndarray, moved: np.ndarray, before: float | None, turn: float
) -> np.ndarray:
    """Polygons that reprojecting tore apart at the other system's edge, in one piece again.

    Args:
        polygons: (N,) as they were.
        moved: (N,) as they are.
        before, turn: `whole_turn` of their system before and after.
    """
    import shapely

    was, bounds = shapely.bounds(polygons), shapely.bounds(moved)
    torn = bounds[:, 2] - bounds[:, 0] > turn / 2
    if before is not None:
        torn &= was[:, 2] - was[:, 0] <= before / 2
    together = moved.copy()
    for position in np.flatnonzero(torn):
        together[position] = shapely.transform(moved[position], lambda xy: _near_first(xy, turn))
    return together


def _near_first(xy: np.ndarray, turn: float) -> np.ndarray:
    """Each corner within half a turn of the first."""
    nearer = xy.copy()
    nearer[:, 0] += turn * np.round((xy[0, 0] - xy[:, 0]) / turn)
    return nearer
