"""Class names in a label GeoTIFF, where GDAL and QGIS look for them."""

from __future__ import annotations

import struct
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS
from rasterio.io import MemoryFile
from rasterio.transform import from_origin

from core.classes import LandClass
from core.imagery.header import Georeference
from core.imagery.output.attribute_table import (
    Legend,
    put_attribute_table,
    room_for_table,
)
from core.imagery.output.write import label_geotiff

LABELS = np.random.default_rng(2).integers(0, 3, (40, 50), np.uint8)
LABELS[:5] = 255
NAMES, COLORS = ("Land & sea", "Rööf", "<Road>"), ((1, 2, 3), (200, 0, 7), (9, 9, 9))
GRID = Georeference(CRS.from_epsg(32631), from_origin(6e5, 5.7e6, 0.5, 0.5))


def metadata(data: bytes) -> ElementTree.Element:
    """GDAL's metadata of a little-endian classic TIFF, read by hand (TIFF 6.0, section 2)."""
    (directory,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, directory)
    for index in range(count):
        tag, kind, length, place = struct.unpack_from("<HHII", data, directory + 2 + 12 * index)
        if tag == 42112:
            assert kind == 2 and place % 2 == 0 and data[place + length - 1] == 0
            return ElementTree.fromstring(data[place : place + length - 1])
    raise AssertionError("no GDAL metadata")


def test_the_table_lies_where_gdal_reads_it() -> None:
    data = label_geotiff(LABELS, GRID, COLORS, NAMES)
    (item,) = metadata(data).findall("Item[@role='rat']")
    assert item.attrib == {"name": "DEFAULT_RASTER_ATTRIBUTE_TABLE", "sample": "0", "role": "rat"}
    (table,) = item
    assert table.attrib == {"tableType": "thematic"}
    fields = [tuple(cell.text for cell in field) for field in table.findall("FieldDefn")]
    # GDALRATFieldType: integer 0, text 2. GDALRATFieldUsage: value 5, name 2, colours 6 to 9.
    assert fields == [
        ("Value", "0", "5"), ("Class", "2", "2"), ("Red", "0", "6"), ("Green", "0", "7"),
        ("Blue", "0", "8"), ("Alpha", "0", "9"),
    ]  # fmt: skip
    rows = [[cell.text for cell in row] for row in table.findall("Row")]
    assert rows[1] == ["1", "Rööf", "200", "0", "7", "255"]
    assert [row[1] for row in rows] == [*NAMES, "void"]
    assert rows[-1] == ["255", "void", "0", "0", "0", "0"]


@pytest.mark.parametrize("name", [" lead", "a]]>b", "😀", 'a="b" & <c>', "a=b"])
def test_names_of_a_class_table_come_back(name: str) -> None:
    names = (LandClass(name=name, color="#000000").name, "other")
    data = label_geotiff(LABELS % 2, GRID, COLORS[:2], names)
    with MemoryFile(data) as memory, memory.open() as file:
        assert (file.tags(1)["CLASS_0"], file.tags(1)["CLASS_1"]) == names
    rows = metadata(data).findall("Item[@role='rat']//Row")
    assert [row[1].text for row in rows] == [*names, "void"]


def test_other_readers_see_names_colours_and_a_transparent_void() -> None:
    with MemoryFile(label_geotiff(LABELS, GRID, COLORS, NAMES)) as memory, memory.open() as file:
        np.testing.assert_array_equal(file.read(1), LABELS)
        assert (file.crs, file.transform, file.nodata) == (GRID.crs, GRID.transform, 255)
        assert file.descriptions == ("class",)
        tags = file.tags(1)
        assert [tags[f"CLASS_{index}"] for index in range(3)] == list(NAMES)
        colours = file.colormap(1)
        assert [colours[index] for index in range(3)] == [(*c, 255) for c in COLORS]
        # What GDAL hands to QGIS: no opacity for the value that is nodata.
        assert colours[255][3] == 0
        np.testing.assert_array_equal(file.read_masks(1) == 0, LABELS == 255)


@pytest.mark.parametrize("big", ["YES", "NO"])
def test_the_table_takes_the_room_that_was_kept(tmp_path: Path, big: str) -> None:
    table, path = Legend(NAMES, COLORS, 255).table(), tmp_path / "big.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=4, height=4, count=1, dtype="uint8", BIGTIFF=big
    ) as file:
        file.write(LABELS[:4, :4], 1)
        file.update_tags(1, CLASS_0="Land", **room_for_table(table))
    size = path.stat().st_size
    put_attribute_table(path, table)
    data = path.read_bytes()
    assert data[2] == (43 if big == "YES" else 42) and len(data) == size
    with MemoryFile(data) as memory, memory.open() as file:
        assert file.tags(1) == {"CLASS_0": "Land"}
        np.testing.assert_array_equal(file.read(1), LABELS[:4, :4])
    assert data.count(b"<GDALRasterAttributeTable") == 1


@pytest.mark.parametrize("data", [b"MM\0*" + bytes(20), b"II*\0\x08\0\0\0\0\0" + bytes(20)])
def test_other_files_are_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other.tif"
    path.write_bytes(data)
    with pytest.raises(ValueError, match="expected a"):
        put_attribute_table(path, "<x/>")
    assert path.read_bytes() == data
