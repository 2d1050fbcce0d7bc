"""How good a score can be, pixel by pixel and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, cohen_kappa_score, jaccard_score

from core.errors import ConfigError, ImageError
from core.evaluation.confusion import confusion
from core.evaluation.label_quality import (
    agreement,
    border_scores,
    near_border,
    suspect_labels,
)

RNG = np.random.default_rng(77)
CLASSES = 4


def labels(height: int, width: int, *, grain: int = 6) -> np.ndarray:
    """Patches of classes with some void, (height, width) uint8."""
    coarse = RNG.integers(0, CLASSES + 1, (height // grain + 1, width // grain + 1))
    fine = coarse.repeat(grain, axis=0).repeat(grain, axis=1)[:height, :width].astype(np.uint8)
    fine[fine == CLASSES] = 255
    return fine


def near_by_hand(truth: np.ndarray, tolerance: float) -> np.ndarray:
    rows, columns = np.nonzero(truth != 255)
    values = truth[rows, columns]
    near = np.zeros(truth.shape, bool)
    for row, column, value in zip(rows, columns, values, strict=True):
        others = values != value
        squares = (rows[others] - row) ** 2 + (columns[others] - column) ** 2
        near[row, column] = bool((squares <= tolerance**2).any())
    return near


@pytest.mark.parametrize("tolerance", [0, 0.9, 1, 1.5, 2, 5, 40])
@pytest.mark.parametrize("size", [(19, 26), (1, 30), (25, 1), (1, 1)])
def test_near_a_border_is_measured_to_pixels_of_other_classes(
    tolerance: float, size: tuple[int, int]
) -> None:
    truth = labels(*size)
    np.testing.assert_array_equal(near_border(truth, tolerance), near_by_hand(truth, tolerance))


def test_two_pixels_on_either_side_of_a_border_and_none_beside_void() -> None:
    truth = np.zeros((5, 20), np.uint8)
    truth[:, 8:] = 1
    truth[:, 15:] = 255
    near = near_border(truth, 2)
    assert (near.nonzero()[1].min(), near.nonzero()[1].max()) == (6, 9)
    assert near.sum() == 4 * 5
    made = border_scores([(truth, truth)], CLASSES)
    assert made.near_share == pytest.approx(4 / 15)


def test_scores_away_from_borders_are_those_of_the_pixels_that_are_left() -> None:
    pairs = [(labels(40, 31), labels(40, 31, grain=3)) for _ in range(3)]
    made = border_scores(iter(pairs), CLASSES, 1.5)
    truth, prediction, near = (
        np.concatenate(each)
        for each in zip(
            *((t.ravel(), p.ravel(), near_by_hand(t, 1.5).ravel()) for t, p in pairs), strict=True
        )
    )
    counted = (truth != 255) & (prediction != 255)
    assert made.near_share == pytest.approx(near[counted].mean())
    for keep, scores in ((counted, made.scores), (counted & ~near, made.scores_away)):
        y, p = truth[keep], prediction[keep]
        assert scores.pixel_accuracy == pytest.approx(accuracy_score(y, p))
        expected = jaccard_score(y, p, labels=range(CLASSES), average=None)
        assert [c.iou for c in scores.classes] == pytest.approx(expected.tolist())
        assert scores.mean_iou == pytest.approx(expected.mean())


def test_agreement_is_that_of_scikit_learn() -> None:
    first, second = labels(90, 70), labels(90, 70)
    second[20:] = np.where(RNG.random((70, 70)) < 0.6, first[20:], second[20:])
    both = (first != 255) & (second != 255)
    a, b = first[both], second[both]
    made = agreement(confusion(first, second, CLASSES))
    assert made.pixel_agreement == pytest.approx(accuracy_score(a, b))
    assert made.kappa == pytest.approx(cohen_kappa_score(a, b))
    ious = jaccard_score(a, b, labels=range(CLASSES), average=None)
    assert made.class_iou == pytest.approx(tuple(ious))
    assert made.mean_iou == pytest.approx(ious.mean())
    expected = [cohen_kappa_score(a == k, b == k) for k in range(CLASSES)]
    assert made.class_kappa == pytest.approx(tuple(expected))
    # Neither is the truth: which comes first makes no difference.
    other = agreement(confusion(second, first, CLASSES))
    assert (other.kappa, other.class_iou) == (made.kappa, made.class_iou)


def test_agreement_of_large_counts_and_of_nothing() -> None:
    large = agreement(np.array([[3 * 10**12, 10**12], [10**12, 3 * 10**12]]))
    assert large.kappa == pytest.approx(0.5)
    nothing = agreement(np.zeros((2, 2), np.int64))
    assert (nothing.mean_iou, nothing.pixel_agreement, nothing.kappa) == (None, None, None)
    assert nothing.class_kappa == (None, None)
    one = agreement(np.array([[9, 0], [0, 0]]))
    assert (one.pixel_agreement, one.kappa, one.class_iou) == (1, None, (1, None))


def test_suspect_labels_are_counted_by_scene_and_class() -> None:
    images = []
    for scene in ("a", "b", "a"):
        truth = labels(17, 23)
        scores = RNG.dirichlet(np.full(CLASSES, 0.2), truth.shape).astype(np.float32)
        scores[:2] = np.nan
        images.append((scene, truth, scores))
    made = suspect_labels(iter(images), CLASSES, 0.8)
    labelled = np.zeros((2, CLASSES), int)
    suspect = np.zeros((2, CLASSES, CLASSES), int)
    for scene, truth, scores in images:
        for at in np.ndindex(truth.shape):
            if truth[at] == 255 or np.isnan(scores[at]).any():
                continue
            labelled["ab".index(scene), truth[at]] += 1
            for k in range(CLASSES):
                if k != truth[at] and scores[at][k] >= np.float32(0.8):
                    suspect["ab".index(scene), truth[at], k] += 1
    assert made.scenes == ("a", "b")
    np.testing.assert_array_equal(made.labelled, labelled)
    np.testing.assert_array_equal(made.suspect, suspect)
    assert suspect.sum() > 100
    assert made.share == suspect.sum() / labelled.sum()
    by_class = suspect.sum(axis=(0, 2)) / labelled.sum(axis=0)
    assert made.class_shares == pytest.approx(tuple(by_class))
    assert made.scene_shares == pytest.approx(
        {s: suspect[i].sum() / labelled[i].sum() for i, s in enumerate("ab")}
    )


def test_suspects_of_nothing_have_no_share() -> None:
    made = suspect_labels([], CLASSES)
    assert (made.share, made.class_shares, made.scene_shares) == (None, (None,) * CLASSES, {})


def test_what_does_not_fit_is_refused() -> None:
    truth = labels(8, 9)
    for tolerance in (-1, float("nan"), float("inf")):
        with pytest.raises(ConfigError, match="tolerance"):
            near_border(truth, tolerance)
    for certainty in (0.5, 1.01, float("nan")):
        with pytest.raises(ConfigError, match="certainty"):
            suspect_labels([], CLASSES, certainty)
    with pytest.raises(ImageError, match="shape"):
        border_scores([(truth, truth[:1])], CLASSES)
    with pytest.raises(ImageError, match="shape"):
        suspect_labels([("a", truth, np.zeros((8, 9, CLASSES + 1)))], CLASSES)
