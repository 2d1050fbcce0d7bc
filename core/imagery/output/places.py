"""Outlines of an image brought to degrees: bent edges, the antimeridian and the poles."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from core.imagery.ground_area import in_degrees

if TYPE_CHECKING:
    from core.imagery.header import Georeference

__all__ = ["Rings", "in_system", "on_the_globe", "placed_points", "unrolled", "with_points_between"]

Rings = list[np.ndarray]
"""Closed rings of a polygon, (n, 2) float64 each, the outer one first."""

# Pixels that an edge may be off: a tenth, less what lies between the places that are looked at.
_OFF = 0.08
_PROBED = (0.25, 0.5, 0.75)  # of an edge
_ALONG = 0.4  # of an edge that a probe may be off along it; further off, it went round the globe
_BEND = 0.05  # pixels times radians from which an edge can bend by so much, with a wide margin
_TURNS = 8  # round the globe, of one polygon
_HALVINGS = 24
_SAME = 0.1  # degrees of latitude to which a system is in degrees itself
_THIN = 1e-9  # degrees: a part not wider is rounding


def in_system(georeference: Georeference, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates x and y in the reference system, of columns and rows (N, 2)."""
    grid = georeference.transform
    columns, rows = pixels.T
    return (
        grid.a * columns + grid.b * rows + grid.c,
        grid.d * columns + grid.e * rows + grid.f,
    )


def placed_points(georeference: Georeference, pixels: np.ndarray) -> tuple[np.ndarray, bool] | None:
    """Longitudes and latitudes of columns and rows.

    Args:
        georeference: of the image.
        pixels: (N, 2).

    Returns:
        (N, 2) float64, and whether the longitudes are the grid's own, which go on without a jump
        over the whole image, beyond 180 too. None where the system cannot be brought to degrees.
    """
    if not len(pixels):
        return np.empty((0, 2)), True
    x, y = in_system(georeference, pixels)
    degrees = in_degrees(georeference, x, y)
    if degrees is None:
        return None
    own = _own_longitudes(georeference, x, y, degrees)
    if own is None:
        return degrees, False
    return np.column_stack([own, degrees[:, 1]]), True


def _own_longitudes(
    georeference: Georeference, x: np.ndarray, y: np.ndarray, degrees: np.ndarray
) -> np.ndarray | None:
    """Longitudes as a grid in degrees counts them, 0 to 360 too; None for any other grid."""
    crs = georeference.crs
    if crs is None or not crs.is_geographic:
        return None
    unit = math.degrees(crs.units_factor[1])
    # One with a pole of its own is geographic by name, and bent as a projected one is.
    if np.abs(y * unit - degrees[:, 1]).max() > _SAME:
        return None
    turns: np.ndarray = np.round((x * unit - degrees[:, 0]) / 360)
    return degrees[:, 0] + 360 * turns


def _short_way(longitudes: np.ndarray) -> np.ndarray:
    """Differences of longitude by the shorter way round, from -180 up to 180."""
    return (longitudes + 180) % 360 - 180


def unrolled(ring: np.ndarray) -> np.ndarray:
    """A ring whose longitudes go on across the antimeridian."""
    steps = np.diff(ring[:, 0])
    if not (np.abs(steps) > 180).any():
        return ring
    along = ring[0, 0] + np.concatenate([[0], np.cumsum(_short_way(steps))])
    # The sum's rounding is taken out again: a longitude is that of its point, and whole turns.
    along = ring[:, 0] + 360 * np.round((along - ring[:, 0]) / 360)
    return np.column_stack([along, ring[:, 1]])


def with_points_between(
    pixels: np.ndarray, degrees: np.ndarray, owner: np.ndarray, georeference: Georeference
) -> tuple[np.ndarray, np.ndarray]:
    """The points of rings, with others between where an edge bends.

    An edge that is straight in a projected system is not in degrees: it is halved until what is
    straight in degrees leaves it by less than a tenth of a pixel.

    Args:
        pixels: (N, 2) float64, columns and rows.
        degrees: (N, 2) float64, the same points.
        owner: (N,) int64, numbers of their rings.
        georeference: of the image.

    Returns:
        Points in degrees and the numbers of their rings.
    """
    due = np.append(owner[1:] == owner[:-1], False)  # the edges from each point to the next
    for _ in range(_HALVINGS):
        at = np.flatnonzero(due)
        at = at[_may_bend(pixels, degrees, at)]
        at = at[_bend(pixels, degrees, at, georeference)]
        if not at.size:
            break
        middles = (pixels[at] + pixels[at + 1]) / 2
        places = in_degrees(georeference, *in_system(georeference, middles))
        if places is None:
            break
        due = np.zeros(len(due), bool)
        due[at] = True
        due = np.insert(due, at + 1, True)
        owner = np.insert(owner, at + 1, owner[at])
        pixels = np.insert(pixels, at + 1, middles, axis=0)
        degrees = np.insert(degrees, at + 1, places, axis=0)
    return degrees, owner


