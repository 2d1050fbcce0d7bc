"""Masks on another grid of the image's ground."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from core.datasets.audit.audit import audit
from core.datasets.catalogue import open_dataset
from core.errors import DatasetError
from core.imagery.header import Georeference
from core.imagery.resample import labels_on_grid

RNG = np.random.default_rng(2)
GRID = Affine(10, 0, 300000, 0, -10, 5000000)


def put(path: Path, pixels: np.ndarray, transform: Affine, crs: str | None = "EPSG:32631") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    bands, height, width = pixels.shape
    size = {"width": width, "height": height, "count": bands, "dtype": pixels.dtype}
    with rasterio.open(path, "w", driver="GTiff", crs=crs, transform=transform, **size) as file:
        file.write(pixels)


def labels_of(tmp_path: Path, mask: np.ndarray, transform: Affine) -> np.ndarray:
    put(tmp_path / "images/a.tif", RNG.integers(1, 99, (3, 60, 80)).astype(np.uint16), GRID)
    put(tmp_path / "masks/a.tif", mask[None], transform)
    dataset = open_dataset(tmp_path)
    return dataset.load_labels(dataset.samples[0], (60, 80))


def test_a_coarser_mask_is_brought_to_the_image(tmp_path: Path) -> None:
    coarse = RNG.integers(0, 3, (15, 20), np.uint8)
    labels = labels_of(tmp_path, coarse, GRID @ Affine.scale(4))
    np.testing.assert_array_equal(labels, np.kron(coarse, np.ones((4, 4), np.uint8)))
    (problem,) = (p for p in audit(open_dataset(tmp_path)).problems if p.kind == "mask-grid")
    assert problem.severity == "info" and "nearest" in problem.detail


def test_a_mask_of_more_ground_is_cut(tmp_path: Path) -> None:
    whole = RNG.integers(0, 3, (100, 120), np.uint8)
    labels = labels_of(tmp_path, whole, GRID @ Affine.translation(-7, -9))
    np.testing.assert_array_equal(labels, whole[9:69, 7:87])


@pytest.mark.parametrize("transform", [GRID @ Affine.translation(5, 0), GRID @ Affine.scale(3)])
def test_a_mask_of_less_ground_is_not(tmp_path: Path, transform: Affine) -> None:
    with pytest.raises(DatasetError, match="but its mask is"):
        labels_of(tmp_path, RNG.integers(0, 3, (15, 20), np.uint8), transform)


def test_grids_turned_against_each_other() -> None:
    labels = RNG.integers(0, 9, (40, 40), np.uint8)
    own = Georeference(None, Affine.identity())
    turned = Georeference(None, Affine(0, 1, 10, -1, 0, 30))
    moved = labels_on_grid(labels, own, turned, 20, 20)
    for row, column in np.ndindex(20, 20):
        x, y = turned.transform @ (column + 0.5, row + 0.5)
        assert moved is not None and moved[row, column] == labels[int(y), int(x)]


def test_a_mask_from_south_to_north_is_turned(tmp_path: Path) -> None:
    north_up = RNG.integers(0, 3, (60, 80), np.uint8)
    south_up = GRID @ Affine(1, 0, 0, 0, -1, 60)
    np.testing.assert_array_equal(labels_of(tmp_path, north_up[::-1], south_up), north_up)


@pytest.mark.parametrize("factor", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("turned", [False, True])
def test_a_finer_mask_does_not_move(factor: int, turned: bool) -> None:
    """Where centres lie between two pixels, the later one was taken always: 0.27 pixels off."""
    size = 64 * factor
    rows, columns = (np.mgrid[:size, :size] + 0.5) / factor
    off = []
    for row, column in RNG.uniform(20, 44, (20, 2)):
        disk = np.hypot(rows - row, columns - column) < 12
        fine = GRID @ Affine.scale(1 / factor)
        if turned:
            disk, fine = disk[::-1, ::-1], fine @ Affine(-1, 0, size, 0, -1, size)
        moved = labels_on_grid(disk, Georeference(None, fine), Georeference(None, GRID), 64, 64)
        assert moved is not None
        off.append(np.argwhere(moved).mean(axis=0) + 0.5 - (row, column))
    assert np.abs(np.mean(off, axis=0)).max() < 0.05


def test_a_mask_half_a_pixel_off_at_the_edge_is_taken() -> None:
    labels = np.arange(8, dtype=np.uint8)[None].repeat(4, axis=0)
    place = Georeference(None, Affine.identity())
    half = Georeference(None, Affine.translation(0.5, 0))
    moved = labels_on_grid(labels, place, half, 4, 8)
    assert moved is not None and set(np.unique(moved)) <= set(range(8))
    assert (np.abs(moved.astype(int) + 0.5 - (np.arange(8) + 1)) <= 0.5).all()
