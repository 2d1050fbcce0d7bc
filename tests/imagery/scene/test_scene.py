"""A window of a scene is what the image holds there when it is read whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import ColorInterp

from core.errors import ImageError
from core.imagery.header import read_header
from core.imagery.raster import read_raster
from core.imagery.scene.scene import obstacle, open_scene
from core.imagery.source.stored_blocks import stored_blocks

RNG = np.random.default_rng(14)
SIZE = (150, 210)
GRID = Affine(0.5, 0, 6e5, 0, -0.5, 5.7e6)


def write(path: Path, pixels: np.ndarray, **profile: Any) -> Path:
    settings: dict[str, Any] = {
        "driver": "GTiff", "height": SIZE[0], "width": SIZE[1], "count": len(pixels),
        "dtype": pixels.dtype, "crs": CRS.from_epsg(32631), "transform": GRID, "tiled": True,
        "blockxsize": 32, "blockysize": 48, "compress": "deflate",
    }  # fmt: skip
    with rasterio.open(path, "w", **settings | profile) as file:
        file.write(pixels)
    return path


def bytes_of(count: int) -> np.ndarray:
    return RNG.integers(0, 256, (count, *SIZE), np.uint8)


def holes(pixels: np.ndarray, value: float) -> np.ndarray:
    pixels[:, 20:70, 100:180] = value
    pixels[0, 90:95] = value
    return pixels


def plain(path: Path) -> None:
    write(path, bytes_of(3))


def tagged(path: Path) -> None:
    write(path, holes(bytes_of(3), 0), nodata=0)


def strips(path: Path) -> None:
    write(path, bytes_of(3), tiled=False, blockxsize=None, blockysize=7, interleave="band")


def opacity(path: Path) -> None:
    pixels = bytes_of(4)
    pixels[3] = 255
    write(path, holes(pixels, 0), photometric="RGB", alpha="yes")


def near_infrared(path: Path) -> None:
    write(path, bytes_of(4), photometric="RGB", alpha="yes")
    with rasterio.open(path, "r+") as file:
        assert file.colorinterp[3] == ColorInterp.alpha


def palette(path: Path) -> None:
    write(path, RNG.integers(0, 4, (1, *SIZE)).astype(np.uint8), nodata=2)
    with rasterio.open(path, "r+") as file:
        file.write_colormap(1, {k: (k * 9, 4, 200 - k, 255) for k in range(4)})


def no_tag(path: Path) -> None:
    write(path, holes(RNG.integers(0, 3000, (2, *SIZE)).astype(np.int16), -9999))


def numbers(path: Path) -> None:
    write(path, holes(RNG.random((2, *SIZE)).astype(np.float32), np.nan))


def scaled(path: Path) -> None:
    write(path, RNG.integers(0, 9999, (2, *SIZE)).astype(np.uint16))
    with rasterio.open(path, "r+") as file:
        file.scales, file.offsets = (1e-4, 2e-4), (0, -0.1)


def masked(path: Path) -> None:
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        write(path, bytes_of(3))
        with rasterio.open(path, "r+") as file:
            file.write_mask(RNG.random(SIZE) > 0.3)


def mask_beside(path: Path) -> None:
    write(path, bytes_of(3))
    seen = (RNG.random((1, *SIZE)) > 0.3).astype(np.uint8) * 255
    write(path.with_name(path.name + ".msk"), seen)


def sparse(path: Path) -> None:
    pixels = bytes_of(3)
    pixels[:, 48:, 64:] = 0
    write(path, pixels, sparse_ok=True)


KINDS = [
    plain, tagged, strips, opacity, near_infrared, palette, no_tag, numbers, scaled, masked,
    mask_beside, sparse,
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("bands", [None, 3, 4])
def test_windows_are_parts_of_the_image(tmp_path: Path, kind: Any, bands: int | None) -> None:
    path = tmp_path / "x.tif"
    kind(path)
    whole = read_raster(path, bands=bands)
    complete = (plain, strips, near_infrared, scaled)
    if kind not in complete and not (kind is opacity and bands == 4):
        assert not whole.valid.all() and whole.valid.any()
    with open_scene(path, bands) as scene:
        assert scene.bands == whole.pixels.shape[-1]
        assert scene.header == whole.header
        for top, left, height, width in ((0, 0, *SIZE), (17, 31, 90, 1), (60, 99, 33, 77)):
            at = slice(top, top + height), slice(left, left + width)
            part = scene.part(*at)
            np.testing.assert_array_equal(part.pixels, whole.pixels[at])
            assert part.pixels.dtype == whole.pixels.dtype
            np.testing.assert_array_equal(part.valid, whole.valid[at])


def test_a_sparse_file_says_where_it_has_data(tmp_path: Path) -> None:
    sparse(tmp_path / "x.tif")
    blocks = stored_blocks(tmp_path / "x.tif")
    assert blocks is not None and (blocks.height, blocks.width) == (48, 32)
    assert blocks.stored[:, :2].all() and blocks.stored[0].all()
    assert not blocks.stored[1:, 2:].any()
    with open_scene(tmp_path / "x.tif") as scene:
        assert not scene.may_have_data(slice(50, 90), slice(64, 200))
        assert scene.may_have_data(slice(47, 90), slice(64, 200))
        assert scene.stored_share == blocks.stored.mean()
    plain(tmp_path / "full.tif")
    assert stored_blocks(tmp_path / "full.tif") is None
    assert stored_blocks(b"no TIFF") is None


def test_what_is_not_read_by_windows_is_said(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    with rasterio.open(path, "w", driver="PNG", height=9, width=9, count=1, dtype="uint8") as file:
        file.write(np.zeros((1, 9, 9), np.uint8))
    error = obstacle(path, read_header(path))
    assert error is not None and "gdal_translate" in error.remedy
    plain(tmp_path / "x.tif")
    assert obstacle(tmp_path / "x.tif", read_header(tmp_path / "x.tif")) is None
    # A mask on a coarser grid.
    mask = tmp_path / "x.tif.msk"
    with rasterio.open(
        mask, "w", driver="GTiff", height=75, width=105, count=1, dtype="uint8",
        crs=CRS.from_epsg(32631), transform=GRID @ Affine.scale(2),
    ) as file:  # fmt: skip
        file.write(np.ones((1, 75, 105), np.uint8))
    with pytest.raises(ImageError, match="on another grid"), open_scene(tmp_path / "x.tif"):
        pass


def test_damage_is_said_where_it_is_met(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    plain(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with (
        pytest.raises(ImageError, match="damaged or cut off"),
        open_scene(path) as scene,
    ):
        scene.part(slice(0, SIZE[0]), slice(0, SIZE[1]))