def _may_bend(pixels: np.ndarray, degrees: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Which edges are long enough to bend: most are not, and need no look at their middle."""
    length = np.hypot(*(pixels[at + 1] - pixels[at]).T)
    turn = np.radians(np.abs(degrees[at + 1] - degrees[at]).sum(axis=1))
    return np.asarray(length * turn > _BEND)


def _bend(
    pixels: np.ndarray, degrees: np.ndarray, at: np.ndarray, georeference: Georeference
) -> np.ndarray:
    """Which edges are left by the straight line in degrees."""
    bent = np.zeros(len(at), bool)
    start, edge = pixels[at], pixels[at + 1] - pixels[at]
    step = degrees[at + 1] - degrees[at]
    step[:, 0] = _short_way(step[:, 0])
    square = (edge**2).sum(axis=1)
    for share in _PROBED if at.size else ():
        place = _in_pixels(georeference, degrees[at] + share * step) - start
        # Where a place is nowhere in the system, nothing is known of the edge: it stays straight.
        known = np.isfinite(place).all(axis=1)
        place[~known] = 0
        along = (place * edge).sum(axis=1) / square
        across = np.abs(place[:, 0] * edge[:, 1] - place[:, 1] * edge[:, 0]) / np.sqrt(square)
        bent |= known & ((across > _OFF) | (np.abs(along - share) > _ALONG))
    return bent


def _in_pixels(georeference: Georeference, degrees: np.ndarray) -> np.ndarray:
    """Columns and rows (N, 2) of longitudes and latitudes; not finite where there are none."""
    from rasterio._err import CPLE_BaseError  # in none of rasterio's public modules
    from rasterio.errors import CRSError, RasterioError
    from rasterio.warp import transform

    try:
        x, y = np.array(transform("EPSG:4326", georeference.crs, *degrees.T)[:2])
    except (CRSError, RasterioError, CPLE_BaseError):
        return np.full(degrees.shape, math.nan)
    grid = ~georeference.transform
    with np.errstate(invalid="ignore"):
        return np.column_stack([grid.a * x + grid.b * y + grid.c, grid.d * x + grid.e * y + grid.f])


def on_the_globe(
    rings: Rings, outline: Rings, georeference: Georeference, *, continuous: bool
) -> list[Rings] | None:
    """A polygon's parts between -180 and 180, cut at the antimeridian and closed over the poles.

    Each ring halves the globe. A point is in the polygon where it lies on the other side of an odd
    number of its rings than the south pole does, or everywhere else: a place inside decides.

    Args:
        rings: in degrees, with longitudes that go on without a jump along each ring; one round a
            pole ends 360° from where it starts.
        outline: the same polygon in pixels.
        georeference: of the image.
        continuous: whether the longitudes are the grid's own, which go on over all rings.

    Returns:
        The parts, from east to west; None where no valid polygon comes of it.
    """
    import shapely

    if any(np.ptp(ring[:, 0]) > 360 * _TURNS for ring in rings):
        return None  # a broken grid: it would be cut into as many parts as there are turns
    if continuous:
        whole = shapely.make_valid(shapely.Polygon(rings[0], rings[1:]))
        return _parts(shapely.union_all(_turned(whole)))
    area = shapely.Polygon()
    for ring in rings:
        for part in _turned(shapely.make_valid(shapely.Polygon(_closed(ring)))):
            area = shapely.symmetric_difference(area, part)
    inside = shapely.Polygon(outline[0], outline[1:]).representative_point()
    place = in_degrees(georeference, *in_system(georeference, np.array([[inside.x, inside.y]])))
    if place is None:
        return None
    point = shapely.Point(place[0])
    if not area.covers(point):
        area = shapely.difference(shapely.box(-180, -90, 180, 90), area)
    return _parts(area) if area.covers(point) else None


def _closed(ring: np.ndarray) -> np.ndarray:
    """A ring round a pole closed along the north pole, which is a line in degrees."""
    if abs(ring[-1, 0] - ring[0, 0]) < 180:
        return ring
    return np.concatenate([ring, [(ring[-1, 0], 90), (ring[0, 0], 90)], ring[:1]])


def _turned(area: Any) -> list[Any]:
    """An area of any longitudes, cut into what lies between -180 and 180 after whole turns."""
    import shapely

    west, _, east, _ = area.bounds
    parts = []
    for turn in range(math.floor((west + 180) / 360), math.ceil((east + 180) / 360)):
        middle = 360 * turn
        part = shapely.intersection(area, shapely.box(middle - 180, -90, middle + 180, 90))
        parts.append(shapely.transform(part, lambda xy, by=middle: xy - (by, 0)))
    return parts


def _parts(area: Any) -> list[Rings] | None:
    import shapely

    polygons = [
        part
        for part in shapely.get_parts(area)
        if part.geom_type == "Polygon" and part.bounds[2] - part.bounds[0] > _THIN
    ]
    if not polygons or not all(part.is_valid for part in polygons):
        return None
    polygons.sort(key=lambda part: -part.bounds[0])
    return [
        [np.array(edge.coords) for edge in (part.exterior, *part.interiors)] for part in polygons
    ]
