"""Label maps and probabilities out: PNG, GeoTIFF on the input's grid, polygons as GeoJSON."""

from __future__ import annotations

import json
import math
from typing import Any

import cv2
import numpy as np
import rasterio
from rasterio.features import shapes
from rasterio.io import MemoryFile
from rasterio.warp import transform_geom

from core.imagery.attribute_table import Legend, with_attribute_table
from core.imagery.outlines import AS_PIXELS, OutlineSettings, large_enough, simplified
from core.imagery.raster import Georeference
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

    Regions are 4-connected and follow pixel edges. Coordinates are longitude and latitude
    (RFC 7946) for a georeferenced image, otherwise pixels, x to the right and y down, which the
    collection then says.

    Args:
        labels: (H, W) uint8, 255 = void.
        names: of the classes, in index order.
        georeference: of the image.
        settings: smallest region and simplification. `pixels` and `area_m2` of a polygon are those
            of its region, whatever was simplified.
    """
    located = georeference is not None and georeference.crs is not None
    transform = georeference.transform if georeference and located else rasterio.Affine.identity()
    pixel = georeference.pixel_area(labels.shape[1], labels.shape[0]) if georeference else None
    features = []
    regions = list(shapes(labels, mask=labels != _VOID, connectivity=4, transform=transform))
    scale = abs(transform.determinant)
    for geometry, value in regions:
        count = round(_area(geometry["coordinates"]) / scale)
        properties = {"class": names[int(value)], "label": int(value), "pixels": count}
        if pixel is not None:
            properties["area_m2"] = round(count * pixel, 2)
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    if settings.simplify:
        tolerance = settings.simplify * math.sqrt(scale)
        outlines = simplified([feature["geometry"] for feature in features], tolerance)
        for feature, outline in zip(features, outlines, strict=True):
            feature["geometry"] = json.loads(json.dumps(outline))
    features = large_enough(features, settings.min_area)
    if georeference and located and features:
        moved = transform_geom(georeference.crs, "EPSG:4326", [f["geometry"] for f in features])
        for feature, geometry in zip(features, moved, strict=True):
            feature["geometry"] = json.loads(json.dumps(geometry))
    collection: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if not located:
        collection["coordinates"] = "pixels of the image, x to the right, y down"
    return collection


def _area(rings: list[list[tuple[float, float]]]) -> float:
    """Area of a polygon's outer ring less its holes (shoelace), in squared coordinates."""
    areas = []
    for ring in rings:
        # Around the first corner: far from the origin the products would swallow the differences.
        x, y = (np.asarray(ring, np.float64) - ring[0]).T
        areas.append(abs(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1])) / 2)
    return float(areas[0] - sum(areas[1:]))
