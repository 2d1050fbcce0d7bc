"""Footprints: polygons of a GeoJSON, GeoPackage or SpaceNet CSV burnt onto an image's grid."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from core.classes import VOID
from core.datasets.masks.decode import OTHERS
from core.datasets.masks.polygon_grid import has_grid, near_image, onto_grid
from core.datasets.masks.vector_file import (
    NO_VALUE,
    attribute_text,
    list_attributes,
    list_layers,
    read_geometries,
)
from core.errors import DatasetError
from core.imagery.header import Header
from core.mask_coding import MaskCoding

__all__ = [
    "VECTOR_SUFFIXES",
    "Footprints",
    "footprint_labels",
    "rasterise",
    "read_footprints",
]

VECTOR_SUFFIXES = (".geojson", ".json", ".gpkg", ".csv", ".geojsonl", ".geojsons", ".ndjson")
_POLYGONS = {"Polygon", "MultiPolygon"}
_GRID = 256  # pixels a side for the area of an outline that crosses itself


@dataclass(frozen=True)
class Footprints:
    """Polygons in pixel coordinates of one image: x to the right, y down, in pixels.

    Attributes:
        polygons: shapely polygons and multipolygons, two-dimensional.
        values: what the class attribute says of each (`attribute_text`), or else the name of the
            layer that was asked for, or None.
    """

    polygons: tuple[Any, ...]
    values: tuple[str | None, ...]


def read_footprints(
    path: Path, image: Path, header: Header, coding: MaskCoding | None = None
) -> Footprints:
    """Read polygons and bring them onto an image's grid.

    Heights (a third coordinate) are dropped, and so is what a collection holds beside polygons.
    Coordinates are reprojected where the two reference systems differ; without one on either side
    those of the image are meant. For an image without a grid they are its pixels, y down, or up
    from 0 as QGIS shows such an image. A ``.csv`` is SpaceNet's
    summary of a whole set, in pixel coordinates, of which the image's own rows are taken.

    Args:
        path: GeoJSON, GeoPackage or CSV.
        image: the image's file; its name says which rows of a CSV are meant.
        header: of that image.
        coding: the attribute that names the class, the layers that are read, and whether the
            file is shared: it holds the polygons of many images, is read once and kept, only those
            near this image are taken, and there may be none.

    Raises:
        DatasetError: the file cannot be read, holds other things than polygons, lacks the
            attribute or a layer, needs a georeferenced image and has none, or (not shared) lies
            beside the image.
    """
    if path.suffix.lower() == ".csv":
        return _from_csv(path, image)
    coding = coding or MaskCoding("footprints")
    on_image = Footprints((), ())
    beside: DatasetError | None = None
    for layer in coding.layers or ("",):
        source = _Source(path, coding.attribute, layer)
        if coding.shared:
            polygons, values, crs, tree = _kept(source, _stamp(path))
            near = near_image(tree, crs, header) if len(polygons) else None
            if near is not None:
                polygons, values = polygons[near], values[near]
        else:
            polygons, values, crs = _polygons(source)
        if len(polygons):
            try:
                part = _onto_grid(polygons, values, crs, header, path, coding.shared)
            except _BesideError as error:  # of several layers one may well lie there
                beside = error
                continue
            on_image = Footprints(
                (*on_image.polygons, *part.polygons), (*on_image.values, *part.values)
            )
    if beside and not on_image.polygons:
        raise beside
    return on_image


class _BesideError(DatasetError):
    """No polygon lies on the image."""


class _Source(NamedTuple):
    """What is read of a file: `attribute` empty for none, `layer` for the first."""

    path: Path
    attribute: str
    layer: str


def _polygons(source: _Source) -> tuple[np.ndarray, np.ndarray, str | None]:
    """Polygons, their attribute's texts and their reference system; empty features are left out."""
    import shapely

    path = source.path
    shapes, texts, crs = _load(source)
    polygons = shapely.force_2d(shapely.from_wkb(shapes, on_invalid="ignore"))
    values = np.full(len(polygons), source.layer or None, object)
    if source.attribute:
        values[:] = [attribute_text(v) for v in texts]
    for position, polygon in enumerate(polygons):
        if polygon is None and shapes[position] is not None:
            repaired = shapely.from_wkb(shapes[position], on_invalid="fix")
            closed = repaired is None or repaired.is_empty
            raise DatasetError(
                f"feature {position + 1} is no polygon: a ring of it "
                + ("has fewer than three corners" if closed else "is not closed"),
                where=str(path),
                remedy="remove it, or repair the layer (QGIS: Vector geometry, Fix geometries; or "
                "ogr2ogr -makevalid)",
            )
        if polygon is None or polygon.is_empty:
            continue
        if polygon.geom_type == "GeometryCollection":
            polygons[position] = polygon = _polygons_of(polygon)
        _check_kind(polygon, f"feature {position + 1}", path)
    kept = np.array([p is not None and not p.is_empty for p in polygons], bool)
    return polygons[kept], values[kept], crs


