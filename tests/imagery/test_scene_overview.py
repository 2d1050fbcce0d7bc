"""Scenes made smaller: from overviews, whole where that is little, else place by place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.enums import Resampling

from core.imagery.raster import read_raster
from core.imagery.scene import overview
from core.imagery.scene.overview import read_overview
from core.imagery.scene.scene import open_scene

RNG = np.random.default_rng(5)


def write(
    path: Path, pixels: np.ndarray, overviews: tuple[int, ...] = (), **profile: object
) -> Path:
    settings = {"driver": "GTiff", "tiled": True, "blockxsize": 128, "blockysize": 128}
    settings |= {"transform": Affine(1, 0, 0, 0, -1, 0), "crs": "EPSG:32631"} | profile
    height, width, count = pixels.shape
    with rasterio.open(
        path, "w", height=height, width=width, count=count, dtype=pixels.dtype, **settings
    ) as file:
        file.write(np.moveaxis(pixels, -1, 0))
        if overviews:
            file.build_overviews(list(overviews), Resampling.nearest)
    return path


def test_a_small_one_is_as_it_is(tmp_path: Path) -> None:
    pixels = RNG.integers(1, 255, (90, 140, 3), np.uint8)
    with open_scene(write(tmp_path / "a.tif", pixels)) as scene:
        result = read_overview(scene, 500)
    assert (result.pixels == pixels).all() and result.valid.all() and result.complete


@pytest.mark.parametrize("overviews", [(), (2, 4, 8)])
def test_every_pixel_is_one_of_its_place_and_so_is_its_validity(
    tmp_path: Path, overviews: tuple[int, ...]
) -> None:
    rows, columns = np.mgrid[:512, :768]
    pixels = np.stack([rows // 8 + 1, columns // 8 + 1], axis=-1).astype(np.uint16)
    pixels[:128, :256] = 0
    path = write(tmp_path / "a.tif", pixels, overviews, nodata=0)
    with open_scene(path) as scene:
        result = read_overview(scene, 96)
    assert result.complete and result.pixels.shape == (64, 96, 2)
    assert (result.pixels == pixels[4::8, 4::8]).all()
    assert (result.valid == read_raster(path).valid[4::8, 4::8]).all()


def test_without_overviews_a_large_one_is_read_place_by_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "_LAST_SIDE", 16)
    monkeypatch.setattr(overview, "_SECONDS", 1e6)
    pixels = RNG.integers(1, 255, (512, 1024, 3), np.uint8)
    path = write(tmp_path / "a.tif", pixels)
    with open_scene(path) as scene:
        result = read_overview(scene, 2304, most_bytes=1_000_000)
    assert not result.complete and result.pixels.shape == (8, 16, 3)
    assert (result.pixels == pixels[32::64, 32::64]).all()


def test_time_is_what_bounds_the_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "_SECONDS", 0.0)
    path = write(tmp_path / "a.tif", RNG.integers(1, 255, (512, 512, 1), np.uint8))
    with open_scene(path) as scene:
        assert read_overview(scene, 2304, most_bytes=1).pixels.shape == (8, 8, 1)


def test_overviews_make_a_large_one_complete(tmp_path: Path) -> None:
    pixels = RNG.integers(1, 255, (512, 512, 1), np.uint8)
    with open_scene(write(tmp_path / "a.tif", pixels, (2, 4, 8, 16))) as scene:
        assert scene.overviews == (2, 4, 8, 16)
        assert read_overview(scene, 32, most_bytes=2000).complete


def test_what_a_sparse_one_does_not_hold_has_no_data(tmp_path: Path) -> None:
    side = 100_000
    path = tmp_path / "large.tif"
    with rasterio.open(
        path, "w", driver="GTiff", height=side, width=side, count=3, dtype="uint8", tiled=True,
        blockxsize=512, blockysize=512, compress="deflate", sparse_ok=True, bigtiff="yes",
        transform=Affine(1, 0, 0, 0, -1, 0), crs="EPSG:32631",
    ) as file:  # fmt: skip
        window = rasterio.windows.Window(51_200, 25_600, 10_240, 10_240)
        file.write(np.full((3, 10_240, 10_240), 7, np.uint8), window=window)
    assert path.stat().st_size < 50_000_000
    with open_scene(path, sampled=True) as scene:
        result = read_overview(scene, 1000)
    assert result.complete
    there = np.zeros((1000, 1000), bool)
    there[256:358, 512:614] = True
    # A place counts by its middle.
    assert (result.valid != there).mean() < 0.001
    assert (result.pixels[result.valid] == 7).all()


def test_one_that_is_only_looked_at_is_judged_by_some_squares(tmp_path: Path) -> None:
    """Its opacity is told by the values of the fourth band, of all of them where it is mapped."""
    pixels = RNG.integers(1, 255, (700, 900, 4), np.uint8)
    for opaque in (True, False):
        pixels[..., 3] = 255 if opaque else RNG.integers(0, 255, (700, 900))
        path = write(tmp_path / f"{opaque}.tif", pixels, photometric="RGB", alpha="yes")
        for sampled in (True, False):
            with open_scene(path, sampled=sampled) as scene:
                assert scene.bands == (3 if opaque else 4)


def test_float_fills_are_seen_by_squares_too(tmp_path: Path) -> None:
    pixels = RNG.uniform(0, 1, (700, 900, 1)).astype(np.float32)
    pixels[:, :400] = -9999
    path = write(tmp_path / "a.tif", pixels)
    with open_scene(path, sampled=True) as scene:
        result = read_overview(scene, 90)
    assert not result.valid[:, :39].any() and result.valid[:, 41:].all()


def test_a_mask_beside_it_counts(tmp_path: Path) -> None:
    pixels = RNG.integers(1, 255, (256, 256, 1), np.uint8)
    path = write(tmp_path / "a.tif", pixels)
    mask = np.full((256, 256, 1), 255, np.uint8)
    mask[:128] = 0
    write(tmp_path / "made.tif", mask)
    (tmp_path / "made.tif").rename(tmp_path / "a.tif.msk")
    with open_scene(path) as scene:
        result = read_overview(scene, 32)
    assert not result.valid[:16].any() and result.valid[16:].all()
