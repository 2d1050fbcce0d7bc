"""Grid and random crops: what they cover, what is left out, what is seen more often."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from core.classes import VOID
from core.datasets.batches.crops import Crop, crops, grid_crops, random_crops
from core.datasets.batches.labelled_image import LabelledImage
from core.datasets.batches.patch_grid import count_patches, grid_windows, patch_grid
from core.datasets.recipes.recipe import Augmentation, Patch
from core.errors import ConfigError

NONE = Augmentation(flips=False, quarter_turns=False)


def _coded(height: int, width: int, dtype: str = "uint16", bands: int = 2) -> LabelledImage:
    """Every pixel names its own row and column; the label is the row's parity."""
    rows, columns = np.mgrid[:height, :width]
    pixels = np.stack([rows, columns, *[rows * 0] * (bands - 2)], axis=-1).astype(dtype)
    labels = (rows % 2).astype(np.uint8)
    return LabelledImage("coded", pixels, labels, np.ones(labels.shape, bool))


@pytest.mark.parametrize("stride", [32, 40, 64])
@pytest.mark.parametrize("shape", [(64, 64), (65, 64), (200, 131), (63, 500), (1, 1)])
def test_a_grid_covers_every_pixel(shape: tuple[int, int], stride: int) -> None:
    patch = Patch(size=64, stride=stride)
    windows = grid_windows(*shape, patch)
    seen = np.zeros(shape, int)
    for x, y, width, height in windows:
        assert x >= 0 and y >= 0 and x + width <= shape[1] and y + height <= shape[0]
        assert (width, height) == (min(64, shape[1]), min(64, shape[0]))
        seen[y : y + height, x : x + width] += 1
    assert seen.min() >= 1
    assert len(set(windows)) == len(windows) == count_patches([shape], patch)


def test_the_last_row_and_column_lie_at_the_edge() -> None:
    got = grid_windows(100, 130, Patch(size=64, stride=64))
    assert [(x, y) for x, y, *_ in got] == [(0, 0), (64, 0), (66, 0), (0, 36), (64, 36), (66, 36)]
    # With gaps, where the stride is larger than the crop, the far edge is still seen.
    assert [x for x, *_ in grid_windows(64, 300, Patch(size=64, stride=100))] == [0, 100, 200, 236]


def test_random_crops_have_no_grid() -> None:
    with pytest.raises(ConfigError, match=r"no grid.*set stride"):
        grid_windows(100, 100, Patch(size=64))
    with pytest.raises(ConfigError, match="no grid"):
        count_patches([(100, 100)], Patch(size=64))


def test_shares_and_classes_of_a_grid_are_those_of_its_windows() -> None:
    labels = np.random.default_rng(0).choice([0, 4, VOID], (150, 170), p=[0.3, 0.001, 0.699])
    labels = labels.astype(np.uint8)
    labels[:64, :64] = VOID
    patch = Patch(size=64, stride=40, minimum_labelled=0.25)
    grid = patch_grid(labels, patch)
    for index, (x, y, width, height) in enumerate(grid.windows):
        part = labels[y : y + height, x : x + width]
        assert grid.labelled[index] == pytest.approx((part != VOID).mean())
        assert set(np.flatnonzero(grid.present[index])) == set(np.unique(part)) - {VOID}
        assert grid.kept[index] == ((part != VOID).mean() >= 0.25)
    assert 0 < grid.kept.sum() < len(grid.windows)
    # All void is never kept, not even where nothing is asked for.
    anything = patch_grid(labels, patch.model_copy(update={"minimum_labelled": 0.0}))
    assert not anything.kept[0] and anything.kept[1:].all()


def test_what_lies_beyond_a_small_image_is_not_labelled() -> None:
    grid = patch_grid(np.zeros((32, 64), np.uint8), Patch(size=64, stride=64))
    assert grid.labelled.tolist() == [0.5]


