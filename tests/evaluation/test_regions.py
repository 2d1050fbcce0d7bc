"""Confusion regions against scikit-image's components, and their bounds."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.measure import label, regionprops

from core.errors import ImageError
from core.evaluation import regions as module
from core.evaluation.comparison import FIRST_ALONE, SECOND_ALONE, Comparison, compare_maps
from core.evaluation.regions import Region, RegionList


def test_a_case_by_hand() -> None:
    truth, prediction = np.zeros((6, 9), np.uint8), np.zeros((6, 9), np.uint8)
    prediction[1:3, 1:4] = 2  # six pixels of class 0 taken for 2
    prediction[3, 4] = 2  # touches them at a corner
    prediction[5, 8] = 2
    truth[0, 8] = 1  # one pixel of class 1 taken for 0
    truth[4, 0], prediction[4, 0] = 255, 2
    listed = RegionList(3)
    listed.add(truth, prediction, 7)
    assert listed.by_cell == {
        (0, 2): (Region(7, 7, 1, 1, 4, 3, 0, 2), Region(1, 7, 8, 5, 1, 1, 0, 2)),
        (1, 0): (Region(1, 7, 8, 0, 1, 1, 1, 0),),
    }


@pytest.mark.parametrize("limit", [10**9, 0])
def test_regions_are_the_components_of_each_cell(
    limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By sorting pixels, and as of an image with more of them."""
    monkeypatch.setattr(module, "_SORTED", limit)
    rng = np.random.default_rng(2)
    truth, prediction = rng.integers(0, 3, (2, 40, 50), np.uint8)
    listed = RegionList(3)
    listed.add(truth, prediction, 0)
    assert set(listed.by_cell) == {(t, p) for t in range(3) for p in range(3) if t != p}
    for (t, p), kept in listed.by_cell.items():
        components = label((truth == t) & (prediction == p), connectivity=2)
        boxes = sorted(
            (int(r.area), r.bbox[1], r.bbox[0], r.bbox[3] - r.bbox[1], r.bbox[2] - r.bbox[0])
            for r in regionprops(components)
        )
        assert len(kept) == min(len(boxes), module.MOST_REGIONS_PER_CELL)
        assert [r.area for r in kept] == [box[0] for box in boxes[::-1]][: len(kept)]
        assert {(r.area, *r[2:6]) for r in kept} <= set(boxes)


@pytest.mark.parametrize("limit", [10**9, -1])
def test_a_map_without_an_error_has_no_regions(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SORTED", limit)
    listed = RegionList(3)
    for labels in (np.ones((5, 6), np.uint8), np.full((5, 6), 255, np.uint8)):
        listed.add(labels, labels, 0)
    assert not listed.by_cell
    compared = Comparison(3)
    compared.add(labels, labels, labels, 0)
    assert not compared.counts.any()


def test_the_largest_over_many_images_are_kept_within_a_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_REGIONS_PER_CELL", 4)
    listed = RegionList(2)
    truth = np.zeros((1, 40), np.uint8)
    for sample in range(12):
        prediction = truth.copy()
        prediction[0, 1 : 2 + sample] = 1
        listed.add(truth, prediction, sample)
    assert [(r.area, r.sample) for r in listed.by_cell[0, 1]] == [
        (12, 11), (11, 10), (10, 9), (9, 8),
    ]  # fmt: skip
    # Many kinds of confusion share what is kept.
    monkeypatch.setattr(module, "MOST_REGIONS", 20)
    listed = RegionList(12)
    rng = np.random.default_rng(0)
    for sample in range(3):
        listed.add(*rng.integers(0, 12, (2, 60, 60), np.uint8), sample)
    assert len(listed.by_cell) == 132
    assert {len(kept) for kept in listed.by_cell.values()} == {1}


def test_two_models_are_compared_pixel_by_pixel() -> None:
    truth = np.array([[0, 0, 0, 1, 1, 255]], np.uint8)
    first = np.array([[0, 0, 1, 1, 0, 0]], np.uint8)
    second = np.array([[0, 1, 0, 0, 0, 0]], np.uint8)
    assert compare_maps(truth, first, second).tolist() == [[3, 1, 2, 1, 0, 255]]
    compared = Comparison(2)
    compared.add(truth, first, second, 0)
    # Rows: neither, the first alone, the second alone, both.
    assert compared.counts.tolist() == [[0, 1], [1, 1], [1, 0], [1, 0]]
    assert compared.by_sample[0].tolist() == [1, 2, 1, 1]
    assert [(r.x, r.area, r.truth) for r in compared.regions(FIRST_ALONE)] == [
        (3, 1, 1), (1, 1, 0),
    ]  # fmt: skip
    assert [(r.x, r.area) for r in compared.regions(SECOND_ALONE)] == [(2, 1)]
    with pytest.raises(ImageError, match="differ in size"):
        compared.add(truth, first[:, :3], second, 1)