def _polygons_of(collection: Any) -> Any:
    """The polygons of a collection as one; the collection itself where it has none."""
    import shapely

    parts = _parts_of(collection)
    return shapely.MultiPolygon(parts) if parts else collection


def _parts_of(geometry: Any) -> list[Any]:
    if geometry.geom_type == "Polygon":
        return [geometry]
    return [part for member in getattr(geometry, "geoms", ()) for part in _parts_of(member)]


def _check_kind(polygon: Any, what: str, path: Path) -> None:
    if polygon.geom_type not in _POLYGONS:
        raise DatasetError(
            f"{what} is a {polygon.geom_type}, and a mask needs polygons",
            where=str(path),
            remedy="keep only Polygon and MultiPolygon features; give lines and points a width "
            "first (QGIS: Vector, Geoprocessing Tools, Buffer)",
        )


@lru_cache(maxsize=4)
def _kept(source: _Source, stamp: tuple[int, int]) -> tuple[Any, Any, str | None, Any]:
    """`_polygons` with a search tree, kept for the next image; `stamp` as in `_summary`."""
    import shapely

    polygons, values, crs = _polygons(source)
    return polygons, values, crs, shapely.STRtree(polygons)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return 0, 0  # reading says what is wrong
    return status.st_size, status.st_mtime_ns


def _load(source: _Source) -> tuple[np.ndarray, Sequence[Any], str | None]:
    """WKB, attribute values and the reference system of a layer."""
    path, attribute, layer = source
    if layer and layer not in (names := [known.name for known in list_layers(path)]):
        raise DatasetError(
            f"the labels have no layer {layer!r}",
            where=str(path),
            remedy=f"choose one of: {', '.join(names)}",
        )
    geometry, values, crs = read_geometries(path, layer, attribute)
    if geometry is None:
        raise DatasetError(
            "the footprints have no geometry",
            where=str(path),
            remedy="export the layer with its polygons",
        )
    if attribute and values is None and geometry:
        known = ", ".join(list_attributes(path, layer)) or "none"
        raise DatasetError(
            f"the footprints have no attribute {attribute!r}",
            where=str(path),
            remedy=f"choose one of: {known}",
        )
    return np.array(geometry, object), () if values is None else values, crs


def _onto_grid(
    polygons: np.ndarray,
    values: np.ndarray,
    crs: str | None,
    header: Header,
    path: Path,
    shared: bool,
) -> Footprints:
    """Polygons on an image's grid; of a shared file those that meet the image, else all."""
    import shapely

    moved = onto_grid(polygons, crs, header, path)
    if not has_grid(header):
        return Footprints(tuple(moved), tuple(values))
    frame = shapely.box(0, 0, header.width, header.height)
    meets = shapely.intersects(moved, frame)
    if shared:
        return Footprints(tuple(moved[meets]), tuple(values[meets]))
    if not meets.any():
        west, north, east, south = (round(float(v)) for v in shapely.total_bounds(moved))
        raise _BesideError(
            f"none of the {len(moved):,} footprints lies on the image: in its pixels they are at "
            f"x {west:,} to {east:,}, y {north:,} to {south:,}, and it has "
            f"{header.width:,} × {header.height:,}",
            where=str(path),
            remedy="the image has a grid and no coordinate reference system, so that nothing is "
            "reprojected: give it one (gdal_edit.py -a_srs EPSG:…), or labels in its coordinates"
            if header.georeference is None or header.georeference.crs is None
            else "check that they belong to this image and that their coordinate reference "
            f"system ({crs or 'none given'}) is the right one",
        )
    return Footprints(tuple(moved), tuple(values))


@lru_cache(maxsize=2)
def _summary(path: Path, stamp: tuple[int, int]) -> dict[str, tuple[str, ...]]:
    """Polygons as WKT by the image's `_tail`; `stamp` makes a changed file be read."""
    by_image: dict[str, list[str]] = {}
    csv.field_size_limit(64 * 1024**2)
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                # A row that ends early has None there.
                polygon = row["PolygonWKT_Pix"] or ""
                by_image.setdefault(_tail(row["ImageId"] or ""), []).append(polygon)
    except (OSError, KeyError, ValueError, csv.Error) as error:
        raise DatasetError(
            "the summary of footprints cannot be read",
            where=str(path),
            remedy="expected a CSV with the columns ImageId and PolygonWKT_Pix, as SpaceNet "
            "ships it",
        ) from error
    return {image: tuple(polygons) for image, polygons in by_image.items()}


def _from_csv(path: Path, image: Path) -> Footprints:
    import shapely

    listed = _summary(path, _stamp(path))
    texts = listed.get(_tail(image.stem))
    if texts is None:
        raise DatasetError(
            f"the summary of footprints does not list {image.stem}",
            where=str(path),
            remedy="an image without a building has a row with POLYGON EMPTY: add one, or exclude "
            "the sample",
        )
    try:
        polygons = shapely.force_2d(shapely.from_wkt(list(texts)))
    except shapely.errors.GEOSException as error:
        raise DatasetError(
            f"a polygon of {image.stem} in the summary is no WKT",
            where=str(path),
            remedy="download the file again",
        ) from error
    kept = tuple(p for p in polygons if not p.is_empty)
    for polygon in kept:
        _check_kind(polygon, f"a footprint of {image.stem}", path)
    return Footprints(kept, (None,) * len(kept))


