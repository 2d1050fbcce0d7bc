"""Vector files: how GDAL is given one, its layers and attributes, and where it lies."""

from __future__ import annotations

import json
import math
import mmap
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import DatasetError
from core.formats import binary_size
from core.imagery.header import Header
from core.imagery.whole_turns import copies_on, image_box, whole_turn
from core.untrusted.bounded import Bounded, OutOfBounds, Refused
from core.untrusted.text_file import parse_json
from core.untrusted.time_budget import TimeBudget

__all__ = [
    "NO_VALUE",
    "Extent",
    "VectorLayer",
    "attribute_text",
    "known_crs",
    "label_extent",
    "list_attributes",
    "list_layers",
    "read_attributes",
    "read_geometries",
    "vector_source",
]

NO_VALUE = "no value"
"""What a feature's attribute is called where it is empty."""

_SEQUENCES = {".geojsonl", ".geojsons", ".ndjson"}
_SQLITE = b"SQLite format 3\0"
# GDAL's words end at a zero, whatever follows.
_CRS = re.compile(
    rb'"(?:c|\\u00[64]3)(?:r|\\u00[75]2)(?:s|\\u00[75]3)(?:\\u0000[^"]*)?"\s*:\s*', re.IGNORECASE
)
# A text of JSON, and a colon where it is the name of a member. One without an end goes to that of
# the file, so that no other begins within it.
_TEXT = re.compile(rb'"((?:[^"\\]|\\.)*+)(?:"\s*(:)?)?', re.DOTALL)
_NAMES = 4096  # different names of members
_LONGEST_CRS = 16 * 1024
_MAX_BYTES = 512 * 1024**2
_MEMORY = 2 * 1024**3  # bytes for reading a file
_SECONDS = 30  # for a small one, whatever is asked of it, and for more
_BYTES_PER_SECOND = 4 * 1024**2
_BLANK = 100  # lines at the head that may be blank
_FIRST = 1024**2  # bytes of a GeoJSON's first line that are looked at


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
    """The file as GDAL is given it: its ending and first bytes name the driver.

    GeoJSON with a feature a line (RFC 8142 and newline-delimited) is known by its content too.

    Raises:
        DatasetError: it is missing, no file or too large, a GeoPackage is none, or a GeoJSON names
            its reference system by an address or has thousands of attributes.
    """
    if not path.is_file():  # a pipe or a device never ends
        what = "is no file" if path.exists() else "is not there"
        raise DatasetError(
            f"the file of labels {what}", where=str(path), remedy="check its name, or put it back"
        )
    whole = path.absolute()
    try:
        if (size := path.stat().st_size) > _MAX_BYTES:
            raise DatasetError(
                f"the labels take {binary_size(size)}, and {binary_size(_MAX_BYTES)} is the limit",
                where=str(path),
                remedy="cut them to the images' extents first (ogr2ogr -clipsrc)",
            )
        if path.suffix.lower() == ".gpkg":
            with path.open("rb") as file:
                if not file.read(len(_SQLITE)) == _SQLITE:
                    raise DatasetError(
                        "this is no GeoPackage, whatever it is called",
                        where=str(path),
                        remedy="export the layer again as GeoJSON or GeoPackage",
                    )
            return str(whole)
        if _crs_elsewhere(path):
            raise DatasetError(
                "the GeoJSON names its reference system by an address, and nothing is fetched",
                where=str(path),
                remedy="export it again with coordinates in degrees (EPSG:4326), as RFC 7946 asks",
            )
        if _many_names(path, size, path.stat().st_mtime_ns):
            raise DatasetError(
                f"the GeoJSON has more than {_NAMES:,} different attributes",
                where=str(path),
                remedy="keep the one that names the class: ogr2ogr -select NAME",
            )
    except OSError as error:
        raise DatasetError(
            f"the labels cannot be opened ({error.strerror})",
            where=str(path),
            remedy="check its name and who may read it",
        ) from error
    sequence = path.suffix.lower() in _SEQUENCES or _is_sequence(path)
    return f"{'GeoJSONSeq' if sequence else 'GeoJSON'}:{whole}"


def _crs_elsewhere(path: Path) -> bool:
    """Whether a member ``crs`` of a GeoJSON is anything but a name (GeoJSON 2008, section 3).

    GDAL takes its key in any case and its letters as escapes, and fetches what a link says.
    """
    if path.stat().st_size == 0:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        for match in _CRS.finditer(text):
            member = text[match.end() : match.end() + _LONGEST_CRS].decode(errors="replace")
            try:
                # Every pair of an object, also where a key comes twice.
                content, _ = json.JSONDecoder(object_pairs_hook=list).raw_decode(member)
            except (ValueError, RecursionError):
                return True
            if content is None or isinstance(content, str):  # an attribute of that name
                continue
            pairs = content if isinstance(content, list) else [("", content)]
            words = [(str(k).partition("\0")[0].lower(), str(v).lower()) for k, v in pairs]
            kinds = {value for key, value in words if key == "type"}
            if not kinds <= {"name", "epsg", "ogc"}:
                return True
    return False


@lru_cache(maxsize=64)
def _many_names(path: Path, size: int, changed: int) -> bool:
    """Whether the objects of a GeoJSON have more different names of members than `_NAMES`.

    GDAL compares each new one with all that it knows: of 60,000, for most of a minute.

    Args:
        path: the file.
        size, changed: its bytes and when it was changed last, so that it is looked at again then.
    """
    names: set[bytes] = set()
    if size == 0:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        for match in _TEXT.finditer(text):
            if match[2] is not None:
                names.add(match[1])
                if len(names) > _NAMES:
                    return True
    return False


