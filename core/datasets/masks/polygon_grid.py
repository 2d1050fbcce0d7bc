"""Polygons of vector labels brought from their reference system to an image's pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from core.errors import DatasetError
from core.imagery.header import Georeference, Header
from core.imagery.whole_turns import (
    image_box,
    kept_together,
    moved_by_turns,
    whole_turn,
)

__all__ = ["has_grid", "near_image", "onto_grid"]


def near_image(tree: Any, crs: str | None, header: Header) -> np.ndarray | None:
    """Polygons whose box meets the image's, generously.

    Args:
        tree: shapely search tree of N polygons.
        crs: their reference system.
        header: of the image.

    Returns:
        (n,) intp positions; None if it cannot be told.
    """
    import shapely
    from rasterio.crs import CRS
    from rasterio.errors import CRSError, RasterioError
    from rasterio.warp import transform_bounds

    place = header.georeference
    if crs is None or place is None or place.crs is None:
        return None
    west, south, east, north = image_box(header)
    # A tenth more on each side: the edges of the frame are bent in the other system.
    dx, dy = (east - west) / 10, (north - south) / 10
    try:
        source = CRS.from_user_input(crs)
        bounds = transform_bounds(place.crs, source, west - dx, south - dy, east + dx, north + dy)
    except (CRSError, RasterioError):
        return None  # reprojecting all of them says what is wrong
    if not np.isfinite(bounds).all() or bounds[0] > bounds[2]:  # around the date line
        return None
    turn = whole_turn(source)
    if turn is None:
        inside: np.ndarray = tree.query(shapely.box(*bounds))
        return inside
    if bounds[2] - bounds[0] > turn / 2:  # torn apart at the edge of that system
        return None
    boxes = [
        shapely.box(bounds[0] + by, bounds[1], bounds[2] + by, bounds[3])
        for by in (-turn, 0.0, turn)
    ]
    return np.unique(tree.query(np.array(boxes, object))[1])


def has_grid(header: Header) -> bool:
    """Whether an image has a grid of its own, be its reference system known or not."""
    place = header.georeference
    return place is not None and not (place.crs is None and place.transform.is_identity)


def onto_grid(polygons: np.ndarray, crs: str | None, header: Header, path: Path) -> np.ndarray:
    """Polygons in the pixels of an image: x to the right, y down.

    Args:
        polygons: (N,) of shapely, two-dimensional.
        crs: their reference system; None where their file gives none.
        header: of the image.
        path: file of the polygons, for messages.

    Raises:
        DatasetError: the image has no grid and they are no pixels, or they cannot be reprojected.
    """
    import shapely

    place = header.georeference
    if place is None or not has_grid(header):
        return _if_pixels(polygons, crs, header, path)
    moved = polygons
    # Where the image has a grid and no reference system, the same coordinates are meant: GDAL says
    # degrees of every GeoJSON that names none.
    if crs is not None and place.crs is not None:
        moved = _reprojected(moved, crs, place, path)
    turn = None if place.crs is None else whole_turn(place.crs)
    if turn is not None:
        west, _, east, _ = image_box(header)
        moved = moved_by_turns(moved, (west, east), turn)
    inverse = ~place.transform
    in_pixels: np.ndarray = shapely.transform(
        moved, lambda xy: np.column_stack(inverse @ (xy[:, 0], xy[:, 1])), include_z=False
    )
    return in_pixels


def _if_pixels(polygons: np.ndarray, crs: str | None, header: Header, path: Path) -> np.ndarray:
    """Footprints of an image without a grid: their numbers can only be pixels.

    GDAL gives every GeoJSON a reference system, so that a name alone says nothing there. A
    GeoPackage says of itself whether it has one.
    """
    import shapely

    west, low, east, high = shapely.total_bounds(polygons)
    inside = west >= -1 and east <= header.width + 1
    # QGIS lays such an image below the x axis: its rows count from 0 to the negative.
    below = inside and low < -1 and low >= -header.height - 1 and high <= 1
    inside &= low >= -1 and high <= header.height + 1
    explicit = crs is not None and path.suffix.lower() == ".gpkg"
    if explicit or not (inside or below):
        raise DatasetError(
            f"the footprints are in {crs or 'map coordinates'} and the image is not georeferenced",
            where=str(path),
            remedy="use the georeferenced image (GeoTIFF), or footprints in its pixels"
            + (", without a reference system" if explicit else ""),
        )
    pixels = shapely.transform(polygons, lambda xy: xy * (1, -1)) if below else polygons
    if _below_a_pixel(pixels, header):
        raise DatasetError(
            "the footprints look like degrees, as all of them are smaller than a pixel, and the "
            "image is not georeferenced",
            where=str(path),
            remedy="use the georeferenced image (GeoTIFF), or footprints in its pixels",
        )
    kept: np.ndarray = pixels
    return kept


def _below_a_pixel(polygons: np.ndarray, header: Header) -> bool:
    """Whether every polygon is smaller than a pixel, or none of them has the centre of one."""
    import shapely
    from rasterio.features import rasterize

    bounds = shapely.bounds(polygons)
    if (bounds[:, 2:] - bounds[:, :2] < 1).all():
        return True
    return not rasterize(polygons, out_shape=(header.height, header.width)).any()


def _reprojected(polygons: np.ndarray, crs: str, place: Georeference, path: Path) -> np.ndarray:
    import shapely
    from rasterio._err import CPLE_BaseError  # in none of rasterio's public modules
    from rasterio.crs import CRS
    from rasterio.errors import CRSError
    from rasterio.warp import transform

    try:
        source = CRS.from_user_input(crs)
    except CRSError as error:
        raise DatasetError(
            f"the coordinate reference system of the footprints is not understood: {crs[:80]}",
            where=str(path),
            remedy="export them with an EPSG code",
        ) from error
    if source == place.crs:
        return polygons

    def move(xy: np.ndarray) -> np.ndarray:
        return np.column_stack(transform(source, place.crs, xy[:, 0], xy[:, 1])[:2])

    unfit = DatasetError(
        f"the footprints cannot be brought from {crs} to the image's {place.crs}",
        where=str(path),
        remedy="check that their reference system is the right one (a GeoJSON that names none is "
        "in degrees, EPSG:4326)",
    )
    try:
        moved: np.ndarray = shapely.transform(polygons, move, include_z=False)
    except CPLE_BaseError as error:  # PROJ: not a place in that system, such as a latitude of 5e6
        raise unfit from error
    if not np.isfinite(shapely.total_bounds(moved)).all():
        raise unfit
    turn = whole_turn(place.crs)
    return moved if turn is None else kept_together(polygons, moved, whole_turn(source), turn)
