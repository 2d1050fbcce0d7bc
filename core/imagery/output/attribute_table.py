"""Class names and colours inside a label GeoTIFF, as GDAL and QGIS look for them."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

__all__ = ["Legend", "put_attribute_table", "room_for_table"]

_METADATA = 42112  # TIFF tag of GDAL's metadata, XML in ASCII
_ROOM = "ATTRIBUTE_TABLE"
_EMPTY = f'<Item name="{_ROOM}" sample="0"></Item>'.encode()
_ROOM_ITEM = re.compile(rb'<Item name="ATTRIBUTE_TABLE" sample="0"[^>]*>x+</Item>')
_INTEGER, _STRING = 0, 2  # GDALRATFieldType
# Name, GDALRATFieldType and GDALRATFieldUsage of each column.
_COLUMNS = (
    ("Value", _INTEGER, 5),
    ("Class", _STRING, 2),
    ("Red", _INTEGER, 6),
    ("Green", _INTEGER, 7),
    ("Blue", _INTEGER, 8),
    ("Alpha", _INTEGER, 9),
)
# Of a classic TIFF and a BigTIFF: header's place of the first directory, count of its entries, an
# entry (tag, type, count, value or place), and a pointer.
_CLASSIC = ("<I", 4, "<H", "<HHII", "<I")
_BIG = ("<Q", 8, "<Q", "<HHQQ", "<Q")


@dataclass(frozen=True)
class Legend:
    """What the values of a label map mean.

    Attributes:
        names: of the classes, in label order.
        colors: RGB of the classes, in label order.
        void: value without a class, transparent.
    """

    names: tuple[str, ...]
    colors: tuple[tuple[int, int, int], ...]
    void: int

    def colormap(self) -> dict[int, tuple[int, int, int, int]]:
        """RGBA by value."""
        return {index: (*rgb, 255) for index, rgb in enumerate(self.colors)}

    def tags(self) -> dict[str, str]:
        """Metadata of the band that name the classes."""
        return {f"CLASS_{index}": name for index, name in enumerate(self.names)}

    def table(self) -> str:
        """GDAL's XML of a thematic raster attribute table: value, class and colour."""
        columns = "".join(
            f'<FieldDefn index="{index}"><Name>{name}</Name><Type>{kind}</Type>'
            f"<Usage>{usage}</Usage></FieldDefn>"
            for index, (name, kind, usage) in enumerate(_COLUMNS)
        )
        entries: list[tuple[object, ...]] = [
            (index, name, *rgb, 255)
            for index, (name, rgb) in enumerate(zip(self.names, self.colors, strict=True))
        ]
        rows = "".join(
            f'<Row index="{index}">' + "".join(f"<F>{escape(str(v))}</F>" for v in entry) + "</Row>"
            for index, entry in enumerate([*entries, (self.void, "void", 0, 0, 0, 0)])
        )
        return (
            '<GDALRasterAttributeTable tableType="thematic">'
            f"{columns}{rows}</GDALRasterAttributeTable>"
        )


def room_for_table(table: str) -> dict[str, str]:
    """Metadata of a band that take the room which its attribute table is to have."""
    longest = len(_item(table)) - len(_EMPTY)
    return {_ROOM: "x" * max(1, longest)}


def put_attribute_table(path: Path, table: str) -> None:
    """Put the table of its first band into a TIFF's GDAL metadata, where `room_for_table` lies.

    GDAL reads such a table from 3.12 on (OSGeo/gdal pull request 13201) and older ones pass it
    over; no GDAL that rasterio ships writes it. Nothing is moved: a cloud-optimised file stays one.

    Args:
        path: a little-endian TIFF, as GDAL writes it here.
        table: GDAL's XML of the table.

    Raises:
        ValueError: the TIFF is of another byte order, or has no room for the table.
    """
    with path.open("r+b") as file:
        start = file.read(16)
        if start[:2] != b"II":
            raise ValueError("expected a little-endian TIFF")
        pointer, at, counted, entry, _ = _BIG if start[2] == 43 else _CLASSIC
        (directory,) = struct.unpack_from(pointer, start, at)
        file.seek(directory)
        (entries,) = struct.unpack(counted, file.read(struct.calcsize(counted)))
        size = struct.calcsize(entry)
        listed = struct.iter_unpack(entry, file.read(entries * size))
        places = [(count, place) for tag, _, count, place in listed if tag == _METADATA]
        if not places:
            raise ValueError("expected a TIFF with GDAL metadata")
        count, place = places[0]
        file.seek(place)
        xml = file.read(count)
        new = _ROOM_ITEM.sub(lambda _: _item(table), xml, count=1)
        room = len(xml) - len(new)
        if new == xml or room < 0:
            raise ValueError("expected a TIFF with room for an attribute table")
        file.seek(place)
        # Blanks between the elements, and the zero at the end where it was.
        file.write(new.rstrip(b"\0") + b" " * room + b"\0" * (len(new) - len(new.rstrip(b"\0"))))


def _item(table: str) -> bytes:
    return (
        f'<Item name="DEFAULT_RASTER_ATTRIBUTE_TABLE" sample="0" role="rat">{table}</Item>'
    ).encode()
