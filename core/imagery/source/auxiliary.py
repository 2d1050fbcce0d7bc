"""GDAL's persistent auxiliary metadata (PAM), the ``.aux.xml`` beside an image.

As in GDAL, what it says counts before what the image file itself says.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar
from xml.etree import ElementTree

from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp

if TYPE_CHECKING:
    from rasterio.crs import CRS

__all__ = ["Auxiliary", "crs_of", "is_grid", "read_auxiliary"]

T = TypeVar("T")


@dataclass(frozen=True)
class Auxiliary:
    """What auxiliary metadata say of an image; bands are counted from 0.

    Attributes:
        transform: from column and row to map coordinates.
        crs: reference system of these coordinates.
        points: ground control points, and `points_crs` the reference system of theirs.
        nodata: values that mean no data, by band.
        scaling: factor and offset, by band.
        names: the bands' descriptions.
        colors: what the bands are, in rasterio's words for GDAL's.
        unread: parts that are there and cannot be read.
    """

    transform: Affine | None = None
    crs: CRS | None = None
    points: tuple[GroundControlPoint, ...] = ()
    points_crs: CRS | None = None
    nodata: Mapping[int, float] = field(default_factory=dict)
    scaling: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)
    colors: Mapping[int, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()


def read_auxiliary(text: str) -> Auxiliary:
    """What the text of an ``.aux.xml`` says; parts that cannot be read are named in `unread`."""
    # Entities could grow without end; GDAL writes none.
    if not text.strip() or "<!" in text.replace("<!--", ""):
        return Auxiliary(unread=("content",))
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return Auxiliary(unread=("content",))
    parts = _Parts()
    points = root.find("GCPList")
    known = list(parts.bands(root))
    return Auxiliary(
        transform=parts.text(root, "GeoTransform", _transform),
        crs=parts.text(root, "SRS", crs_of),
        points=() if points is None else parts.read("GCPList", lambda: _points(points)) or (),
        points_crs=None if points is None else crs_of(points.get("Projection", "")),
        nodata=_by_band(known, lambda band: parts.text(band, "NoDataValue", float)),
        scaling=_by_band(known, parts.scaling),
        names=_by_band(known, lambda band: band.findtext("Description", "").strip() or None),
        colors=_by_band(known, lambda band: _color(band.findtext("ColorInterp", ""))),
        unread=tuple(dict.fromkeys(parts.unread)),
    )


class _Parts:
    """Reads parts, and remembers those that are there and cannot be read."""

    def __init__(self) -> None:
        self.unread: list[str] = []

    def read(self, name: str, parse: Callable[[], T | None]) -> T | None:
        with suppress(ValueError, KeyError):
            value = parse()
            if value is not None:
                return value
        self.unread.append(name)
        return None

    def text(
        self, above: ElementTree.Element, name: str, parse: Callable[[str], T | None]
    ) -> T | None:
        text = above.findtext(name, "").strip()
        return self.read(name, lambda: parse(text)) if text else None

    def bands(self, root: ElementTree.Element) -> Iterator[tuple[int, ElementTree.Element]]:
        for place, band in enumerate(root.iterfind("PAMRasterBand"), start=1):
            text = band.get("band", str(place))
            if _NUMBER.fullmatch(text.strip()):
                yield int(text) - 1, band
            else:
                self.unread.append("number of a band")

    def scaling(self, band: ElementTree.Element) -> tuple[float, float] | None:
        """Either of the two alone makes the other what changes nothing, as in GDAL."""
        factor = self.text(band, "Scale", float)
        offset = self.text(band, "Offset", float)
        if factor is None and offset is None:
            return None
        return (1.0 if factor is None else factor), (0.0 if offset is None else offset)


def _by_band(
    bands: list[tuple[int, ElementTree.Element]], parse: Callable[[ElementTree.Element], T | None]
) -> dict[int, T]:
    values = ((number, parse(band)) for number, band in bands)
    return {number: value for number, value in values if value is not None}


def is_grid(transform: Affine) -> bool:
    """Whether a transform lays a grid: its numbers are finite, and pixels have an area."""
    return all(map(math.isfinite, transform[:6])) and transform.determinant != 0


def _transform(text: str) -> Affine | None:
    numbers = [float(part) for part in text.split(",")]
    transform = Affine.from_gdal(*numbers) if len(numbers) == 6 else None
    return transform if transform is not None and is_grid(transform) else None


def _points(listed: ElementTree.Element) -> tuple[GroundControlPoint, ...]:
    points = []
    for point in listed.iterfind("GCP"):
        numbers = [float(point.attrib[name]) for name in ("Line", "Pixel", "X", "Y")]
        if not all(map(math.isfinite, numbers)):
            raise ValueError("a control point of no numbers")
        points.append(GroundControlPoint(*numbers))
    return tuple(points)


def _color(text: str) -> str | None:
    """The word for a band's interpretation; a palette is that of the file itself, or none."""
    word = text.strip().lower()
    known = {name.lower(): name for name in ColorInterp.__members__}
    return None if word in ("undefined", "palette") else known.get(word)


_EPSG = re.compile(r"EPSG:(\d{1,6})", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,9}")  # of a band; Python refuses to make a number of 5,000 digits


def crs_of(text: str) -> CRS | None:
    """A reference system from its WKT, ESRI's too, or its number; None where it is none.

    GDAL's own reading of any text is not asked: it would open files and addresses.
    """
    from rasterio._err import CPLE_BaseError  # in none of rasterio's public modules
    from rasterio.crs import CRS
    from rasterio.errors import CRSError

    text = text.strip()
    if not text:
        return None
    try:
        if number := _EPSG.fullmatch(text):
            return CRS.from_epsg(int(number[1]))
        return CRS.from_wkt(text, morph_from_esri_dialect=True)
    except CRSError:
        # GDAL keeps the complaint, and the next call that goes well would be blamed for it.
        with suppress(CPLE_BaseError, CRSError):
            CRS.from_epsg(4326).to_wkt()
        return None
