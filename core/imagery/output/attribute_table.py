"""Class names and colours inside a label GeoTIFF, as GDAL and QGIS look for them."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from xml.sax.saxutils import escape

__all__ = ["Legend", "with_attribute_table"]

_METADATA = 42112  # TIFF tag of GDAL's metadata, XML in ASCII
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


def with_attribute_table(data: bytes, table: str) -> bytes:
    """A TIFF that has GDAL metadata, with the table of its first band in them.

    GDAL reads such a table from 3.12 on (OSGeo/gdal pull request 13201) and older ones pass it
    over; no GDAL that rasterio ships writes it. The metadata go to the end of the file and the
    directory's entry is pointed there (TIFF 6.0, section 2).

    Args:
        data: a little-endian TIFF, as GDAL writes it here.
        table: GDAL's XML of the table.

    Raises:
        ValueError: the TIFF is of another byte order, or has no GDAL metadata.
    """
    if data[:2] != b"II":
        raise ValueError("expected a little-endian TIFF")
    pointer, at, counted, entry, offset = _BIG if data[2] == 43 else _CLASSIC
    (directory,) = struct.unpack_from(pointer, data, at)
    (entries,) = struct.unpack_from(counted, data, directory)
    first, size = directory + struct.calcsize(counted), struct.calcsize(entry)
    for place in range(first, first + entries * size, size):
        tag, kind, count, value = struct.unpack_from(entry, data, place)
        if tag == _METADATA and count > struct.calcsize(offset):
            break
    else:
        raise ValueError("expected a TIFF with GDAL metadata")
    xml = data[value : value + count].rstrip(b"\0")
    item = (
        f'<Item name="DEFAULT_RASTER_ATTRIBUTE_TABLE" sample="0" role="rat">{table}</Item>'
    ).encode()
    end = xml.rindex(b"</GDALMetadata>")
    xml = xml[:end] + item + xml[end:] + b"\0"
    file = bytearray(data)
    file += bytes(len(file) % 2)  # values begin at even places
    struct.pack_into(entry, file, place, tag, kind, len(xml), len(file))
    return bytes(file + xml)
