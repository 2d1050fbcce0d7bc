"""Boundary IoU and scores near an edge, counted by hand and by the definition pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import ConfigError
from core.evaluation.boundary import edge_counts


def test_a_case_by_hand() -> None:
    # An edge between columns 3 and 4; the prediction has it one column to the right.
    truth, prediction = np.zeros((4, 8), np.uint8), np.zeros((4, 8), np.uint8)
    truth[:, 4:] = 1
    prediction[:, 5:] = 1
    counts = edge_counts(truth, prediction, 2, 1)
    # Class 0: truth's band is column 3, the prediction's column 4. Class 1: columns 4 and 5.
    assert counts.shared.tolist() == [0, 0]
    assert counts.either.tolist() == [8, 8]
    # Near the truth's edge lie columns 3 (right) and 4 (taken for class 0).
    assert counts.near.tolist() == [[4, 0], [4, 0]]
    counts = edge_counts(truth, prediction, 2, 2)
    # Class 0: columns 2–3 and 3–4 share column 3; class 1: 4–5 and 5–6 share column 5.
    assert counts.shared.tolist() == [4, 4]
    assert counts.either.tolist() == [12, 12]


def test_an_equal_map_scores_one_and_edges_of_the_image_and_void_are_none() -> None:
    truth = np.ones((6, 6), np.uint8)
    counts = edge_counts(truth, truth, 3, 3)
    assert not counts.either.any()
    truth[:, 3:] = 255
    assert not edge_counts(truth, truth, 3, 3).either.any()
    truth[:, 3:] = 2
    counts = edge_counts(truth, truth, 3, 2)
    assert counts.shared.tolist() == counts.either.tolist() == [0, 12, 12]
    # What the prediction has no data for does not count on either side.
    prediction = truth.copy()
    prediction[:3] = 255
    assert edge_counts(truth, prediction, 3, 2).either.tolist() == [0, 6, 6]


def test_counts_are_those_of_the_definition() -> None:
    rng = np.random.default_rng(5)
    coarse = rng.integers(0, 4, (2, 6, 7), np.uint8)
    truth, prediction = coarse.repeat(4, axis=1).repeat(4, axis=2)
    prediction = np.where(rng.random(truth.shape) < 0.1, 1, prediction).astype(np.uint8)
    truth[rng.random(truth.shape) < 0.1] = 255
    counts = edge_counts(truth, prediction, 4, 2.5)
    void = truth == 255
    maps = [np.where(void, 255, m) for m in (truth, prediction)]

    def band(labels: np.ndarray, y: int, x: int) -> bool:
        near = [
            labels[v, u]
            for v in range(len(labels))
            for u in range(labels.shape[1])
            if (v - y) ** 2 + (u - x) ** 2 <= 2.5**2
        ]
        return any(other not in (labels[y, x], 255) for other in near)

    shared, either, near = np.zeros(4, int), np.zeros(4, int), np.zeros((4, 4), int)
    for y, x in zip(*np.nonzero(~void), strict=True):
        bands = [band(m, y, x) for m in maps]
        t, p = maps[0][y, x], maps[1][y, x]
        near[t, p] += bands[0]
        for k in range(4):
            inside = [bands[0] and t == k, bands[1] and p == k]
            shared[k] += all(inside)
            either[k] += any(inside)
    np.testing.assert_array_equal(counts.shared, shared)
    np.testing.assert_array_equal(counts.either, either)
    np.testing.assert_array_equal(counts.near, near)


@pytest.mark.parametrize("distance", [0, -1, 17, float("nan")])
def test_a_distance_has_limits(distance: float) -> None:
    labels = np.zeros((3, 3), np.uint8)
    with pytest.raises(ConfigError, match="distance above 0"):
        edge_counts(labels, labels, 2, distance)
