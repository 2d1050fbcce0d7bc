"""A clean generated dataset, and the same with exactly one kind of problem planted in it.

`write_clean` writes textures that look alike in brightness and contrast, do not touch, and have
masks with all classes. `PLANTS` changes a written set in place and says what an audit must find.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import rasterio
from PIL import Image
from rasterio.transform import from_origin

from core.classes import DUBAI_CLASSES

SIZE = 72
SAMPLES = 36
LAND, ROAD, WATER = (DUBAI_CLASSES.colors[i] for i in (1, 2, 4))
GREY = (0x9B, 0x9B, 0x9B)
METRES, OTHER = "EPSG:32640", "EPSG:32631"

Expected = set[tuple[str, str]]


def texture(seed: int, height: int = SIZE, width: int = SIZE) -> np.ndarray:
    """(H, W, 3) uint8, smooth noise of mean 120 and deviation 35, its bands alike but not equal."""
    rng = np.random.default_rng(seed)
    layers = []
    for sigma in (1.5, 4.0, 8.0):
        noise = cv2.GaussianBlur(rng.standard_normal((height, width, 3)), (0, 0), sigma)
        noise = noise + 2 * noise.mean(axis=-1, keepdims=True)
        layers.append((noise - noise.mean((0, 1))) / noise.std((0, 1)))
    total = np.sum(layers, axis=0)
    total = (total - total.mean((0, 1))) / total.std((0, 1))
    return np.clip(np.rint(120 + 35 * total), 1, 254).astype(np.uint8)


def labels(seed: int, height: int = SIZE, width: int = SIZE) -> np.ndarray:
    """(H, W) uint8, stripes of all five classes, of random order and width."""
    rng = np.random.default_rng([seed, 1])
    shares = np.cumsum(rng.uniform(1, 2, len(DUBAI_CLASSES)))
    bands = np.searchsorted(shares / shares[-1], (np.arange(width) + 0.5) / width)
    order = rng.permutation(len(DUBAI_CLASSES))
    return np.repeat(order[bands][None], height, axis=0).astype(np.uint8)


def painted(seed: int, height: int = SIZE, width: int = SIZE) -> np.ndarray:
    return DUBAI_CLASSES.colorize(labels(seed, height, width))


def write(path: Path, rgb: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgb).save(path)
    return path


def write_tiff(
    path: Path, pixels: np.ndarray, place: tuple[float, float], pixel: float = 0.5,
    crs: str = METRES, nodata: float | None = None,
) -> Path:  # fmt: skip
    """A GeoTIFF whose upper left corner is at `place`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width, bands = pixels.shape
    with rasterio.open(
        path, "w", driver="GTiff", width=width, height=height, count=bands, dtype=pixels.dtype,
        crs=crs, transform=from_origin(*place, pixel, pixel), nodata=nodata, photometric="RGB",
    ) as file:  # fmt: skip
        file.write(np.moveaxis(pixels, -1, 0))
    return path


def name(index: int) -> str:
    return f"s{index:02d}"


def place_of(index: int) -> tuple[float, float]:
    return 300_000.0 + 1_000 * index, 2_780_000.0


def write_clean(root: Path, layout: str = "pairs") -> Path:
    """Write a set without any problem.

    Args:
        root: a new folder.
        layout: ``pairs`` (PNG), ``located`` (pairs of GeoTIFFs) or ``dubai``.
    """
    if layout == "dubai":
        for index in range(SAMPLES):
            tile = root / f"Tile {index // 6 + 1}"
            write(tile / "images" / f"{name(index)}.png", texture(index))
            write(tile / "masks" / f"{name(index)}.png", painted(index))
        return root
    for index in range(SAMPLES):
        if layout == "located":
            write_tiff(root / f"images/{name(index)}.tif", texture(index), place_of(index))
            write_tiff(root / f"masks/{name(index)}.tif", painted(index), place_of(index))
        else:
            write(root / f"images/{name(index)}.png", texture(index))
            write(root / f"masks/{name(index)}.png", painted(index))
    table = {
        "classes": [c.model_dump() for c in DUBAI_CLASSES.classes],
        "void": ["#9B9B9B"],
    }
    (root / "classes.json").write_text(json.dumps(table))
    return root


def image(root: Path, index: int) -> Path:
    return root / f"images/{name(index)}.png"


def mask(root: Path, index: int) -> Path:
    return root / f"masks/{name(index)}.png"


def unreadable(root: Path) -> Expected:
    path = image(root, 0)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return {("unreadable", name(0))}


def tiny(root: Path) -> Expected:
    write(image(root, 1), texture(1)[:20, :20])
    write(mask(root, 1), painted(1, 20, 20))
    return {("tiny-image", name(1))}


def file_form(root: Path) -> Expected:
    image(root, 2).unlink()
    Image.fromarray(texture(2)).save(root / f"images/{name(2)}.jpg", quality=95, progressive=True)
    return {("file-form", name(2))}


