"""Tiles are the windows of their image, whatever gives them."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.enums import Resampling

from core.imagery.display import to_rgb
from core.imagery.pyramid.levels import Levels
from core.imagery.pyramid.reader import ArrayTiles, TileReader
from core.imagery.pyramid.reduce import rank_of, reduced
from core.imagery.pyramid.scene_tiles import SceneTiles, make_upper_levels
from core.imagery.raster import read_raster
from core.imagery.scene.label_scene import open_label_scene
from core.imagery.scene.scene import open_scene

RNG = np.random.default_rng(3)
NO_RANK = np.arange(256, dtype=np.uint8)


def write(
    path: Path,
    pixels: np.ndarray,
    overviews: tuple[Resampling, tuple[int, ...]] | None = None,
    colors: dict[int, tuple[int, ...]] | None = None,
    **profile: object,
) -> Path:
    settings = {"driver": "GTiff", "tiled": True, "blockxsize": 128, "blockysize": 128}
    settings |= {"transform": Affine(1, 0, 0, 0, -1, 0), "crs": "EPSG:32631"} | profile
    height, width, count = pixels.shape
    with rasterio.open(
        path, "w", height=height, width=width, count=count, dtype=pixels.dtype, **settings
    ) as file:
        file.write(np.moveaxis(pixels, -1, 0))
        if colors:
            file.write_colormap(1, colors)
        if overviews:
            file.build_overviews(list(overviews[1]), overviews[0])
    return path


def level_of(tiles: TileReader, level: int, like: np.ndarray) -> np.ndarray:
    """All tiles of a level put together; what is empty as in `like`."""
    whole = np.broadcast_to(like, (*tiles.levels.shape(level), *like.shape)).copy()
    rows, columns = tiles.levels.grid(level)
    for row in range(rows):
        for column in range(columns):
            tile = tiles.read(level, row, column)
            assert tile.sharp
            if tile.pixels is not None:
                pixels = tile.pixels
                if like.shape == (4,) and pixels.shape[2] == 3:
                    pixels = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
                whole[tiles.levels.window(level, row, column)] = pixels
    return whole


CLEAR = np.zeros(4, np.uint8)
VOID = np.array(255, np.uint8)


@pytest.mark.parametrize(
    ("size", "count"), [((1, 1), 1), ((512, 512), 1), ((513, 1), 2), ((100_000, 70_001), 9)]
)
def test_levels_end_with_one_tile(size: tuple[int, int], count: int) -> None:
    levels = Levels(*size)
    assert levels.count == count and levels.grid(count - 1) == (1, 1)
    assert levels.shape(0) == size
    for level in range(count):
        rows, columns = levels.grid(level)
        last = levels.window(level, rows - 1, columns - 1)
        assert (last[0].stop, last[1].stop) == levels.shape(level)
        assert [part.stop for part in levels.span(level, rows - 1, columns - 1)] == list(size)
        for place in ((level, rows, 0), (level, 0, columns), (level, -1, 0), (count, 0, 0)):
            assert not levels.has(*place)
            with pytest.raises(IndexError):
                levels.window(*place)


def test_a_tile_has_those_below_it_as_children() -> None:
    levels = Levels(1500, 900)
    assert list(levels.children(1, 1, 0)) == [(0, 2, 0), (0, 2, 1)]
    assert list(levels.children(2, 0, 0)) == [(1, 0, 0), (1, 1, 0)]


def brute_mode(labels: np.ndarray, rank: np.ndarray) -> np.ndarray:
    height, width = (length + length % 2 for length in labels.shape)
    padded = np.pad(
        labels, ((0, height - labels.shape[0]), (0, width - labels.shape[1])), mode="edge"
    )
    out = np.empty((height // 2, width // 2), np.uint8)
    for y, x in np.ndindex(out.shape):
        values, counts = np.unique(padded[2 * y : 2 * y + 2, 2 * x : 2 * x + 2], return_counts=True)
        out[y, x] = min(zip(-counts, rank[values], values, strict=True))[2]
    return out


@pytest.mark.parametrize("size", [(40, 60), (41, 59), (1, 7), (7, 1), (1, 1)])
def test_labels_are_halved_by_the_mode_and_of_equals_the_rarer(size: tuple[int, int]) -> None:
    labels = RNG.choice(np.array([0, 1, 2, 7, 255], np.uint8), size, p=[0.5, 0.2, 0.1, 0.1, 0.1])
    rank = rank_of(np.bincount(labels.ravel(), minlength=256))
    assert rank[255] == 255 and sorted(rank) == list(range(256))
    once = brute_mode(labels, rank)
    np.testing.assert_array_equal(reduced(labels, 1, "labels", rank), once)
    np.testing.assert_array_equal(reduced(labels, 2, "labels", rank), brute_mode(once, rank))


def test_a_road_of_one_pixel_does_not_vanish() -> None:
    labels = np.zeros((256, 256), np.uint8)
    labels[77] = labels[:, 130] = 1
    rank = rank_of(np.bincount(labels.ravel(), minlength=256))
    for times in range(1, 6):
        small = reduced(labels, times, "labels", rank)
        assert small[77 >> times].all() and small[:, 130 >> times].all()
        assert small.sum() == 2 * (256 >> times) - 1


def test_pictures_are_halved_by_the_mean_and_codes_by_the_nearest() -> None:
    rgb = RNG.integers(0, 256, (31, 18, 3), np.uint8)
    padded = np.pad(rgb, ((0, 1), (0, 0), (0, 0)), mode="edge").astype(float)
    mean = padded.reshape(16, 2, 9, 2, 3).mean(axis=(1, 3))
    assert np.abs(reduced(rgb, 1, "picture", NO_RANK) - mean).max() <= 0.5
    codes = RNG.integers(0, 65536, (33, 30)).astype(np.uint16)
    small = reduced(codes, 2, "codes", NO_RANK)
    assert small.shape == (9, 8) and small.dtype == np.uint16
    np.testing.assert_array_equal(small[:8, :7], codes[2:33:4, 2:30:4][:8, :7])
    assert small[8, 7] == codes[32, 29]  # of those that are there


@pytest.mark.parametrize("size", [(1300, 700), (1, 1400), (600, 1)])
def test_tiles_of_an_array_are_its_windows(size: tuple[int, int]) -> None:
    labels = RNG.integers(0, 5, size, np.uint8)
    tiles = ArrayTiles(labels, "labels")
    np.testing.assert_array_equal(level_of(tiles, 0, VOID), labels)
    rank = rank_of(np.bincount(labels.ravel(), minlength=256))
    for level in range(1, tiles.levels.count):
        expected = reduced(labels, level, "labels", rank)
        np.testing.assert_array_equal(level_of(tiles, level, VOID), expected)
    codes = RNG.integers(1, 65536, size).astype(np.uint16)
    for level in range(tiles.levels.count):
        expected = reduced(codes, level, "codes", NO_RANK)
        got = level_of(ArrayTiles(codes, "codes"), level, np.array(0, np.uint16))
        np.testing.assert_array_equal(got, expected)
    with pytest.raises(IndexError):
        tiles.read(tiles.levels.count, 0, 0)


def test_what_is_empty_is_no_tile() -> None:
    labels = np.full((600, 1030), 255, np.uint8)
    labels[5, 1029] = 3
    tiles = ArrayTiles(labels, "labels")
    assert tiles.read(0, 0, 0).pixels is None and tiles.read(0, 0, 2).pixels is not None
    rgba = np.zeros((600, 600, 4), np.uint8)
    rgba[..., :3] = 200
    assert ArrayTiles(rgba, "picture").read(0, 0, 0).pixels is None


@pytest.mark.parametrize(
    "transform", [Affine(1, 0, 0, 0, -1, 0), Affine.rotation(30), Affine(1, 0, 0, 0, 1, 0)]
)
def test_level_0_of_a_file_is_the_file(tmp_path: Path, transform: Affine) -> None:
    pixels = RNG.integers(1, 4000, (700, 1100, 4)).astype(np.uint16)
    pixels[:200, 600:900] = 0
    path = write(tmp_path / "a.tif", pixels, nodata=0, transform=transform)
    raster = read_raster(path)
    with open_scene(path) as scene:
        tiles = SceneTiles(scene, "picture")
        shown = level_of(tiles, 0, CLEAR)
        # The stretch is that of the whole made smaller.
        small = scene.part(slice(0, 700), slice(0, 1100), (326, 512))
    low, high = (np.percentile(small.pixels[small.valid][:, :3], q, axis=0) for q in (1, 99))
    np.testing.assert_array_equal(shown[..., 3] > 0, raster.valid)
    expected = np.clip((pixels[..., :3] - low) / (high - low), 0, 1) * 255
    valid = raster.valid
    assert np.abs(shown[..., :3][valid] - expected[valid]).max() <= 0.51
    assert not shown[~valid].any()


def test_palette_and_one_pixel_wide(tmp_path: Path) -> None:
    index = RNG.integers(0, 4, (1030, 1, 1), np.uint8)
    colors = {i: (60 * i, 255 - 60 * i, 7, 255) for i in range(4)}
    path = write(tmp_path / "a.tif", index, colors=colors, photometric="palette")
    raster = read_raster(path)
    with open_scene(path) as scene:
        shown = level_of(SceneTiles(scene, "picture"), 0, CLEAR)
    np.testing.assert_array_equal(shown[..., :3], to_rgb(raster.pixels))
    with open_label_scene(path, "indices") as labels:  # a mask's palette is for show
        tiles = SceneTiles(labels, "labels")
        np.testing.assert_array_equal(level_of(tiles, 0, VOID), index[..., 0])
        assert tiles.levels.count == 3 and tiles.is_whole


@pytest.mark.parametrize("blocks", [128, 0])
def test_upper_levels_are_of_all_pixels(tmp_path: Path, blocks: int) -> None:
    """8-bit pictures by the mean, also in strips, and labels by the mode."""
    profile = {"tiled": False, "blockysize": 16} if not blocks else {}
    pixels = RNG.integers(0, 256, (1200, 1801, 3), np.uint8)
    with open_scene(write(tmp_path / "a.tif", pixels, **profile)) as scene:
        tiles = SceneTiles(scene, "picture")
        for level in range(tiles.levels.count):
            expected = reduced(pixels, level, "picture", NO_RANK)
            np.testing.assert_array_equal(level_of(tiles, level, CLEAR)[..., :3], expected)
    labels = RNG.choice(np.array([0, 1, 4, 255], np.uint8), (1200, 1801, 1), p=[0.6, 0.2, 0.1, 0.1])
    path = write(tmp_path / "b.tif", labels, nodata=255, **profile)
    with open_label_scene(path) as source:
        tiles = SceneTiles(source, "labels")
        rank = rank_of(np.bincount(labels.ravel(), minlength=256))
        for level in range(tiles.levels.count):
            expected = reduced(labels[..., 0], level, "labels", rank)
            np.testing.assert_array_equal(level_of(tiles, level, VOID), expected)


def test_overviews_that_blend_labels_are_not_used(tmp_path: Path) -> None:
    labels = np.where(RNG.random((1100, 1100, 1)) < 0.5, 2, 9).astype(np.uint8)
    for method, used in (
        (Resampling.average, ()),
        (Resampling.nearest, (2, 4)),
        (Resampling.mode, (2, 4)),
    ):
        path = write(tmp_path / f"{method.name}.tif", labels, (method, (2, 4)))
        with open_label_scene(path) as source:
            assert source.overviews == used
            tiles = SceneTiles(source, "labels")
            for level in range(3):
                assert set(np.unique(level_of(tiles, level, VOID))) == {2, 9}
            assert set(np.unique(source.part(slice(0, 1100), slice(0, 1100), (50, 50))[0])) == {
                2,
                9,
            }


def test_pictures_come_from_the_overviews(tmp_path: Path) -> None:
    pixels = RNG.integers(0, 256, (1100, 1100, 3), np.uint8)
    path = write(tmp_path / "a.tif", pixels, (Resampling.average, (2, 4)))
    with open_scene(path) as scene:
        assert scene.overviews == (2, 4)
        level = level_of(SceneTiles(scene, "picture"), 1, CLEAR)[..., :3]
    with rasterio.open(path, overview_level=0) as file:
        np.testing.assert_array_equal(level, np.moveaxis(file.read(), 0, -1))


@pytest.mark.parametrize("kind", ["picture", "labels"])
def test_what_unpacks_too_much_is_coarse_until_it_is_made(tmp_path: Path, kind: str) -> None:
    values = np.array([3, 40, 90, 200], np.uint8)  # so unlike in number that a sample tells
    pixels = RNG.choice(values, (2100, 2300, 1), p=[0.65, 0.22, 0.1, 0.03])
    path = write(tmp_path / "a.tif", pixels)
    opened = open_scene if kind == "picture" else open_label_scene
    calls: list[tuple[int, int]] = []
    with opened(path) as source:
        whole = SceneTiles(source, kind)
        few = SceneTiles(source, kind, most_bytes=700_000)
        assert whole.is_whole and not few.is_whole
        top = few.levels.count - 1
        coarse = few.read(top, 0, 0)
        assert not coarse.sharp and coarse.pixels is not None
        assert coarse.pixels.shape[:2] == few.levels.shape(top)
        assert few.read(0, 1, 1).sharp
        folder = tmp_path / "upper"
        folder.mkdir()
        make_upper_levels(few, folder, lambda done, total: calls.append((done, total)))
        assert [done for done, _ in calls] == list(range(1, calls[-1][1] + 1))
        made = SceneTiles(source, kind, folder, most_bytes=700_000)
        assert made.is_whole
        for level in range(made.levels.count):
            like = CLEAR if kind == "picture" else VOID
            expected, got = (level_of(each, level, like) for each in (whole, made))
            if kind == "labels":  # which of two is rarer is told by a sample
                assert (expected == got).mean() > 0.9
            else:
                assert np.abs(expected.astype(int) - got).max() <= level  # rounded at each level


def test_blocks_that_a_sparse_file_leaves_out_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with rasterio.open(
        path, "w", driver="GTiff", height=50_000, width=50_000, count=3, dtype="uint8", tiled=True,
        blockxsize=512, blockysize=512, sparse_ok=True, compress="deflate",
        transform=Affine(1, 0, 0, 0, -1, 0),
    ) as file:  # fmt: skip
        window = rasterio.windows.Window(40_960, 20_480, 512, 512)
        file.write(np.full((3, 512, 512), 77, np.uint8), window=window)
    with open_scene(path) as scene:
        tiles = SceneTiles(scene, "picture")
        assert tiles.is_whole
        assert tiles.read(0, 0, 0).pixels is None
        np.testing.assert_array_equal(tiles.read(0, 40, 80).pixels, np.full((512, 512, 3), 77))
        top = tiles.read(tiles.levels.count - 1, 0, 0).pixels
        assert top is not None and top[..., 3].astype(bool).sum() == 16
        assert (top[top[..., 3] > 0][:, :3] == 77).all()


def test_a_coarse_mask_is_void_where_the_file_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with rasterio.open(
        path, "w", driver="GTiff", height=4000, width=4000, count=1, dtype="uint8", tiled=True,
        blockxsize=512, blockysize=512, sparse_ok=True, transform=Affine(1, 0, 0, 0, -1, 0),
    ) as file:  # fmt: skip
        window = rasterio.windows.Window(0, 0, 2048, 2048)
        file.write(np.full((1, 2048, 2048), 3, np.uint8), window=window)
    with open_label_scene(path) as source:
        tiles = SceneTiles(source, "labels", most_bytes=500_000)
        top = tiles.read(tiles.levels.count - 1, 0, 0)
    assert not top.sharp and top.pixels is not None
    assert set(np.unique(top.pixels)) == {3, 255}
    assert (top.pixels == 3).mean() == pytest.approx(0.26, abs=0.05)


@pytest.mark.parametrize("block", [128, 208, 512, 1024])
def test_a_sparse_file_is_as_one_that_holds_its_blocks(tmp_path: Path, block: int) -> None:
    labels = np.full((2600, 3100, 1), 255, np.uint8)
    profile = {"blockxsize": block, "blockysize": block, "sparse_ok": True, "nodata": 255}
    path = tmp_path / "a.tif"
    with rasterio.open(
        path, "w", driver="GTiff", height=2600, width=3100, count=1, dtype="uint8", tiled=True,
        transform=Affine(1, 0, 0, 0, -1, 0), **profile,
    ) as file:  # fmt: skip
        for y, x in ((0, 0), (block, 2 * block), (block, 0)):
            labels[y : y + block, x : x + block] = part = RNG.integers(0, 3, (block, block, 1))
            window = rasterio.windows.Window(x, y, block, block)
            file.write(np.moveaxis(part.astype(np.uint8), -1, 0), window=window)
    with open_label_scene(path) as source:
        assert source.blocks is not None
        tiles = SceneTiles(source, "labels")
        rank = tiles._labels_rank
        for level in range(tiles.levels.count):
            expected = reduced(labels[..., 0], level, "labels", rank)
            np.testing.assert_array_equal(level_of(tiles, level, VOID), expected)


def test_of_a_sparse_label_map_the_blocks_alone_are_held_in_memory(tmp_path: Path) -> None:
    """All of it would be 10 GB."""
    path = tmp_path / "a.tif"
    with rasterio.open(
        path, "w", driver="GTiff", height=100_000, width=100_000, count=1, dtype="uint8",
        tiled=True, blockxsize=512, blockysize=512, sparse_ok=True, compress="deflate",
        transform=Affine(1, 0, 0, 0, -1, 0),
    ) as file:  # fmt: skip
        window = rasterio.windows.Window(40_960, 20_480, 512, 512)
        file.write(np.full((1, 512, 512), 3, np.uint8), window=window)
    tracemalloc.start()
    with open_label_scene(path) as source:
        tiles = SceneTiles(source, "labels")
        top = tiles.read(tiles.levels.count - 1, 0, 0).pixels
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert top is not None and (top == 3).sum() == 4 and set(np.unique(top)) == {3, 255}
    assert most < 64 * 1024**2


def test_a_damaged_kept_tile_is_said(tmp_path: Path) -> None:
    from core.errors import ImageError

    path = write(tmp_path / "a.tif", RNG.integers(0, 4, (2100, 2300, 1), np.uint8))
    (tmp_path / "3-0-0.png").write_bytes(b"no picture")
    with open_scene(path) as scene, pytest.raises(ImageError, match="is damaged"):
        SceneTiles(scene, "picture", tmp_path, most_bytes=700_000).read(3, 0, 0)
