"""Scores against scikit-learn on the same arrays."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from core.evaluation.confusion import confusion, scores

RNG = np.random.default_rng(4)


def labels(share_right: float = 0.7) -> tuple[np.ndarray, np.ndarray]:
    truth = RNG.choice(5, (50, 60), p=[0.5, 0.3, 0.1, 0.06, 0.04]).astype(np.uint8)
    prediction = np.where(
        RNG.random(truth.shape) < share_right, truth, RNG.integers(0, 5, truth.shape)
    )
    truth[RNG.random(truth.shape) < 0.1] = 255
    return truth, prediction.astype(np.uint8)


def test_every_score_agrees_with_scikit_learn() -> None:
    truth, prediction = labels()
    seen = truth != 255
    y, p = truth[seen], prediction[seen]
    matrix = confusion(truth, prediction, 5)
    np.testing.assert_array_equal(matrix, metrics.confusion_matrix(y, p, labels=range(5)))
    result = scores(matrix)
    assert result.pixel_accuracy == pytest.approx(metrics.accuracy_score(y, p))
    assert result.mean_iou == pytest.approx(metrics.jaccard_score(y, p, average="macro"))
    precision, recall, f1, support = metrics.precision_recall_fscore_support(y, p)
    iou = metrics.jaccard_score(y, p, average=None)
    for i, c in enumerate(result.classes):
        assert (c.iou, c.f1) == (pytest.approx(iou[i]), pytest.approx(f1[i]))
        assert (c.precision, c.recall) == (pytest.approx(precision[i]), pytest.approx(recall[i]))
        assert c.support == support[i]


def test_void_pixels_change_nothing() -> None:
    truth, prediction = labels()
    other = np.where(truth == 255, (prediction + 1) % 5, prediction).astype(np.uint8)
    np.testing.assert_array_equal(confusion(truth, prediction, 5), confusion(truth, other, 5))


def test_pooling_is_adding() -> None:
    (a, b), (c, d) = labels(), labels(0.4)
    both = confusion(np.stack([a, c]), np.stack([b, d]), 5)
    np.testing.assert_array_equal(both, confusion(a, b, 5) + confusion(c, d, 5))


def test_a_class_that_does_not_occur_has_no_score() -> None:
    truth = np.array([[0, 0, 1, 255]], np.uint8)
    result = scores(confusion(truth, np.array([[0, 1, 1, 2]], np.uint8), 3))
    assert result.classes[2].iou is None
    assert result.mean_iou == pytest.approx((1 / 2 + 1 / 2) / 2)
    empty = scores(np.zeros((3, 3), np.int64))
    assert empty.mean_iou is None
    assert empty.pixel_accuracy is None


def test_a_large_map_is_counted_piece_by_piece() -> None:
    truth, prediction = (np.tile(part, (41, 35)) for part in labels())
    assert truth.size > 2**22  # more than one piece
    expected = confusion(truth[:50, :60], prediction[:50, :60], 5) * 41 * 35
    np.testing.assert_array_equal(confusion(truth, prediction, 5), expected)
    np.testing.assert_array_equal(confusion(truth.T, prediction.T, 5), expected)