def missing_mask(root: Path) -> Expected:
    mask(root, 3).unlink()
    return {("missing-mask", name(3))}


def orphan_mask(root: Path) -> Expected:
    write(root / "masks/extra.png", painted(999))
    return {("orphan-mask", "")}


def unpaired_names(root: Path) -> Expected:
    for index in range(4):
        mask(root, index).rename(root / f"masks/field {'abcd'[index]}.png")
    return {("unpaired-names", "")}


def size_mismatch(root: Path) -> Expected:
    write(mask(root, 4), painted(4, SIZE, SIZE - 2))
    return {("size-mismatch", name(4))}


def unknown_colour(root: Path) -> Expected:
    pixels = painted(5)
    pixels[10:14, 20:25] = (ROAD[0] + 2, ROAD[1], ROAD[2] - 3)
    write(mask(root, 5), pixels)
    return {("unknown-colour", name(5))}


def all_void(root: Path) -> Expected:
    write(mask(root, 6), np.full((SIZE, SIZE, 3), GREY, np.uint8))
    return {("all-void", name(6))}


def void_share(root: Path) -> Expected:
    pixels = painted(7)
    pixels[: SIZE * 2 // 3] = GREY
    write(mask(root, 7), pixels)
    return {("void-share", name(7))}


def no_data(root: Path) -> Expected:
    pixels = texture(8)
    pixels[:, : SIZE // 4] = 0
    write(image(root, 8), pixels)
    return {("no-data", name(8))}


def empty(root: Path) -> Expected:
    pixels = np.full((SIZE, SIZE, 3), 90, np.uint8)
    pixels[5:9, 5:9] = texture(9)[:4, :4]
    write(image(root, 9), pixels)
    return {("empty", name(9))}


def constant(root: Path) -> Expected:
    write(image(root, 10), np.full((SIZE, SIZE, 3), (10, 200, 30), np.uint8))
    return {("constant", name(10))}


def duplicate(root: Path) -> Expected:
    shutil.copy(image(root, 11), image(root, 12))
    return {("duplicate", name(12))}


def near_duplicate(root: Path) -> Expected:
    pixels = np.clip(texture(13).astype(float) * 1.03 + 2, 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", pixels[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, 80))
    write(image(root, 14), cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])
    return {("near-duplicate", name(14))}


def outlier(root: Path) -> Expected:
    write(image(root, 15), texture(15) // 5)
    return {("outlier", name(15))}


def touching(root: Path) -> Expected:
    whole = texture(16, SIZE, 2 * SIZE)
    write(image(root, 16), whole[:, :SIZE])
    write(image(root, 17), whole[:, SIZE:])
    return {("touching-scenes", name(16))}


def mixed_bands(root: Path) -> Expected:
    write(image(root, 18), texture(18)[..., 0])
    return {("mixed-bands", name(18))}


def unused_class(root: Path) -> Expected:
    for path in (root / "masks").iterdir():
        pixels = np.asarray(Image.open(path).convert("RGB")).copy()
        pixels[(pixels == WATER).all(axis=-1)] = LAND
        write(path, pixels)
    return {("unused-class", "")}


def imbalance(root: Path) -> Expected:
    for index, path in enumerate(sorted((root / "masks").iterdir())):
        pixels = np.asarray(Image.open(path).convert("RGB")).copy()
        pixels[(pixels == WATER).all(axis=-1)] = LAND
        if index % 3 == 1:
            pixels[:4, :4] = WATER
        write(path, pixels)
    return {("class-imbalance", "")}


def wrong_table(root: Path) -> Expected:
    path = root / "classes.json"
    path.write_text(path.read_text().replace(DUBAI_CLASSES.classes[4].color, "#123456"))
    return {("class-table", ""), *(("unknown-colour", name(i)) for i in range(SAMPLES))}


def mask_grid(root: Path) -> Expected:
    x, y = place_of(0)
    write_tiff(root / f"masks/{name(0)}.tif", painted(0), (x + 2, y))
    write_tiff(root / f"masks/{name(1)}.tif", painted(1), place_of(1), crs=OTHER)
    return {("mask-grid", name(0)), ("mask-grid", name(1))}


def other_crs(root: Path) -> Expected:
    for kind, pixels in (("images", texture(2)), ("masks", painted(2))):
        write_tiff(root / f"{kind}/{name(2)}.tif", pixels, place_of(2), crs=OTHER)
    return {("mixed-crs", name(2))}


def other_resolution(root: Path) -> Expected:
    for kind, pixels in (("images", texture(3)), ("masks", painted(3))):
        write_tiff(root / f"{kind}/{name(3)}.tif", pixels, place_of(3), pixel=0.6)
    return {("mixed-resolution", name(3))}


def tagged_gaps(root: Path) -> Expected:
    pixels = texture(4)
    pixels[: SIZE // 4] = 0
    write_tiff(root / f"images/{name(4)}.tif", pixels, place_of(4), nodata=0)
    return {("no-data", name(4))}


def nothing_but_gaps(root: Path) -> Expected:
    write_tiff(
        root / f"images/{name(5)}.tif", np.zeros((SIZE, SIZE, 3), np.uint8), place_of(5), nodata=0
    )
    return {("empty", name(5))}


def overlapping(root: Path) -> Expected:
    x, y = place_of(6)
    for kind, pixels in (("images", texture(7)), ("masks", painted(7))):
        write_tiff(root / f"{kind}/{name(7)}.tif", pixels, (x + SIZE * 0.5 - 4, y))
    return {("touching-scenes", name(6))}


def black(root: Path) -> Expected:
    pixels = painted(3)
    pixels[:6, :6] = 0
    write(root / "Tile 1/masks/s03.png", pixels)
    return {("void-colour", ""), ("void-colour", "Tile 1/s03")}


def class_file(root: Path) -> Expected:
    wrong = {"classes": [{"title": "Road (paved)", "color": "#DE597F"}]}
    (root / "classes.json").write_text(json.dumps(wrong))
    return {("class-table", "")}


def mosaic(root: Path) -> Expected:
    whole = texture(77, 2 * SIZE, 2 * SIZE)
    for part, index in enumerate(range(6, 10)):
        row, column = divmod(part, 2)
        cut = whole[row * SIZE : (row + 1) * SIZE, column * SIZE : (column + 1) * SIZE]
        write(root / f"Tile 2/images/{name(index)}.png", cut)
    return {("mosaic", "Tile 2/s06")}


def mask_is_image(root: Path) -> Expected:
    shutil.copy(image(root, 30), mask(root, 30))
    shutil.copy(mask(root, 31), root / "kept.png")
    shutil.copy(image(root, 31), mask(root, 31))
    shutil.move(root / "kept.png", image(root, 31))
    return {("mask-is-image", name(30)), ("mask-is-image", name(31))}


def _as_heights(root: Path, change: Callable[[int, np.ndarray], np.ndarray]) -> None:
    """Make the images float32 with one band."""
    for index in range(SAMPLES):
        heights = texture(index)[..., :1].astype(np.float32)
        path = root / f"images/{name(index)}.tif"
        height, width, _ = heights.shape
        with rasterio.open(
            path, "w", driver="GTiff", width=width, height=height, count=1, dtype="float32",
            crs=METRES, transform=from_origin(*place_of(index), 0.5, 0.5),
        ) as file:  # fmt: skip
            file.write(np.moveaxis(change(index, heights), -1, 0))


def fill_value(root: Path) -> Expected:
    def change(index: int, heights: np.ndarray) -> np.ndarray:
        if index == 8:
            heights[:3, :20] = -9999
        return heights

    _as_heights(root, change)
    return {("fill-value", name(8))}


def mixed_scaling(root: Path) -> Expected:
    _as_heights(root, lambda index, heights: heights * (50 if index % 2 else 0.01))
    return {("mixed-scaling", "")}


def linear_power(root: Path) -> Expected:
    rng = np.random.default_rng(8)
    _as_heights(root, lambda _, heights: heights * rng.exponential(1, heights.shape) ** 2)
    return {("linear-power", "")}


def band_files(root: Path) -> Expected:
    _as_heights(root, lambda _, heights: heights)
    for folder, suffix in (("images", "tif"), ("masks", "tif")):
        for index in range(SAMPLES):
            there = root / folder / f"{name(index)}.{suffix}"
            there.rename(root / folder / f"scene{index // 3}_B0{index % 3 + 2}.{suffix}")
    return {("band-files", "")}


def skipped_entry(root: Path) -> Expected:
    (root / "images/loop").symlink_to("loop")
    return {("skipped-entry", "")}


@dataclass(frozen=True)
class Plant:
    """A planted problem: where it grows, and whether beside all the others."""

    layout: str
    plant: Callable[[Path], Expected]
    alone: bool = False


PLANTS = {
    p.plant.__name__: p
    for p in (
        *(
            Plant("pairs", plant)
            for plant in (
                unreadable, tiny, file_form, missing_mask, orphan_mask, size_mismatch,
                unknown_colour, all_void, void_share, no_data, empty, constant, duplicate,
                near_duplicate, outlier, touching, mixed_bands, mask_is_image,
            )
        ),
        *(Plant("pairs", plant, alone=True) for plant in (
            unused_class, imbalance, wrong_table, unpaired_names, skipped_entry,
        )),
        *(
            Plant("located", plant)
            for plant in (
                mask_grid, other_crs, other_resolution, tagged_gaps, nothing_but_gaps, overlapping,
            )
        ),
        *(
            Plant("located", plant, alone=True)
            for plant in (fill_value, mixed_scaling, linear_power, band_files)
        ),
        *(Plant("dubai", plant) for plant in (black, class_file, mosaic)),
    )
}  # fmt: skip
