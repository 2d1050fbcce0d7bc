"""GeoTIFFs that are written pass as cloud-optimised, as GDAL and rio-cogeo check it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import tifffile
from rasterio.crs import CRS
from rasterio.transform import from_origin

from core.classes import DUBAI_CLASSES
from core.imagery.header import Georeference
from core.imagery.output.attribute_table import Legend
from core.imagery.output.geotiff import BLOCK, Content, write_geotiff
from core.imagery.output.write import label_geotiff
from core.provenance import is_own_file

RNG = np.random.default_rng(4)
GRID = Georeference(CRS.from_epsg(32631), from_origin(6e5, 5.7e6, 0.5, 0.5))
LEGEND = Legend(DUBAI_CLASSES.names, DUBAI_CLASSES.colors, 255)


def faults(path: Path) -> list[str]:
    """In what a file is no cloud-optimised GeoTIFF, as rio-cogeo 5 and GDAL's script check it.

    Tiles and overviews for more than 512 pixels, the first directory at the front, overviews from
    large to small behind it, and the data of the smallest first: none before its directory.
    """
    with tifffile.TiffFile(path) as file:
        pages: Any = list(file.pages)
        wrong = [*_kind(pages), *_order(pages)]
    if list(path.parent.glob(f"{path.name}.*")):
        wrong.append("files beside it")
    return wrong


def _kind(pages: Any) -> Iterator[str]:
    sizes = [page.shape[:2] for page in pages]
    if max(sizes[0]) > 512:
        if not pages[0].is_tiled:
            yield "not tiled"
        if len(pages) == 1 or max(sizes[-1]) > 512:
            yield "too few overviews"
    if any(a <= b for a, b in pairwise(sizes)):
        yield "overviews do not get smaller"
    if any(page.tilewidth != BLOCK for page in pages if page.is_tiled):
        yield "other blocks"
    if not all(page.compression == 8 for page in pages):
        yield "not compressed"


def _order(pages: Any) -> Iterator[str]:
    places = [page.offset for page in pages]
    if places[0] > 300:
        yield "the first directory is not at the front"
    if places != sorted(places):
        yield "directories out of order"
    data = [min((o for o in page.dataoffsets if o), default=None) for page in pages]
    stored = [offset for offset in data if offset is not None]
    if stored != sorted(stored, reverse=True):
        yield "a larger image's data come before a smaller one's"
    if stored and min(stored) < places[-1]:
        yield "data before the directories"


def labels(height: int, width: int) -> np.ndarray:
    coarse = RNG.integers(0, 5, (height // 40 + 1, width // 40 + 1), np.uint8)
    map_ = np.kron(coarse, np.ones((40, 40), np.uint8))[:height, :width]
    map_[: height // 3, : width // 3] = 255
    return map_


@pytest.mark.parametrize("editable", [False, True])
@pytest.mark.parametrize("size", [(12, 17), (512, 512), (513, 1500), (2100, 3001)])
def test_a_label_map_is_cloud_optimised(
    tmp_path: Path, size: tuple[int, int], editable: bool
) -> None:
    values, path = labels(*size), tmp_path / "x.tif"
    content = Content(*size, 1, "uint8", GRID, 255, ("class",), LEGEND, editable=editable)
    write_geotiff(path, content, lambda rows, columns: values[rows, columns][..., None])
    assert faults(path) == []
    assert is_own_file(path)
    with rasterio.open(path) as file:
        np.testing.assert_array_equal(file.read(1), values)
        assert file.colormap(1)[2] == (*DUBAI_CLASSES.colors[2], 255)
        assert file.tags(1) == LEGEND.tags()
        layout = file.tags(ns="IMAGE_STRUCTURE").get("LAYOUT")
        assert layout == (None if editable else "COG")
        overviews = file.overviews(1)
    assert bool(overviews) == (max(size) > 512)
    for level in range(len(overviews)):
        with rasterio.open(path, overview_level=level) as file:
            # Never a class that is not there: no mean of labels.
            assert set(np.unique(file.read(1))) <= {0, 1, 2, 3, 4, 255}


def test_the_check_sees_what_is_none(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=1500, height=1500, count=1, dtype="uint8", compress="lzw"
    ) as file:
        file.write(labels(1500, 1500), 1)
    assert faults(path) == ["not tiled", "too few overviews", "not compressed"]


def test_overviews_of_labels_are_the_commonest(tmp_path: Path) -> None:
    values = np.zeros((1024, 1024), np.uint8)
    values[::2, ::2] = 3  # a quarter: nearest would show nothing else
    (tmp_path / "x.tif").write_bytes(label_geotiff(values, GRID, DUBAI_CLASSES.colors))
    with rasterio.open(tmp_path / "x.tif", overview_level=0) as file:
        assert file.read(1).max() == 0


def test_empty_windows_and_a_large_map_of_numbers(tmp_path: Path) -> None:
    path = tmp_path / "p.tif"
    values = RNG.random((900, 1300, 3)).astype(np.float32)
    values[:512] = np.nan
    content = Content(900, 1300, 3, "float32", GRID, np.nan, ("a", "b", "c"))
    write_geotiff(
        path, content, lambda rows, columns: values[rows, columns] if rows.start else None
    )
    assert faults(path) == []
    with rasterio.open(path) as file:
        np.testing.assert_array_equal(np.moveaxis(file.read(), 0, -1), values)
        assert file.descriptions == ("a", "b", "c")


def test_a_small_result_can_be_corrected_in_place(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    path.write_bytes(label_geotiff(labels(700, 700), GRID, DUBAI_CLASSES.colors))
    assert faults(path) == []
    with rasterio.open(path, "r+") as file:
        file.write(np.zeros((700, 700), np.uint8), 1)
    assert not is_own_file(path)