def test_a_grid_is_gone_through_whole_and_in_new_order() -> None:
    image = _coded(128, 200)
    patch = Patch(size=64, stride=64)
    corners = sorted((y, x) for x, y, *_ in grid_windows(128, 200, patch))
    drawn = islice(crops([image], patch, NONE, np.random.default_rng(0)), 4 * len(corners))
    places = [tuple(int(v) for v in crop.pixels[0, 0]) for crop in drawn]
    passes = [places[i : i + len(corners)] for i in range(0, len(places), len(corners))]
    assert all(sorted(one) == corners for one in passes)
    assert len({tuple(one) for one in passes}) > 1


def test_crops_that_are_labelled_too_little_are_left_out() -> None:
    image = _coded(64, 192)
    image.labels[:, 64:128] = VOID
    patch = Patch(size=64, stride=64, minimum_labelled=0.5)
    drawn = islice(grid_crops([image], patch, NONE, np.random.default_rng(0)), 10)
    assert {int(crop.pixels[0, 0, 1]) for crop in drawn} == {0, 128}
    image.labels[:, 5:] = VOID
    with pytest.raises(ConfigError, match=r"labelled to 50\.0% or more"):
        next(grid_crops([image], patch, NONE, np.random.default_rng(0)))


@pytest.mark.parametrize("stride", [0, 64])
def test_rare_classes_are_seen_more_often(stride: int) -> None:
    image = _coded(640, 640)
    image.labels[:] = 0
    image.labels[600:604, 600:604] = 3
    shares = []
    for rare in (0.0, 0.5):
        patch = Patch(size=64, stride=stride, rare=rare)
        drawn = islice(crops([image], patch, NONE, np.random.default_rng(1)), 400)
        shares.append(np.mean([(crop.labels == 3).any() for crop in drawn]))
    # In one crop of a hundred; then in half of them, as the recipe says.
    assert shares[0] < 0.03
    assert 0.44 < shares[1] < 0.56


@pytest.mark.parametrize("draw", [random_crops, grid_crops])
@pytest.mark.parametrize("zoom", [(1.0, 1.0), (0.5, 2.0)])
def test_parts_of_a_crop_belong_together(draw, zoom: tuple[float, float]) -> None:
    image = _coded(150, 190, "float32")
    image.labels[:] = (image.pixels[..., 0] // 50).astype(np.uint8)
    image.valid[:, 100:] = False
    settings = Augmentation(zoom=zoom)
    patch = Patch(size=64, stride=50 if draw is grid_crops else 0, minimum_labelled=0)
    for crop in islice(draw([image], patch, settings, np.random.default_rng(2)), 60):
        assert isinstance(crop, Crop)
        assert crop.labels.shape == crop.valid.shape == (64, 64)
        labelled = crop.labels != VOID
        rows, columns = crop.pixels[..., 0], crop.pixels[..., 1]
        clear = labelled & (np.abs(rows % 50 - 25) < 23)  # two pixels from a change of label
        np.testing.assert_array_equal(crop.labels[clear], rows[clear] // 50)
        clear = labelled & (np.abs(columns - 99.5) > 2)
        np.testing.assert_array_equal(crop.valid[clear], columns[clear] < 100)


def test_an_image_smaller_than_a_crop_is_mirrored_and_void_beyond() -> None:
    image = _coded(40, 50)
    for stride in (0, 64):
        patch = Patch(size=64, stride=stride)
        crop = next(crops([image], patch, NONE, np.random.default_rng(0)))
        assert (crop.labels[:40, :50] != VOID).all()
        assert (crop.labels[40:] == VOID).all() and (crop.labels[:, 50:] == VOID).all()
        np.testing.assert_array_equal(crop.pixels[:40, :50], image.pixels)
        assert crop.pixels[40, 0, 0] == 38  # the second last row


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "uint32", "float64"])
def test_any_type_can_be_zoomed(dtype: str) -> None:
    image = _coded(100, 100, dtype, bands=6)
    crop = next(
        random_crops([image], Patch(size=64), Augmentation(zoom=(2, 2)), np.random.default_rng(0))
    )
    assert crop.pixels.shape == (64, 64, 6)
    assert crop.pixels.max() <= 99
