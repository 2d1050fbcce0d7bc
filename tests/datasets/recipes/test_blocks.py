"""One image split by blocks: no crop of one side meets another side."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from core.datasets.catalogue import open_dataset
from core.datasets.dataset import Dataset
from core.datasets.recipes.apply import prepared
from core.datasets.recipes.blocks import block_windows
from core.datasets.recipes.recipe import Recipe
from core.datasets.recipes.splits import split_samples
from core.errors import ConfigError
from core.imagery.window import Window
from tests.datasets.layouts.test_readers import put

CROP = 32


def recipe(kind: str = "blocks", **changes: object) -> Recipe:
    return Recipe.model_validate({"split": {"kind": kind}, "patch": {"size": CROP}, **changes})


@pytest.fixture
def orthophoto(tmp_path: Path) -> Dataset:
    """One image: red is the row, green the column; the mask is the row's parity."""
    rows, columns = np.indices((200, 240)).astype(np.uint8)
    put(tmp_path / "set/images/ortho.png", np.dstack([rows, columns, rows]))
    put(tmp_path / "set/masks/ortho.png", rows % 2)
    return open_dataset(tmp_path / "set")


def apart(one: Window, other: Window) -> int:
    """Pixels between two windows along the axis on which they are farther apart."""
    between = [
        max(one[axis], other[axis]) - min(one[axis] + one[axis + 2], other[axis] + other[axis + 2])
        for axis in (0, 1)
    ]
    return max(between)


@pytest.mark.parametrize(
    ("width", "height", "crop", "count"),
    [
        (5000, 4000, 256, 16),
        (256, 256, 64, 4),
        (400, 100, 32, 16),
        (4000, 90, 64, 16),
        (300, 300, 256, 1),
        (96, 50, 32, 2),
        (1001, 997, 64, 16),
    ],
)
def test_blocks_have_room_and_lie_apart(width: int, height: int, crop: int, count: int) -> None:
    windows = block_windows(width, height, crop)
    assert len(windows) == count
    for x, y, w, h in windows:
        assert 0 <= x < x + w <= width
        assert 0 <= y < y + h <= height
        assert w >= min(crop, width)
        assert h >= min(crop, height)
    assert all(apart(one, other) >= crop // 2 for one, other in combinations(windows, 2))


def test_sides_of_one_image(orthophoto: Dataset) -> None:
    dataset = prepared(orthophoto, recipe())
    split = split_samples(dataset.samples, recipe().split)
    assert len(dataset.samples) == 16
    assert [len(side) for side in (split.train, split.val, split.test)] == [10, 3, 3]
    assert dataset.scenes == ("ortho",)
    for sample in dataset.samples:
        x, y, width, height = dataset.windows[sample.id]
        pixels = dataset.load_image(sample).pixels
        assert pixels.shape == (height, width, 3)
        np.testing.assert_array_equal(pixels[0, 0, :2], [y, x])
        np.testing.assert_array_equal(dataset.load_labels(sample)[:2, 0], [y % 2, (y + 1) % 2])


def test_other_kinds_divide_nothing(orthophoto: Dataset) -> None:
    assert prepared(orthophoto, recipe("random")).samples == orthophoto.samples


def test_a_window_of_the_recipe_is_what_is_divided(orthophoto: Dataset) -> None:
    dataset = prepared(orthophoto, recipe(windows={"ortho": (100, 60, 120, 110)}))
    assert "ortho" not in dataset.windows
    assert len(dataset.windows) == 4
    for x, y, width, height in dataset.windows.values():
        assert 100 <= x < x + width <= 220
        assert 60 <= y < y + height <= 170
    assert prepared(orthophoto, recipe(exclude=("ortho",))).samples == ()


def test_small_images_and_those_without_a_mask_stay_whole(tmp_path: Path) -> None:
    grey = np.full((40, 40, 3), 90, np.uint8)
    put(tmp_path / "images/small.png", grey)
    put(tmp_path / "masks/small.png", grey[..., 0] // 90)
    put(tmp_path / "images/bare.png", np.full((200, 200, 3), 90, np.uint8))
    dataset = prepared(open_dataset(tmp_path), recipe())
    assert [sample.id for sample in dataset.samples] == ["bare", "small"]
    with pytest.raises(ConfigError, match=r"only 1 block.*smaller crops"):
        split_samples(dataset.samples, recipe().split)
