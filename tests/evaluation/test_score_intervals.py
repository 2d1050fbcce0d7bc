"""Intervals of pooled scores: values against scikit-learn, coverage on simulated data."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, jaccard_score, precision_score, recall_score

from core.errors import ConfigError
from core.evaluation.analysis import class_counts_of
from core.evaluation.confusion import confusion
from core.evaluation.intervals import bootstrap_gap, bootstrap_scores


def counts_of(truth: np.ndarray, prediction: np.ndarray, classes: int) -> np.ndarray:
    """(U, 3, K) of samples (U, N)."""
    pairs = zip(truth, prediction, strict=True)
    return np.stack([class_counts_of(confusion(t, p, classes)) for t, p in pairs])


def test_scores_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 4, (6, 500), np.uint8)
    prediction = np.where(rng.random(truth.shape) < 0.6, truth, rng.integers(0, 4, truth.shape))
    made = bootstrap_scores(counts_of(truth, prediction.astype(np.uint8), 4), resamples=200)
    t, p = truth.ravel(), prediction.ravel()
    for name, theirs in (
        ("iou", jaccard_score), ("f1", f1_score), ("precision", precision_score),
        ("recall", recall_score),
    ):  # fmt: skip
        np.testing.assert_allclose(made.value[name], theirs(t, p, average=None))
        assert (made.low[name] < made.value[name]).all()
        assert (made.value[name] < made.high[name]).all()
    assert made.value["mean_iou"] == pytest.approx(jaccard_score(t, p, average="macro"))
    assert made.value["pixel_accuracy"] == pytest.approx(accuracy_score(t, p))
    assert made.p_value is None


def simulated(rng: np.random.Generator, units: int) -> np.ndarray:
    """Counts (U, 3, 2) of samples of one population.

    Sizes and quality vary from sample to sample, as of places: hits, misses and false alarms are
    drawn with means of their own, so that the population's IoU is the ratio of the means.
    """
    size = rng.integers(200, 1000, units)
    present = rng.binomial(size, rng.beta(2, 5, units))
    hits = rng.binomial(present, rng.beta(6, 2, units))
    alarms = rng.binomial(size - present, rng.beta(1, 9, units))
    true = np.stack([size - present, present])
    predicted = np.stack([size - hits - alarms, hits + alarms])
    right = np.stack([size - present - alarms, hits])
    return np.stack([right, true, predicted], axis=1).transpose(2, 1, 0)


def test_an_interval_holds_the_truth_as_often_as_it_says() -> None:
    # Means: a sample has 599.5 pixels, 2/7 of them present, 3/4 of these hit; of the others 1/10
    # are false alarms. IoU = hits / (present + alarms).
    present, absent = 2 / 7, 5 / 7
    truth = {"iou": (present * 3 / 4) / (present + absent / 10), "recall": 3 / 4}
    truth["pixel_accuracy"] = present * 3 / 4 + absent * 9 / 10
    held = dict.fromkeys(truth, 0)
    rng = np.random.default_rng(20)
    for draw in range(1000):
        counts = simulated(rng, 80)
        made = bootstrap_scores(counts, resamples=400, seed=draw)
        for name, value in truth.items():
            low, high = (np.atleast_1d(ends[name])[-1] for ends in (made.low, made.high))
            held[name] += bool(low <= value <= high)
    assert all(930 <= count <= 970 for count in held.values()), held


def test_two_models_are_drawn_together() -> None:
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 3, (12, 400), np.uint8)
    # Samples differ a lot, and the models hardly, but always in one direction.
    hard = rng.random((12, 1)) * 0.8
    wrong = rng.random(truth.shape)
    maps = [np.where(wrong < hard + more, (truth + 1) % 3, truth) for more in (0.0, 0.03)]
    first, second = (counts_of(truth, m.astype(np.uint8), 3) for m in maps)
    paired = bootstrap_scores(first, second)
    apart = [bootstrap_scores(counts) for counts in (first, second)]
    assert paired.low["mean_iou"] > 0
    assert paired.p_value is not None
    assert paired.p_value < 0.01
    # Two intervals on their own overlap.
    assert apart[0].low["mean_iou"] < apart[1].high["mean_iou"]
    turned = bootstrap_scores(second, first)
    assert turned.high["mean_iou"] == pytest.approx(-paired.low["mean_iou"])
    same = bootstrap_scores(first, first)
    assert same.p_value == 1


def test_a_class_that_does_not_occur_has_no_interval() -> None:
    counts = np.zeros((3, 3, 2), np.int64)
    counts[:, :, 0] = 10
    made = bootstrap_scores(counts)
    assert made.value["mean_iou"] == made.low["mean_iou"] == 1
    assert np.isnan(made.low["iou"][1])


@pytest.mark.parametrize(
    ("units", "other", "settings"),
    [
        (1, None, {}), (3, 4, {}), (3, None, {"level": 1.0}), (3, None, {"resamples": 5}),
    ],
)  # fmt: skip
def test_what_has_no_interval_is_refused(
    units: int, other: int | None, settings: dict[str, float]
) -> None:
    counts = np.ones((units, 3, 2), np.int64)
    second = None if other is None else np.ones((other, 3, 2), np.int64)
    with pytest.raises(ConfigError):
        bootstrap_scores(counts, second, **settings)  # type: ignore[arg-type]


def test_a_gap_of_units_without_partners() -> None:
    rng = np.random.default_rng(0)
    first = simulated(rng, 30)
    # Units that are all alike leave no chance: the interval is that of the first ones alone.
    even = np.repeat(first[:1], 12, axis=0)
    gap = bootstrap_gap(first, even, resamples=4_000)
    alone = bootstrap_scores(first, resamples=4_000)
    value = bootstrap_scores(even).value
    for name in ("mean_iou", "pixel_accuracy"):
        assert gap.value[name] == pytest.approx(alone.value[name] - value[name])
        for ends, own in ((gap.low, alone.low), (gap.high, alone.high)):
            assert ends[name] + value[name] == pytest.approx(own[name], abs=0.01)
    # Of the same units drawn apart it is wider than of the same units drawn together.
    paired, apart = bootstrap_scores(first, first), bootstrap_gap(first, first)
    assert paired.high["mean_iou"] == 0 < apart.high["mean_iou"]
    assert apart.low["mean_iou"] < 0
    with pytest.raises(ConfigError, match="of either model"):
        bootstrap_gap(first, first[:1])
