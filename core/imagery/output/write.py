"""Label maps and probabilities out: PNG, GeoTIFF on the input's grid, polygons as GeoJSON."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import rasterio
from rasterio.features import shapes
from rasterio.io import MemoryFile

from core.imagery.ground_area import GroundAreas, NoGroundAreas, ground_areas
from core.imagery.header import Georeference
from core.imagery.output.attribute_table import Legend, with_attribute_table
from core.imagery.output.outlines import AS_PIXELS, OutlineSettings, large_enough, simplified
from core.imagery.output.places import Rings, in_system, on_the_globe, placed_rings
from core.provenance import marked_tiff, tiff_placeholder

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
    labels: np.ndarray,
    georeference: Georeference,
    colors: tuple[tuple[int, int, int], ...],
    names: tuple[str, ...] = (),
) -> bytes:
    """A GeoTIFF of labels on `georeference`'s grid, 255 as nodata, with colours and class names.

    A TIFF's colour table has no opacity: 255 is transparent by being nodata, for GDAL, QGIS and
    rasterio alike. The names stand in a raster attribute table and in the band's metadata.

    Args:
        labels: (H, W) uint8.
        georeference: grid and CRS, taken over exactly.
        colors: of the classes, in index order.
        names: of the classes, in index order; by default their numbers.
    """
    # Without names there is nothing to list: a class is called by its number.
    legend = Legend(names or tuple(map(str, range(len(colors)))), colors, _VOID)
    return geotiff_bytes(
        labels[..., None], georeference, nodata=_VOID, descriptions=("class",), legend=legend
    )


def geotiff_bytes(
    pixels: np.ndarray,
    georeference: Georeference,
    *,
    nodata: float | None = None,
    descriptions: tuple[str, ...] = (),
    legend: Legend | None = None,
) -> bytes:
    """A compressed, tiled GeoTIFF of (H, W, C), marked as this program's.

    Args:
        pixels: (H, W, C) of any dtype that GDAL has.
        georeference: grid and CRS, taken over exactly.
        nodata: value that means no data.
        descriptions: of the bands, from the first.
        legend: names and colours of the values, of one 8-bit band.
    """
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
            if legend:
                dataset.write_colormap(1, legend.colormap())
                dataset.update_tags(1, **legend.tags())
            for index, text in enumerate(descriptions):
                dataset.set_band_description(index + 1, text)
            dataset.update_tags(TIFFTAG_SOFTWARE=tiff_placeholder())
        data = bytes(memory.read())
    return marked_tiff(with_attribute_table(data, legend.table()) if legend else data)


def polygons(
    labels: np.ndarray,
    names: tuple[str, ...],
    georeference: Georeference | None,
    settings: OutlineSettings = AS_PIXELS,
) -> dict[str, Any]:
    """Regions of one class as a GeoJSON FeatureCollection; void is left out.

    Regions are 4-connected and follow pixel edges. Coordinates are longitude and latitude with
    outer rings counter-clockwise (RFC 7946) where the image's reference system says where it lies;
    what crosses the antimeridian is cut there, and what cannot be given in degrees has no geometry,
    which the member ``left_out`` says. Edges that bend in degrees have points between.
    Otherwise they are those of its grid, or pixels, x to the right and y down, where it has none;
    the collection's member ``coordinates`` then says which. ``area_m2`` is the area of the ground,
    see `core.imagery.ground_area`; where there is none, the member ``no_area`` says why.

    Args:
        labels: (H, W) uint8, 255 = void.
        names: of the classes, in index order.
        georeference: of the image.
        settings: smallest region and simplification. `pixels` and `area_m2` of a polygon are those
            of its region, whatever was simplified.
    """
    height, width = labels.shape
    areas = ground_areas(georeference, width, height)
    regions = list(shapes(labels, mask=labels != _VOID, connectivity=4))
    geometries = [geometry for geometry, _ in regions]
    outlines = simplified(geometries, settings.simplify) if settings.simplify else geometries
    located, note = _geometries([_rings(outline) for outline in outlines], georeference)
    features = []
    for (geometry, value), outline in zip(regions, located, strict=True):
        rings = _rings(geometry)
        properties: dict[str, Any] = {
            "class": names[int(value)],
            "label": int(value),
            "pixels": round(_area(rings)),
        }
        if isinstance(areas, GroundAreas):
            properties["area_m2"] = round(areas.of_polygon(rings), 2)
        features.append({"type": "Feature", "properties": properties, "geometry": outline})
    features = large_enough(features, settings.min_area)
    collection: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if note:
        collection["coordinates"] = note
    if isinstance(areas, NoGroundAreas):
        collection["no_area"] = areas.reason
    if count := sum(feature["geometry"] is None for feature in features):
        collection["left_out"] = f"{count} outline(s) that cannot be given in degrees"
    return collection


def _rings(geometry: dict[str, Any]) -> Rings:
    return [np.asarray(ring, np.float64) for ring in geometry["coordinates"]]


def _geometries(
    outlines: list[Rings], georeference: Georeference | None
) -> tuple[list[dict[str, Any] | None], str]:
    """GeoJSON of polygons in degrees, or in what else there is, which the text then names.

    None stands for a polygon that cannot be given in degrees.
    """
    if georeference is None:
        return [*map(_polygon, outlines)], "pixels of the image, x to the right, y down"
    placed = placed_rings(outlines, georeference)
    if placed is None:
        note = "those of the image's grid: " + (
            "its reference system is not given"
            if georeference.crs is None
            else "its reference system cannot be brought to degrees"
        )
        in_grid = [
            [np.column_stack(in_system(georeference, ring)) for ring in outline]
            for outline in outlines
        ]
        return [*map(_polygon, in_grid)], note
    pairs = zip(placed.polygons, outlines, strict=True)
    return [
        _outline(rings, outline, georeference, continuous=placed.continuous)
        for rings, outline in pairs
    ], ""


def _polygon(rings: Rings) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": _wound(rings)}


def _outline(
    rings: Rings, outline: Rings, georeference: Georeference, *, continuous: bool
) -> dict[str, Any] | None:
    """A GeoJSON geometry; one across the antimeridian is cut there (RFC 7946, 3.1.9)."""
    # Only a ring round a pole does not end where it began.
    plain = all(ring[0, 0] == ring[-1, 0] for ring in rings)
    if plain and all(np.abs(ring[:, 0]).max() <= 180 for ring in rings):
        return _polygon(rings)
    parts = on_the_globe(rings, outline, georeference, continuous=continuous)
    if not parts:
        return None
    if len(parts) == 1:
        return _polygon(parts[0])
    return {"type": "MultiPolygon", "coordinates": [_wound(part) for part in parts]}


def _wound(rings: Rings) -> list[list[list[float]]]:
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


def _area(rings: Rings) -> float:
    """Area of a polygon's outer ring less its holes, in squared coordinates."""
    outer, *holes = (abs(_signed_area(ring)) for ring in rings)
    return outer - sum(holes)
