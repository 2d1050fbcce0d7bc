"""Percentile bootstrap intervals, against every resample there is and against SciPy."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.stats import bootstrap

from core.errors import ConfigError
from core.evaluation.intervals import bootstrap_mean

VALUES = [0.41, 0.62, 0.55, 0.48, 0.71, 0.39, 0.66, 0.58]


def test_an_interval_is_that_of_all_resamples() -> None:
    few = VALUES[:5]
    means = [np.mean(drawn) for drawn in product(few, repeat=5)]
    made = bootstrap_mean(few, level=0.9, resamples=200_000, seed=4)
    low, high = np.quantile(means, [0.05, 0.95])
    assert made.mean == pytest.approx(np.mean(few))
    assert (made.low, made.high) == pytest.approx((low, high), abs=0.002)
    assert (made.level, made.count, made.resamples, made.seed) == (0.9, 5, 200_000, 4)


def test_an_interval_is_that_of_scipy_but_for_chance() -> None:
    made = bootstrap_mean(VALUES, resamples=50_000)
    theirs = bootstrap(
        (VALUES,), np.mean, n_resamples=50_000, method="percentile", rng=np.random.default_rng(9)
    ).confidence_interval
    assert (made.low, made.high) == pytest.approx((theirs.low, theirs.high), abs=0.002)


def test_an_interval_is_that_of_resamples_one_by_one_and_repeats() -> None:
    rng = np.random.default_rng(11)
    means = [np.mean([VALUES[i] for i in row]) for row in rng.integers(8, size=(500, 8))]
    made = bootstrap_mean(VALUES, level=0.8, resamples=500, seed=11)
    assert (made.low, made.high) == pytest.approx(tuple(np.quantile(means, [0.1, 0.9])))
    assert made == bootstrap_mean(VALUES, level=0.8, resamples=500, seed=11)
    assert made != bootstrap_mean(VALUES, level=0.8, resamples=500, seed=12)


def test_many_values_are_drawn_in_parts() -> None:
    many = np.random.default_rng(0).normal(3, 2, 40_000)
    made = bootstrap_mean(many, resamples=300)
    # The normal interval of a mean: 1.96 standard errors on either side.
    error = 1.96 * many.std() / 200
    assert (made.low, made.high) == pytest.approx((made.mean - error, made.mean + error), abs=0.004)


@pytest.mark.parametrize(
    ("values", "settings"),
    [
        ([], {}), ([1.0], {}), ([1.0, float("nan")], {}), ([[1.0, 2.0]], {}),
        (VALUES, {"level": 1}), (VALUES, {"level": 0}), (VALUES, {"resamples": 9}),
    ],
)  # fmt: skip
def test_what_has_no_interval_is_refused(values: list[float], settings: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        bootstrap_mean(values, **settings)  # type: ignore[arg-type]
