"""Calibration by hand, against scikit-learn, and where it is known by construction."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import jaccard_score

from core.evaluation.calibration import BINS, STEPS, Calibration


def random_case(pixels: int = 40_000, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    logits = rng.normal(0, 2, (pixels, classes))
    given = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    drawn = (rng.random((pixels, 1)) > given.cumsum(axis=1)).sum(axis=1)
    return np.minimum(drawn, classes - 1).astype(np.uint8), given.astype(np.float32)


def test_a_case_by_hand() -> None:
    counts = Calibration(2)
    truth = np.array([[0, 0, 1, 255]], np.uint8)
    # Confidence 0.9, 0.9 and 0.6; right, right and wrong.
    given = np.array([[[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.5, 0.5]]])
    counts.add(truth, given.astype(np.float32))
    overall = counts.reliability()
    assert overall.pixels.sum() == 3
    # (2 · |0.9 − 1| + 1 · |0.6 − 0|) / 3
    assert overall.error == pytest.approx(0.8 / 3, abs=1e-6)
    assert overall.frequency[17:19].tolist() in (
        [1.0, pytest.approx(np.nan, nan_ok=True)],
        [pytest.approx(np.nan, nan_ok=True), 1.0],
    )
    # Class 1: probabilities 0.1, 0.1, 0.4, of which the last is one.
    second = counts.class_reliability()[1]
    assert second.error == pytest.approx((0.2 + 0.6) / 3, abs=1e-6)
    left = counts.coverage()
    assert left[0].share == 1
    assert left[0].scores.pixel_accuracy == pytest.approx(2 / 3)
    sure = next(each for each in left if each.threshold == 0.7)
    assert sure.share == pytest.approx(2 / 3)
    assert sure.scores.pixel_accuracy == 1
    assert left[-1].threshold < 0.91


def test_curves_are_those_of_scikit_learn() -> None:
    truth, given = random_case()
    counts = Calibration(4)
    for part in np.array_split(np.arange(len(truth)), 7):
        counts.add(truth[part], given[part])
    for k, own in enumerate(counts.class_reliability()):
        frequency, probability = calibration_curve(truth == k, given[:, k], n_bins=BINS)
        there = own.pixels > 0
        np.testing.assert_allclose(own.frequency[there], frequency, atol=1e-6)
        np.testing.assert_allclose(own.probability[there], probability, atol=1e-6)
    confidence = given.max(axis=1)
    right = given.argmax(axis=1) == truth
    overall = counts.reliability()
    frequency, probability = calibration_curve(right, confidence, n_bins=BINS)
    there = overall.pixels > 0
    np.testing.assert_allclose(overall.frequency[there], frequency, atol=1e-6)
    np.testing.assert_allclose(overall.probability[there], probability, atol=1e-6)


def test_labels_drawn_from_the_probabilities_are_calibrated_and_sharpened_ones_are_not() -> None:
    truth, given = random_case()
    honest, sure = Calibration(4), Calibration(4)
    honest.add(truth, given)
    sharp = given**3
    sure.add(truth, (sharp / sharp.sum(axis=1, keepdims=True)).astype(np.float32))
    assert honest.reliability().error == pytest.approx(0, abs=0.02)
    error = sure.reliability().error
    assert error is not None
    assert error > 0.1


def test_a_threshold_leaves_the_pixels_that_are_surer() -> None:
    truth, given = random_case()
    counts = Calibration(4)
    counts.add(truth, given)
    confidence, predicted = given.max(axis=1).astype(np.float64), given.argmax(axis=1)
    for each in counts.coverage()[:: STEPS // 10]:
        kept = np.floor(confidence * STEPS) >= round(each.threshold * STEPS)
        assert each.share == pytest.approx(kept.mean())
        ious = jaccard_score(truth[kept], predicted[kept], average=None)
        assert [c.iou for c in each.scores.classes] == pytest.approx(ious.tolist())


def test_without_a_labelled_pixel_there_is_no_error() -> None:
    counts = Calibration(3)
    counts.add(np.full((2, 2), 255, np.uint8), np.ones((2, 2, 3), np.float32))
    assert counts.reliability().error is None
    assert counts.coverage() == ()
