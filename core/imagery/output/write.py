"""Label maps and probabilities out: PNG, and GeoTIFF on the input's grid."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from core.imagery.header import Georeference
from core.imagery.output.attribute_table import Legend
from core.imagery.output.geotiff import Content, write_geotiff

__all__ = ["content_bytes", "geotiff_bytes", "label_geotiff", "png_bytes"]

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
    """A cloud-optimised GeoTIFF of (H, W, C), marked as this program's.

    Args:
        pixels: (H, W, C) of any dtype that GDAL has.
        georeference: grid and CRS, taken over exactly.
        nodata: value that means no data.
        descriptions: of the bands, from the first.
        legend: names and colours of the values, of one 8-bit band.
    """
    height, width, bands = pixels.shape
    content = Content(
        height,
        width,
        bands,
        str(pixels.dtype),
        georeference,
        nodata,
        descriptions,
        legend,
    )
    return content_bytes(pixels, content)


def content_bytes(pixels: np.ndarray, content: Content) -> bytes:
    """A GeoTIFF as `write_geotiff` writes it, that can be edited in place.

    Args:
        pixels: (H, W, C).
        content: what it is to hold.
    """
    content = replace(content, editable=True)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "result.tif"
        write_geotiff(path, content, lambda rows, columns: pixels[rows, columns])
        return path.read_bytes()
