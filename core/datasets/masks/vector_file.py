"""Vector files: how GDAL is given one, its layers and attributes, and where it lies."""

from __future__ import annotations

import json
import math
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import DatasetError
from core.imagery.header import Header

__all__ = [
    "NO_VALUE",
    "Extent",
    "VectorLayer",
    "attribute_text",
    "gdal_vectors",
    "known_crs",
    "label_extent",
    "list_layers",
    "read_attributes",
    "vector_source",
]

NO_VALUE = "no value"
"""What a feature's attribute is called where it is empty."""

_SEQUENCES = {".geojsonl", ".geojsons", ".ndjson"}
_BLANK = 100  # lines at the head that may be blank
_FIRST = 1024**2  # bytes of a GeoJSON's first line that are looked at

# The ring is refused in words. For the whole process, see `core.imagery.source.opening`.
warnings.filterwarnings("ignore", "Non closed ring detected", RuntimeWarning)


@dataclass(frozen=True)
class VectorLayer:
    """A layer of a vector file.

    Attributes:
        name: its name.
        polygons: whether it may hold polygons; a table, points and lines do not.
    """

    name: str
    polygons: bool


def vector_source(path: Path) -> str:
    """The file as GDAL is given it: the ending names the driver, for what GDAL would guess by
    the content could reach other files or addresses.

    GeoJSON with a feature a line (RFC 8142 and newline-delimited) is known by its content too.
    """
    suffix = path.suffix.lower()
    if suffix == ".gpkg":
        return str(path)
    sequence = suffix in _SEQUENCES or _is_sequence(path)
    return f"{'GeoJSONSeq' if sequence else 'GeoJSON'}:{path}"


def _is_sequence(path: Path) -> bool:
    """Whether the first line that is not blank alone is a feature, and more lines follow."""
    blank = b"\x1e \r\n\t"
    try:
        with path.open("rb") as file:
            lines = (file.readline(_FIRST) for _ in range(_BLANK))
            first = next((text for line in lines if (text := line.strip(blank))), b"")
            more = any(line.strip() for line in file.readlines(4096))
        content = json.loads(first) if more else None
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and content.get("type") == "Feature"


@lru_cache(maxsize=1)
def gdal_vectors() -> Any:
    """pyogrio, whose GDAL says nothing on stderr: what matters becomes an error in one line."""
    import pyogrio

    # In threads GDAL's warnings pass pyogrio by.
    pyogrio.set_gdal_config_options({"CPL_LOG": os.devnull})
    return pyogrio


@contextmanager
def _damage(path: Path) -> Iterator[Any]:
    """pyogrio; its complaints become a DatasetError."""
    pyogrio = gdal_vectors()
    try:
        yield pyogrio
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
        raise DatasetError(
            "the labels cannot be read: the file is damaged or cut off",
            where=str(path),
            remedy="copy or export it again as GeoJSON or GeoPackage",
        ) from error


def list_layers(path: Path) -> tuple[VectorLayer, ...]:
    """The layers of a vector file in their order.

    Raises:
        DatasetError: it cannot be read.
    """
    with _damage(path) as pyogrio:
        rows = pyogrio.list_layers(vector_source(path))
    return tuple(VectorLayer(str(name), _may_hold_polygons(kind)) for name, kind in rows)


def _may_hold_polygons(kind: str | None) -> bool:
    return kind is not None and not any(word in kind for word in ("Point", "Line", "None"))


def attribute_text(value: Any) -> str:
    """A value of an attribute as text: whole numbers without a fraction, `NO_VALUE` for none.

    A column of whole numbers with a gap comes out of GDAL as fractions, and 1 as 1.0.
    """
    if value is None or (isinstance(value, (float, np.floating)) and math.isnan(value)):
        return NO_VALUE
    text = str(value)
    whole, dot, fraction = text.partition(".")
    if dot and fraction.strip("0") == "" and whole.removeprefix("-").isdigit():
        return whole
    return text


def known_crs(crs: str | None) -> str | None:
    """The reference system, or None for GeoPackage's own names of an unknown one."""
    return None if crs is None or "undefined" in crs[:60].lower() else crs


def read_attributes(path: Path, layers: Sequence[str] = ()) -> dict[str, list[str]]:
    """The attributes of a vector file: each feature's value as text, see `attribute_text`.

    Args:
        path: the file.
        layers: layers that are read; empty for the first.

    Raises:
        DatasetError: it cannot be read.
    """
    texts: dict[str, list[str]] = {}
    for layer in layers or (None,):
        with _damage(path) as pyogrio:
            meta, _, _, columns = pyogrio.raw.read(
                vector_source(path), layer=layer, read_geometry=False
            )
        for name, column in zip(meta["fields"], columns, strict=True):
            texts.setdefault(str(name), []).extend(attribute_text(value) for value in column)
    return texts


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


def label_extent(path: Path, layers: Sequence[str] = ()) -> Extent:
    """Where a vector file's features lie.

    Args:
        path: the file.
        layers: the layers that are read, of which the first that has features counts; empty for
            the file's first.

    Raises:
        DatasetError: it cannot be read or has no feature.
    """
    for layer in layers or (None,):
        with _damage(path) as pyogrio:
            info = pyogrio.read_info(vector_source(path), layer=layer, force_total_bounds=True)
        if info["features"] and info["total_bounds"] is not None:
            west, south, east, north = (float(value) for value in info["total_bounds"])
            return Extent((west, south, east, north), known_crs(info["crs"]))
    raise DatasetError(
        "the file of labels has no feature",
        where=str(path),
        remedy="export the layer with its polygons",
    )
