"""What a vector file says of itself without its polygons: attributes, and where it lies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import DatasetError
from core.imagery.raster import Header

__all__ = ["Extent", "label_extent", "read_attributes", "vector_source"]

_DRIVERS = {".geojson": "GeoJSON", ".json": "GeoJSON", ".gpkg": "GPKG"}


def vector_source(path: Path) -> str:
    """The file as GDAL is given it: the ending names the driver, for what GDAL would guess by
    the content could reach other files or addresses."""
    driver = _DRIVERS[path.suffix.lower()]
    return f"{driver}:{path}" if driver == "GeoJSON" else str(path)


@contextmanager
def _damage(path: Path) -> Iterator[Any]:
    """pyogrio; its complaints become a DatasetError."""
    import pyogrio

    try:
        yield pyogrio
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
        raise DatasetError(
            "the labels cannot be read: the file is damaged or cut off",
            where=str(path),
            remedy="copy or export it again as GeoJSON or GeoPackage",
        ) from error


def read_attributes(path: Path) -> dict[str, list[str]]:
    """The attributes of a vector file: each feature's value as text, ``None`` where it has none.

    Raises:
        DatasetError: it cannot be read.
    """
    with _damage(path) as pyogrio:
        meta, _, _, columns = pyogrio.raw.read(vector_source(path), read_geometry=False)
    return {
        str(name): [str(value) for value in column]
        for name, column in zip(meta["fields"], columns, strict=True)
    }


@dataclass(frozen=True)
class Extent:
    """The box around a vector file's features: west, south, east, north in its own system."""

    bounds: tuple[float, float, float, float]
    crs: str | None

    @property
    def words(self) -> str:
        west, south, east, north = self.bounds
        return f"x {west:,.6g} to {east:,.6g}, y {south:,.6g} to {north:,.6g}"

    def meets(self, header: Header) -> bool:
        """Whether it overlaps the box around an image; true where that cannot be told."""
        from rasterio.crs import CRS
        from rasterio.errors import CRSError, RasterioError
        from rasterio.warp import transform_bounds

        place = header.georeference
        if place is None or place.crs is None or self.crs is None:
            return True  # burning them says what is wrong
        corners = np.array(
            [place.transform @ (x, y) for x in (0, header.width) for y in (0, header.height)]
        )
        frame = (*corners.min(axis=0), *corners.max(axis=0))
        try:
            box = transform_bounds(CRS.from_user_input(self.crs), place.crs, *self.bounds)
        except (CRSError, RasterioError):
            return True
        if not np.isfinite(box).all():
            return False
        across = bool(box[0] <= frame[2] and frame[0] <= box[2])
        return across and bool(box[1] <= frame[3] and frame[1] <= box[3])


def label_extent(path: Path) -> Extent:
    """Where a vector file's features lie.

    Raises:
        DatasetError: it cannot be read or has no feature.
    """
    with _damage(path) as pyogrio:
        info = pyogrio.read_info(vector_source(path), force_total_bounds=True)
    if not info["features"] or info["total_bounds"] is None:
        raise DatasetError(
            "the file of labels has no feature",
            where=str(path),
            remedy="export the layer with its polygons",
        )
    west, south, east, north = (float(value) for value in info["total_bounds"])
    return Extent((west, south, east, north), info["crs"])
