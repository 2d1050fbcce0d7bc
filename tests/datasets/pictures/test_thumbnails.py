"""Thumbnails: what they show, when they are kept, and when the kept ones no longer count."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import rasterio
from rasterio.enums import Resampling
from rasterio.windows import Window

from core.classes import VOID
from core.datasets.catalogue import open_dataset
from core.datasets.dataset import Dataset
from core.datasets.pictures.thumbnails import (
    SIDE,
    Thumbnail,
    ThumbnailFolder,
    make_thumbnail,
    thumbnail_key,
)


@pytest.fixture
def dataset(tmp_path: Path, demo_dataset: Path) -> Dataset:
    return open_dataset(Path(shutil.copytree(demo_dataset, tmp_path / "demo")))


def some(size: int = 1000, seed: int = 0) -> Thumbnail:
    data = np.random.default_rng(seed).bytes(size)
    return Thumbnail(data, data[: size // 2], 640, 480, ("12 pixels …",))


def test_a_thumbnail_has_the_samples_colours_and_labels(dataset: Dataset) -> None:
    sample = dataset.samples[0]
    made = make_thumbnail(dataset, sample)
    assert (made.width, made.height, made.problems, made.lasting) == (96, 96, (), True)
    assert made.image is not None
    assert made.labels is not None
    # 96 pixels are shown as they are: the labels exactly, the picture but for the JPEG.
    labels = cv2.imdecode(np.frombuffer(made.labels, np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(labels, dataset.load_labels(sample))
    picture = cv2.imdecode(np.frombuffer(made.image, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    original = dataset.load_image(sample).pixels
    assert np.abs(picture.astype(int) - original).mean() < 8


def decoded(thumbnail: Thumbnail) -> tuple[np.ndarray, np.ndarray]:
    """Picture (h, w, 3) and labels (h, w)."""
    assert thumbnail.image is not None
    assert thumbnail.labels is not None
    picture = cv2.imdecode(np.frombuffer(thumbnail.image, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    labels = cv2.imdecode(np.frombuffer(thumbnail.labels, np.uint8), cv2.IMREAD_UNCHANGED)
    return picture, labels


def test_labels_are_void_where_the_image_has_no_data(dataset: Dataset) -> None:
    sample = dataset.samples[0]
    pixels = np.array(dataset.load_image(sample).pixels)
    pixels[:, :30] = 0
    image = sample.image.with_suffix(".png")
    assert cv2.imwrite(str(image), pixels)
    gaps = replace(dataset, nodata=0.0)
    _, labels = decoded(make_thumbnail(gaps, replace(sample, image=image)))
    assert (labels[:, :30] == VOID).all()
    np.testing.assert_array_equal(labels[:, 30:], dataset.load_labels(sample)[:, 30:])


def test_bands_are_those_asked_for_where_the_image_has_them(dataset: Dataset) -> None:
    sample = dataset.samples[0]
    usual, _ = decoded(make_thumbnail(dataset, sample))
    other, _ = decoded(make_thumbnail(dataset, sample, bands=(2, 1, 0)))
    assert np.abs(other[..., ::-1].astype(int) - usual).mean() < 4
    assert np.abs(other.astype(int) - usual).mean() > 8
    lacking, _ = decoded(make_thumbnail(dataset, sample, bands=(3, 1, 0)))
    np.testing.assert_array_equal(lacking, usual)


def test_large_images_become_small(dataset: Dataset) -> None:
    sample = dataset.samples[0]
    assert cv2.imwrite(str(sample.image), np.full((400, 1000, 3), 90, np.uint8))
    made = make_thumbnail(dataset, replace(sample, mask=None))
    assert made.image is not None
    assert (made.width, made.height, made.labels) == (1000, 400, None)
    picture = cv2.imdecode(np.frombuffer(made.image, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (128, SIDE, 3)


def test_what_is_put_is_taken_by_another_server(tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "thumbnails"
    ThumbnailFolder(folder).put("k", some())
    assert ThumbnailFolder(folder).take("k") == some()
    assert ThumbnailFolder(folder).take("other") is None
    assert [p.name for p in folder.iterdir()] == ["k.thumbnail"]  # no temporary file is left


def test_a_picture_without_labels_comes_back_without(tmp_path: Path) -> None:
    folder = ThumbnailFolder(tmp_path)
    folder.put("k", Thumbnail(b"jpeg", None, 3, 2))
    assert folder.take("k") == Thumbnail(b"jpeg", None, 3, 2)


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text", "list"])
def test_a_damaged_file_is_made_again(tmp_path: Path, damage: str) -> None:
    folder = ThumbnailFolder(tmp_path)
    folder.put("k", some())
    (path,) = tmp_path.iterdir()
    data = path.read_bytes()
    path.write_bytes(
        {
            "cut": data[:-10],
            "flipped": data[:-1] + bytes([data[-1] ^ 1]),
            "empty": b"",
            "text": b"no header\n",
            "list": b"[1, 2]\n",
        }[damage]
    )
    assert folder.take("k") is None
    assert not path.exists()
    folder.put("k", some())
    assert folder.take("k") == some()


def test_what_could_not_be_read_is_not_kept(dataset: Dataset, tmp_path: Path) -> None:
    sample = dataset.samples[0]
    assert sample.mask is not None
    sample.mask.write_bytes(b"text")
    made = make_thumbnail(dataset, sample)
    assert made.image is not None
    assert "The mask cannot be read" in made.problems[0]
    folder = ThumbnailFolder(tmp_path / "kept")
    folder.put("k", made)
    assert folder.take("k") is None


def test_the_longest_unused_go_first(tmp_path: Path) -> None:
    size = len(b"".join((some().image or b"", some().labels or b"")))
    ThumbnailFolder(tmp_path).put("0", some())
    (first,) = tmp_path.iterdir()
    one = first.stat().st_size
    assert one >= size
    folder = ThumbnailFolder(tmp_path, limit=5 * one)
    for n in range(1, 5):
        folder.put(str(n), some(seed=n))
    now = time.time()
    for n in range(5):
        os.utime(tmp_path / f"{n}.thumbnail", (now - 100 + n, now - 100 + n))
    assert folder.take("0") is not None  # used: now 1 is the longest unused
    folder.put("5", some(seed=5))
    left = sorted(p.stem for p in tmp_path.iterdir())
    assert left == ["0", "3", "4", "5"]  # at most 90 % of the limit are left


def test_what_other_servers_wrote_counts(tmp_path: Path) -> None:
    for n in range(10):
        ThumbnailFolder(tmp_path).put(str(n), some(seed=n))
    one = next(tmp_path.iterdir()).stat().st_size
    ThumbnailFolder(tmp_path, limit=4 * one).put("new", some(seed=10))
    assert len(list(tmp_path.iterdir())) <= 4
    assert (tmp_path / "new.thumbnail").exists()


def test_files_abandoned_by_a_crash_are_removed(tmp_path: Path) -> None:
    for name, age in ((".old.k.thumbnail", 7200), (".young.k.thumbnail", 60)):
        (tmp_path / name).write_bytes(b"half")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    ThumbnailFolder(tmp_path).put("k", some())
    assert sorted(p.name for p in tmp_path.iterdir()) == [".young.k.thumbnail", "k.thumbnail"]


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"in the way")
    folder = ThumbnailFolder(tmp_path / "file" / "thumbnails")
    folder.put("k", some())
    assert folder.take("k") is None


def test_a_full_disk_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    folder = ThumbnailFolder(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        folder.put("k", some())
    assert folder.take("k") is None
    assert not list(tmp_path.iterdir())


def test_the_key_knows_files_and_how_they_are_read(dataset: Dataset) -> None:
    sample = dataset.samples[0]
    keys = [
        thumbnail_key(dataset, sample),
        thumbnail_key(dataset, dataset.samples[1]),
        thumbnail_key(dataset, replace(sample, turned=True)),
        thumbnail_key(dataset, replace(sample, mask=None)),
        thumbnail_key(replace(dataset, bands=(0,)), sample),
        thumbnail_key(replace(dataset, nodata=0.0), sample),
        thumbnail_key(dataset, sample, bands=(2, 1, 0)),
        thumbnail_key(dataset, sample, clip=(2.0, 98.0)),
        thumbnail_key(dataset, sample, decibel=True),
        thumbnail_key(replace(dataset, windows={sample.id: (0, 0, 8, 8)}), sample),
        thumbnail_key(replace(dataset, coding=replace(dataset.coding, void_colors={})), sample),
    ]
    assert thumbnail_key(dataset, sample) == keys[0]
    os.utime(sample.image, (1, 1))
    keys.append(thumbnail_key(dataset, sample))
    assert sample.mask is not None
    sample.mask.write_bytes(b"")
    keys.append(thumbnail_key(dataset, sample))
    assert len(set(keys)) == len(keys)


def sparse(path: Path, block: np.ndarray, side: int) -> Path:
    """A GeoTIFF of `side` pixels a side, three bands, the middle of which is a block (h, w, 3)."""
    profile = {"driver": "GTiff", "width": side, "height": side, "count": 3, "dtype": "uint8"}
    profile |= {"tiled": True, "sparse_ok": True, "BIGTIFF": "YES"}
    place = side // 2 // 512 * 512
    with rasterio.open(path, "w", **profile) as file:
        file.write(np.moveaxis(block, -1, 0), window=Window(place, place, *block.shape[1::-1]))
        file.build_overviews([2**n for n in range(1, 7)], Resampling.nearest)
    return path


def test_a_sample_too_large_to_be_read_has_a_picture(dataset: Dataset, tmp_path: Path) -> None:
    side = 28_000  # of three bands: 2.2 GiB, and 2 is the limit
    labels = np.full((4096, 4096), 1, np.uint8)
    labels[:2048] = 2
    image = sparse(tmp_path / "i.tif", np.full((4096, 4096, 3), (200, 90, 40), np.uint8), side)
    mask = sparse(tmp_path / "m.tif", dataset.classes.colorize(labels), side)
    sample = replace(dataset.samples[0], image=image, mask=mask)
    made = make_thumbnail(dataset, sample)
    assert made.problems == ()
    assert (made.width, made.height) == (side, side)
    picture, small = decoded(made)
    assert picture.shape[:2] == small.shape == (SIDE, SIDE)
    inside = np.argwhere(small != VOID)
    middle = SIDE * 13_824 // side  # where the block begins
    assert (inside.min(axis=0) >= middle - 1).all()
    assert np.ptp(inside, axis=0) == pytest.approx(SIDE * 4096 / side, abs=2)
    assert small[middle + 5, middle + 5] == 2
    assert small[middle + 40, middle + 5] == 1


def test_a_large_mask_of_another_size_is_named(dataset: Dataset, tmp_path: Path) -> None:
    image = sparse(tmp_path / "i.tif", np.full((512, 512, 3), 90, np.uint8), 28_000)
    mask = sparse(tmp_path / "m.tif", np.zeros((512, 512, 3), np.uint8), 1024)
    made = make_thumbnail(dataset, replace(dataset.samples[0], image=image, mask=mask))
    assert made.image is not None
    assert made.labels is None
    [problem] = made.problems
    assert "1,024 × 1,024 pixels, the image 28,000 × 28,000" in problem