def _is_sequence(path: Path) -> bool:
    """Whether the first line that is not blank alone is a feature, and more lines follow."""
    blank = b"\x1e \r\n\t"
    try:
        with path.open("rb") as file:
            lines = (file.readline(_FIRST) for _ in range(_BLANK))
            first = next((text for line in lines if (text := line.strip(blank))), b"")
            more = any(line.strip() for line in file.readlines(4096))
        content = parse_json(first.decode()) if more else None
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and content.get("type") == "Feature"


@lru_cache(maxsize=1)
def _reader() -> Bounded:
    # GDAL's complaints come back as errors, in one line.
    environment = {"CPL_LOG": os.devnull, "OPENBLAS_NUM_THREADS": "1", "GDAL_SKIP": ""}
    # Nothing that is left asks the network. Where a driver still would, nobody answers there.
    environment |= {"GDAL_HTTP_PROXY": "127.0.0.1:9", "GDAL_HTTP_MAX_RETRY": "0"}
    environment |= {"NO_PROXY": "", "no_proxy": ""}  # which would let addresses past it
    # The virtual tables of SpatiaLite (VirtualText and the like) are files of the server by path.
    environment |= {"SPATIALITE_LOAD": "NO"}
    return Bounded("core.datasets.masks.vector_process", _MEMORY, environment)


_BUDGET = TimeBudget()


def _ask(path: Path, function: str, *arguments: Any) -> Any:
    """What the process that opens vector files answers.

    Raises:
        DatasetError: the file is damaged, none that may be opened, or takes too long or too much
            memory.
    """
    source = vector_source(path)
    status = path.stat()
    file, question = (source, status.st_size, status.st_mtime_ns), (function, repr(arguments))
    seconds = _SECONDS + status.st_size / _BYTES_PER_SECOND
    try:
        left = _BUDGET.left(file, question, seconds)
        if left <= 0:
            raise OutOfBounds("0 s")
        spent = partial(_BUDGET.spend, file, question)
        return _reader().call(function, source, *arguments, seconds=left, spent=spent)
    except OutOfBounds as error:
        bound = f"{seconds:.0f} s" if str(error).endswith(" s") else error
        raise DatasetError(
            f"the labels take more than {bound} to read, and that is the limit",
            where=str(path),
            remedy="export the layer again as a plain table of polygons, cut to the extent of the "
            "images (ogr2ogr -clipsrc)",
        ) from error
    except Refused as error:
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
    rows = _ask(path, "list_layers")
    return tuple(VectorLayer(name, _may_hold_polygons(kind)) for name, kind in rows)


def _may_hold_polygons(kind: str | None) -> bool:
    return kind is not None and not any(word in kind for word in ("Point", "Line", "None"))


def attribute_text(value: Any) -> str:
    """A value of an attribute as text: whole numbers without a fraction, `NO_VALUE` for none.

    A column of whole numbers with a gap comes out of GDAL as fractions, and 1 as 1.0.
    """
    if value is None or (isinstance(value, (float, np.floating)) and math.isnan(value)):
        return NO_VALUE
    text = str(value).strip()  # as names of classes are
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
        _, names, _, columns = _ask(path, "read", layer, None, False)
        for name, column in zip(names, columns, strict=True):
            texts.setdefault(name, []).extend(attribute_text(value) for value in column)
    return texts


def read_geometries(
    path: Path, layer: str, attribute: str
) -> tuple[list[bytes | None] | None, Sequence[Any] | None, str | None]:
    """Geometries as WKB, the values of an attribute, and the reference system.

    Args:
        path: the file.
        layer: layer that is read; empty for the first.
        attribute: attribute that is read; empty for none.

    Returns:
        None for the geometries of a layer without any, and for the values of an attribute that
        there is none of.

    Raises:
        DatasetError: it cannot be read.
    """
    columns = [attribute] if attribute else []
    crs, _, shapes, values = _ask(path, "read", layer or None, columns, True)
    return shapes, values[0] if values else None, known_crs(crs)


def list_attributes(path: Path, layer: str) -> tuple[str, ...]:
    """Names of the attributes of a layer, empty for the first.

    Raises:
        DatasetError: it cannot be read.
    """
    return tuple(_ask(path, "info", layer or None, False)["fields"])


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
        frame = image_box(header)
        try:
            box = transform_bounds(CRS.from_user_input(self.crs), place.crs, *self.bounds)
        except (CRSError, RasterioError):
            return True
        if not np.isfinite(box).all():
            return False
        if not (box[1] <= frame[3] and frame[1] <= box[3]):
            return False
        turn = whole_turn(place.crs)
        if turn is None:
            return bool(box[0] <= frame[2] and frame[0] <= box[2])
        if not 0 <= box[2] - box[0] <= turn / 2:
            return True  # around the date line, or torn apart there
        return bool(copies_on(box[0], box[2], (frame[0], frame[2]), turn))


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
        info = _ask(path, "info", layer, True)
        if info["features"] and info["bounds"] is not None:
            west, south, east, north = map(float, info["bounds"])
            return Extent((west, south, east, north), known_crs(info["crs"]))
    raise DatasetError(
        "the file of labels has no feature",
        where=str(path),
        remedy="export the layer with its polygons",
    )
