"""Bounds from a TIFF's tags are those GDAL gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from core.errors import ImageError
from core.imagery import place
from core.imagery.place import read_place


def written(path: Path, transform: Affine | None, **options: object) -> Path:
    pixels = np.arange(2 * 5 * 7, dtype=np.uint16).reshape(2, 5, 7)
    kind = {"crs": "EPSG:32631", "transform": transform} if transform else {}
    with rasterio.open(
        path, "w", driver="GTiff", width=7, height=5, count=2, dtype="uint16", **kind, **options
    ) as dataset:
        dataset.write(pixels)
    return path


@pytest.mark.parametrize(
    "options", [{}, {"endianness": "BIG"}, {"bigtiff": "YES"}, {"tiled": True, "compress": "lzw"}]
)
@pytest.mark.parametrize(
    "transform",
    [
        Affine(0.5, 0, 591000.25, 0, -0.5, 5749000.75),
        Affine(0.3, 0.4, 591000, 0.4, -0.3, 5749000),
    ],
)
def test_bounds_without_gdal(
    tmp_path: Path,
    transform: Affine,
    options: dict[str, object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = written(tmp_path / "a.tif", transform, **options)
    monkeypatch.setattr(place, "read_header", None)  # not asked
    extent = read_place(path)
    assert extent is not None
    corners = [transform @ corner for corner in ((0, 0), (7, 0), (0, 5), (7, 5))]
    xs, ys = zip(*corners, strict=True)
    expected = (min(xs), min(ys), max(xs), max(ys))
    assert (extent.west, extent.south, extent.east, extent.north) == pytest.approx(expected)
    assert (extent.width, extent.height) == (7, 5)
    assert extent.pixel_area == pytest.approx(abs(transform.determinant))


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tif", Affine(1, 0, 100, 0, -1, 200))
    first = read_place(path)
    written(path, Affine(1, 0, 300, 0, -1, 200), compress="deflate")
    second = read_place(path)
    assert first is not None and second is not None
    assert (first.west, second.west) == (100, 300)


def test_without_a_georeference_there_is_no_place(tmp_path: Path) -> None:
    assert read_place(written(tmp_path / "a.tif", None)) is None


@pytest.mark.parametrize("content", [b"", b"II*\0", b"II*\0\xff\xff\0\0", b"hello world, no TIFF"])
def test_what_is_no_image_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(content)
    with pytest.raises(ImageError):
        read_place(path)
    with pytest.raises(ImageError, match="cannot be opened"):
        read_place(tmp_path / "none.tif")


def test_real_crops(real_data: Path) -> None:
    files = sorted((real_data / "spacenet/sn6_crops").glob("*.tif"))
    assert len(files) == 10
    for path in files:
        extent = read_place(path)
        with rasterio.open(path) as dataset:
            corners = [
                dataset.transform @ (x, y) for x in (0, dataset.width) for y in (0, dataset.height)
            ]
        assert extent is not None
        assert extent.west == pytest.approx(min(x for x, _ in corners))
        assert extent.north == pytest.approx(max(y for _, y in corners))
