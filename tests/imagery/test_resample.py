"""One grid for images, masks and validity, whatever they are resampled to."""

from __future__ import annotations

import numpy as np
import pytest

from core.imagery.resample import nearest_positions, resample_image, resample_labels


@pytest.mark.parametrize("count", [64, 96, 256])
@pytest.mark.parametrize("length", [32, 48, 64, 96, 100, 128, 171, 192, 256, 512, 700])
def test_positions_are_nearest_and_balanced(length: int, count: int) -> None:
    at = nearest_positions(length, count)
    centers = (np.arange(count) + 0.5) * length / count
    off = at + 0.5 - centers
    assert np.abs(off).max() <= 0.5 + 1e-9
    assert abs(off.mean()) <= 0.5 / count + 1e-9  # an odd number of ties leaves one of them
    assert (np.diff(at) >= 0).all() and at[0] >= 0 and at[-1] < length


def _disk(size: int, row: float, column: float, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size] + 0.5
    return np.hypot(rows - row, columns - column) < radius


def _middle(weights: np.ndarray) -> np.ndarray:
    rows, columns = np.mgrid[: weights.shape[0], : weights.shape[1]] + 0.5
    return np.array([(weights * rows).sum(), (weights * columns).sum()]) / weights.sum()


@pytest.mark.parametrize("size", [32, 64, 96, 120, 171, 192, 256, 300])
def test_a_mask_stays_on_its_image(size: int) -> None:
    rng = np.random.default_rng(0)
    off = []
    for row, column in rng.uniform(54, 74, (40, 2)):
        disk = _disk(128, row, column, 35)
        image = resample_image(disk[..., None].astype(np.float32), size, size)[..., 0]
        labels = resample_labels(disk.astype(np.uint8), size, size)
        off.append(_middle(labels) - _middle(image))
    assert np.abs(np.mean(off, axis=0)).max() < 0.05


@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint16", "int32"])
def test_only_values_that_were_there(dtype: str) -> None:
    values = np.random.default_rng(0).choice([0, 1, 200], (50, 40)).astype(dtype)
    for shape in ((20, 30), (50, 40), (99, 81)):
        got = resample_labels(values, *shape)
        assert got.shape == shape and got.dtype == values.dtype
        assert set(np.unique(got)) <= set(np.unique(values))
    colors = np.stack([values] * 3, axis=-1)
    assert resample_labels(colors, 20, 30).shape == (20, 30, 3)


def test_images_keep_bands_and_type_where_they_can() -> None:
    for dtype in ("uint8", "uint16", "int16", "float32", "float64"):
        assert resample_image(np.ones((10, 12, 1), dtype), 5, 7).dtype == dtype
    assert resample_image(np.ones((10, 12, 5), np.int32), 20, 7).shape == (20, 7, 5)
