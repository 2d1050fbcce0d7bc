"""The loss against NumPy, and what void pixels must not do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.classes import VOID
from core.training.config import Loss

CLASSES = 4
WEIGHTS = [0.5, 1.0, 1.5, 2.0]


@pytest.fixture
def case() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, CLASSES - 1, (2, 8, 6)).astype(np.uint8)  # the last class is absent
    labels[:, :3, :2] = VOID
    return labels, rng.normal(0, 2, (2, 8, 6, CLASSES)).astype(np.float32)


def _value(loss: Loss, labels: np.ndarray, logits: Any) -> float:
    from core.training.step.losses import SegmentationLoss

    return float(SegmentationLoss(loss, WEIGHTS)(labels, logits))


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def test_cross_entropy_is_the_weighted_mean_over_labelled_pixels(
    case: tuple[np.ndarray, np.ndarray],
) -> None:
    labels, logits = case
    seen = labels != VOID
    of_truth = np.take_along_axis(
        _softmax(logits)[seen], labels[seen][:, None].astype(int), axis=-1
    )[:, 0]
    expected = (-np.log(of_truth) * np.array(WEIGHTS)[labels[seen]]).mean()
    assert _value(Loss(dice=0), labels, logits) == pytest.approx(expected, rel=1e-5)


def test_label_smoothing_spreads_a_share_of_the_target_over_all_classes_and_void_has_none(
    case: tuple[np.ndarray, np.ndarray],
) -> None:
    from core.device import tensorflow
    from core.training.step.losses import SegmentationLoss

    tf = tensorflow()
    labels, logits = case
    seen, share = labels != VOID, 0.2
    target = (1 - share) * np.eye(CLASSES)[labels[seen]] + share / CLASSES
    each = -(target * np.log(_softmax(logits)[seen])).sum(axis=-1)
    expected = (each * np.array(WEIGHTS)[labels[seen]]).mean()
    smooth = Loss(dice=0, label_smoothing=share)
    assert _value(smooth, labels, logits) == pytest.approx(expected, rel=1e-5)
    variable = tf.Variable(logits)
    with tf.GradientTape() as tape:
        value = SegmentationLoss(smooth, WEIGHTS)(labels, variable)
    gradient = tape.gradient(value, variable).numpy()
    assert not gradient[~seen].any()
    # Where all logits are far apart the smoothed target is pulled back from certainty.
    sure = np.where(np.eye(CLASSES, dtype=bool)[np.where(seen, labels, 0)], 9.0, -9.0)
    assert _value(smooth, labels, sure.astype(np.float32)) > 1


def test_dice_is_the_mean_over_the_classes_that_occur(case: tuple[np.ndarray, np.ndarray]) -> None:
    labels, logits = case
    seen = labels != VOID
    probability, truth = _softmax(logits)[seen], labels[seen]
    each = [
        1 - 2 * probability[truth == c, c].sum() / (probability[:, c].sum() + (truth == c).sum())
        for c in range(CLASSES - 1)
    ]
    assert _value(Loss(cross_entropy=0), labels, logits) == pytest.approx(np.mean(each), rel=1e-5)


def test_the_parts_add_up_by_their_weights(case: tuple[np.ndarray, np.ndarray]) -> None:
    labels, logits = case
    parts = _value(Loss(dice=0), labels, logits), _value(Loss(cross_entropy=0), labels, logits)
    both = _value(Loss(cross_entropy=0.5, dice=2), labels, logits)
    assert both == pytest.approx(0.5 * parts[0] + 2 * parts[1], rel=1e-5)


def test_void_changes_neither_value_nor_gradient(case: tuple[np.ndarray, np.ndarray]) -> None:
    from core.device import tensorflow
    from core.training.step.losses import SegmentationLoss

    tf = tensorflow()
    labels, logits = case
    other = np.where((labels == VOID)[..., None], np.float32(50), logits)
    assert _value(Loss(), labels, other) == pytest.approx(_value(Loss(), labels, logits), rel=1e-6)
    variable = tf.Variable(logits)
    with tf.GradientTape() as tape:
        value = SegmentationLoss(Loss(), WEIGHTS)(labels, variable)
    gradient = tape.gradient(value, variable).numpy()
    assert not gradient[labels == VOID].any()
    assert gradient[labels != VOID].all(axis=-1).any()


def test_a_batch_without_labels_costs_nothing(case: tuple[np.ndarray, np.ndarray]) -> None:
    labels, logits = case
    assert _value(Loss(), np.full_like(labels, VOID), logits) == 0


@pytest.mark.parametrize("balance", [0.0, 0.25, 1.0])
def test_class_weights_average_to_one_over_the_pixels(balance: float) -> None:
    from core.training.step.losses import class_weights

    counts = np.array([900, 90, 10, 0])
    weights = np.array(class_weights(counts, balance))
    assert (weights * counts).sum() / counts.sum() == pytest.approx(1)
    assert weights[1] / weights[0] == pytest.approx(10**balance)
    assert weights[3] == 1


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, 5.0])
def test_focal_is_that_of_numpy_however_wrong_a_pixel_is(gamma: float) -> None:
    """Logits of ±50, right and wrong, and all between: value and gradient."""
    from core.device import tensorflow
    from core.training.step.losses import SegmentationLoss

    tf = tensorflow()
    first = np.array([-50, -20, -16, -8, -1, 0, 1, 8, 16, 20, 50], np.float64)
    logits = np.stack([first, -first], axis=-1)[None, None]
    labels = np.zeros(logits.shape[:3], np.uint8)

    def value(z: np.ndarray) -> float:
        """In logarithms: 1 - p of class 0 is the probability of class 1."""
        log_p = -np.logaddexp(0, z[..., 1] - z[..., 0])
        log_rest = -np.logaddexp(0, z[..., 0] - z[..., 1])
        return float((np.exp(gamma * log_rest) * -log_p).mean())

    wanted = np.zeros_like(logits)
    for at in np.ndindex(logits.shape):
        step = np.zeros_like(logits)
        step[at] = 1e-4
        wanted[at] = (value(logits + step) - value(logits - step)) / 2e-4
    variable = tf.Variable(logits.astype(np.float32))
    only = Loss(cross_entropy=0, dice=0, focal=1, focal_gamma=gamma)
    with tf.GradientTape() as tape:
        loss = SegmentationLoss(only, [1.0, 1.0])(labels, variable)
    gradient = tape.gradient(loss, variable).numpy()
    assert float(loss) == pytest.approx(value(logits), rel=1e-5)
    np.testing.assert_allclose(gradient, wanted, rtol=2e-3, atol=1e-5)
    # A pixel that is surely wrong is pulled at as hard as by cross-entropy, never not at all.
    assert gradient[0, 0, 0, 0] == pytest.approx(-1 / len(first), rel=1e-3)
