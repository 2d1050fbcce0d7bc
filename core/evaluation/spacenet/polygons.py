"""Building polygons from a SpaceNet CSV: an image id, WKT in pixels, and a confidence a row."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import DatasetError
from core.formats import listed_first

__all__ = ["BuildingTable", "Proposal", "read_buildings"]

_IMAGE, _POLYGON, _CONFIDENCE = "ImageId", "PolygonWKT_Pix", "Confidence"
_LONGEST_CELL = 64 * 1024**2  # characters
_SHOWN = 60  # characters of a cell in a message


@dataclass(frozen=True)
class Proposal:
    """A polygon and how sure its maker is of it.

    Attributes:
        polygon: shapely Polygon or MultiPolygon in pixels, valid.
        confidence: larger is surer; 1 where the file has none.
    """

    polygon: Any
    confidence: float = 1.0


@dataclass
class BuildingTable:
    """The polygons of a file.

    Attributes:
        by_image: in the file's order; an image without a building has none.
        repaired: how many outlines crossed themselves and were repaired.
    """

    by_image: dict[str, list[Proposal]] = field(default_factory=dict)
    repaired: int = 0


def read_buildings(path: Path) -> BuildingTable:
    """Read ``ImageId, PolygonWKT_Pix`` and, where there is one, ``Confidence``.

    Heights are dropped. A row with POLYGON EMPTY, or without a polygon, says that the image has no
    building. An outline that crosses itself is repaired (`shapely.make_valid`).

    Args:
        path: a CSV file as SpaceNet ships it, or as its solutions are handed in.

    Raises:
        DatasetError: it cannot be read, lacks a column, or a row is no polygon or has no number
            for its confidence; the row is named.
    """
    table = BuildingTable()
    csv.field_size_limit(_LONGEST_CELL)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            for row, cells in _rows(file, path):
                image = (cells[_IMAGE] or "").strip()
                if not image:
                    raise _wrong(path, row, f"there is no {_IMAGE}", "name the image of every row")
                listed = table.by_image.setdefault(image, [])
                polygon = _polygon(cells[_POLYGON] or "", path, row, table)
                if polygon is not None:
                    listed.append(Proposal(polygon, _confidence(cells, path, row)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise DatasetError(
            f"the table of polygons cannot be read ({str(reason).lower()})",
            where=str(path),
            remedy=f"expected a CSV file with the columns {_IMAGE} and {_POLYGON}",
        ) from error
    return table


def _rows(file: Any, path: Path) -> Iterator[tuple[int, dict[str, str | None]]]:
    """The rows by their line in the file, the heading being line 1."""
    reader = csv.DictReader(file)
    columns = [name for name in reader.fieldnames or () if name]
    missing = [name for name in (_IMAGE, _POLYGON) if name not in columns]
    if missing:
        raise DatasetError(
            f"the table of polygons has no column {' and no column '.join(missing)}",
            where=str(path),
            remedy=f"its columns are {listed_first(columns)}; name them as SpaceNet does"
            if columns
            else "the file is empty: write a heading and a row a building",
        )
    for cells in reader:
        yield reader.line_num, cells


def _polygon(text: str, path: Path, row: int, table: BuildingTable) -> Any:
    """The polygon of a cell; None for an empty one."""
    import shapely

    if not text.strip():
        return None
    try:
        polygon = shapely.force_2d(shapely.from_wkt(text))
    except shapely.errors.GEOSException as error:
        raise _wrong(
            path, row, f"{_POLYGON} is no WKT: {text[:_SHOWN]!r}", "write it as POLYGON ((x y, …))"
        ) from error
    if polygon.geom_type not in ("Polygon", "MultiPolygon"):
        raise _wrong(path, row, f"{_POLYGON} holds a {polygon.geom_type}", "buildings are polygons")
    if polygon.is_empty:
        return None
    if not all(math.isfinite(end) for end in polygon.bounds):
        raise _wrong(path, row, "a corner of the polygon is no number", "write finite coordinates")
    if not polygon.is_valid:
        table.repaired += 1
        parts = shapely.get_parts(shapely.make_valid(polygon), return_index=False)
        polygon = shapely.union_all([p for p in parts if p.geom_type.endswith("Polygon")])
    return None if polygon.is_empty else polygon


def _confidence(cells: dict[str, str | None], path: Path, row: int) -> float:
    if _CONFIDENCE not in cells:
        return 1.0
    text = cells[_CONFIDENCE] or ""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if math.isnan(value):
        raise _wrong(
            path,
            row,
            f"{_CONFIDENCE} is no number: {text[:_SHOWN]!r}",
            "write one in every row, or leave the column out",
        )
    return value


def _wrong(path: Path, row: int, what: str, remedy: str) -> DatasetError:
    return DatasetError(what, where=f"{path}, line {row}", remedy=remedy)