def _tail(name: str) -> str:
    """Start, end, "tile" and number: what an ImageId and all products of a tile share.

    SpaceNet 6 writes that alone as ImageId; other sets the image's whole name.
    """
    return "_".join(name.split("_")[-4:])


def rasterise(
    path: Path,
    image: Path,
    header: Header,
    names: Sequence[str],
    coding: MaskCoding | None = None,
) -> tuple[np.ndarray, dict[str, int]]:
    """Burn footprints as labels.

    A pixel belongs to a polygon if its centre does (GDAL's rule without ALL_TOUCHED). Smaller
    polygons lie on top of larger ones, the parts of a multipolygon each by its own area. Where the
    outline of one crosses itself, what it goes around an odd number of times is inside.

    Args:
        path, image, header, coding: as for `read_footprints`; without an attribute all polygons
            are label 1, or the class that their layer is called by.
        names: the class names; the first is where there is no polygon.

    Returns:
        (H, W) uint8 labels, 255 = void, and the pixel counts of attribute values that are no
        class, ``value …``; those pixels are void.

    Raises:
        DatasetError: see `read_footprints`.
    """
    from rasterio.features import rasterize

    coding = coding or MaskCoding("footprints")
    footprints = read_footprints(path, image, header, coding)
    own = footprint_labels(footprints, names, coding)
    strange: dict[str, list[Any]] = {}
    drawn: list[tuple[float, Any, int]] = []
    areas = _areas(footprints.polygons)
    rows = zip(footprints.polygons, footprints.values, areas, own, strict=True)
    for polygon, value, area, label in rows:
        if area < coding.minimum_area or not math.isfinite(area) or area == 0:
            continue
        if label < 0:
            text = NO_VALUE if value == NO_VALUE else f"value {value}"
            strange.setdefault(text, []).append(polygon)
            label = VOID
        drawn += [(part_area, part, label) for part, part_area in _drawn_parts(polygon, area)]
    labels = np.zeros((header.height, header.width), np.uint8)
    if drawn:
        drawn.sort(key=lambda item: -item[0])
        rasterize([(p, v) for _, p, v in drawn], out=labels, all_touched=False)
    unknown = {
        name: int(rasterize(polygons, out_shape=labels.shape, all_touched=False).sum())
        for name, polygons in strange.items()
    }
    return labels, unknown


def footprint_labels(footprints: Footprints, names: Sequence[str], coding: MaskCoding) -> list[int]:
    """The label of every polygon; −1 where its attribute says what is no class.

    Args:
        footprints: of `read_footprints`.
        names, coding: as for `rasterise`.
    """
    index = {name: number for number, name in enumerate(names)} | dict(coding.texts)
    index |= {name.removeprefix("value "): label for name, label in coding.read_as.items()}
    by_layer = not coding.attribute and all(layer in index for layer in coding.layers)
    named = bool(coding.attribute or (coding.layers and by_layer))
    others = index.get(OTHERS, -1)
    return [index.get(str(value), others) if named else 1 for value in footprints.values]


def _drawn_parts(polygon: Any, area: float) -> list[tuple[Any, float]]:
    """The parts of a polygon, each with its own area.

    A class dissolved into one multipolygon is larger than a neighbour that its parts lie in, and
    would vanish under it.
    """
    parts = _parts_of(polygon)
    if len(parts) < 2:
        return [(polygon, area)]
    sized = zip(parts, _areas(parts), strict=True)
    return [(part, size) for part, size in sized if math.isfinite(size) and size > 0]


def _areas(polygons: Sequence[Any]) -> list[float]:
    """Area of each as it is burnt; the two halves of a bow tie would cancel each other out."""
    import shapely

    shapes = np.array(polygons, object)
    areas = shapely.area(shapes)
    for position in np.flatnonzero(np.isfinite(areas) & ~shapely.is_valid(shapes)):
        areas[position] = _area_inside(shapes[position])
    return [float(area) for area in areas]


def _area_inside(polygon: Any) -> float:
    """Area of what an outline that crosses itself goes around an odd number of times.

    By burning it onto a grid: repairing one of a thousand crossing edges takes a minute.
    """
    from affine import Affine
    from rasterio.features import rasterize

    west, north, east, south = polygon.bounds
    if not (east > west and south > north):
        return 0.0
    pixel = Affine.translation(west, north) @ Affine.scale(
        (east - west) / _GRID, (south - north) / _GRID
    )
    inside = rasterize([(polygon, 1)], out_shape=(_GRID, _GRID), transform=pixel)
    return float(inside.mean()) * (east - west) * (south - north)
