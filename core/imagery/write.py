"""Label maps and probabilities out: PNG, GeoTIFF on the input's grid, polygons as GeoJSON."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import rasterio
from rasterio.features import shapes
from rasterio.io import MemoryFile

from core.imagery.ground_area import GroundAreas, NoGroundAreas, ground_areas, in_degrees
from core.imagery.raster import Georeference

__all__ = ["geotiff_bytes", "label_geotiff", "png_bytes", "polygons"]

_VOID = 255


def png_bytes(pixels: np.ndarray) -> bytes:
    """A PNG of (H, W) uint8 or (H, W, 3) uint8 RGB, lossless."""
    ordered = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".png", ordered)
    if not done:
        raise ValueError(f"expected (H, W) or (H, W, 3) uint8, received {pixels.shape}")
    return data.tobytes()


def label_geotiff(
    labels: np.ndarray, georeference: Georeference, colors: tuple[tuple[int, int, int], ...]
) -> bytes:
    """A GeoTIFF of labels on `georeference`'s grid, 255 as nodata, with a colour table.

    Args:
        labels: (H, W) uint8.
        georeference: grid and CRS, taken over exactly.
        colors: of the classes, in index order.
    """
    # A table of 256 entries; what is no class is transparent black.
    table = {index: (*rgb, 255) for index, rgb in enumerate(colors)}
    return geotiff_bytes(labels[..., None], georeference, nodata=_VOID, colormap=table)


def geotiff_bytes(
    pixels: np.ndarray,
    georeference: Georeference,
    *,
    nodata: float | None = None,
    colormap: dict[int, tuple[int, int, int, int]] | None = None,
    descriptions: tuple[str, ...] = (),
) -> bytes:
    """A compressed, tiled GeoTIFF of (H, W, C)."""
    height, width, bands = pixels.shape
    with rasterio.Env(GDAL_PAM_ENABLED=False), MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            width=width,
            height=height,
            count=bands,
            dtype=pixels.dtype,
            crs=georeference.crs,
            transform=georeference.transform,
            nodata=nodata,
            compress="deflate",
            tiled=True,
        ) as dataset:
            dataset.write(np.moveaxis(pixels, -1, 0))
            if colormap:
                dataset.write_colormap(1, colormap)
            for index, text in enumerate(descriptions):
                dataset.set_band_description(index + 1, text)
        return bytes(memory.read())


def polygons(
    labels: np.ndarray, names: tuple[str, ...], georeference: Georeference | None
) -> dict[str, Any]:
    """Regions of one class as a GeoJSON FeatureCollection; void is left out.

    Regions are 4-connected and follow pixel edges. Coordinates are longitude and latitude with
    outer rings counter-clockwise (RFC 7946) where the image's reference system says where it lies.
    Otherwise they are those of its grid, or pixels, x to the right and y down, where it has none;
    the collection's member ``coordinates`` then says which. ``area_m2`` is the area of the ground,
    see `core.imagery.ground_area`; where there is none, the member ``no_area`` says why.

    Args:
        labels: (H, W) uint8, 255 = void.
        names: of the classes, in index order.
        georeference: of the image.
    """
    height, width = labels.shape
    areas = ground_areas(georeference, width, height)
    regions = list(shapes(labels, mask=labels != _VOID, connectivity=4))
    in_pixels = [
        [np.asarray(ring, np.float64) for ring in geometry["coordinates"]]
        for geometry, _ in regions
    ]
    located, note = _located(in_pixels, georeference)
    features = []
    for (_, value), rings, moved in zip(regions, in_pixels, located, strict=True):
        properties: dict[str, Any] = {
            "class": names[int(value)],
            "label": int(value),
            "pixels": round(_area(rings)),
        }
        if isinstance(areas, GroundAreas):
            properties["area_m2"] = round(areas.of_polygon(rings), 2)
        geometry = {"type": "Polygon", "coordinates": _wound(moved)}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    collection: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if note:
        collection["coordinates"] = note
    if isinstance(areas, NoGroundAreas):
        collection["no_area"] = areas.reason
    return collection


_Rings = list[np.ndarray]


def _located(polygons: list[_Rings], georeference: Georeference | None) -> tuple[list[_Rings], str]:
    """Rings in degrees, or in what else there is, which the text then names."""
    if georeference is None:
        return polygons, "pixels of the image, x to the right, y down"
    if not polygons:
        return [], ""
    rings = [ring for polygon in polygons for ring in polygon]
    ends = np.cumsum([len(ring) for ring in rings])
    grid = georeference.transform
    columns, rows = np.concatenate(rings).T
    x = grid.a * columns + grid.b * rows + grid.c
    y = grid.d * columns + grid.e * rows + grid.f
    place = in_degrees(georeference, x, y)
    note = ""
    if place is None:
        place = np.stack([x, y], axis=-1)
        note = "those of the image's grid: " + (
            "its reference system is not given"
            if georeference.crs is None
            else "its reference system cannot be brought to degrees"
        )
    parts = iter(np.split(place, ends[:-1]))
    return [[next(parts) for _ in polygon] for polygon in polygons], note


def _wound(rings: _Rings) -> list[list[list[float]]]:
    """Outer ring counter-clockwise, holes clockwise, whichever way the grid is mirrored."""
    wound = []
    for number, ring in enumerate(rings):
        clockwise = _signed_area(ring) < 0
        wound.append((ring[::-1] if clockwise == (number == 0) else ring).tolist())
    return wound


def _signed_area(ring: np.ndarray) -> float:
    """Shoelace, positive for counter-clockwise with y upwards."""
    # Around the first corner: far from the origin the products would swallow the differences.
    x, y = (ring - ring[0]).T
    return float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1])) / 2


def _area(rings: _Rings) -> float:
    """Area of a polygon's outer ring less its holes, in squared coordinates."""
    outer, *holes = (abs(_signed_area(ring)) for ring in rings)
    return outer - sum(holes)
