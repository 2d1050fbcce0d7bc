"""Learning rates by their definitions, and what waiting for a better score leads to."""

from __future__ import annotations

import numpy as np
import pytest

from core.training.config import TrainConfig, with_settings
from core.training.schedules import learning_rate, learning_rates, plateau_cuts, stale_epochs

TOTAL = 200


def _rates(*settings: str) -> np.ndarray:
    config = with_settings(TrainConfig(), ["learning_rate=0.1", *settings])
    rates = learning_rates(config, TOTAL)
    assert [learning_rate(config, TOTAL, step) for step in (0, 7, 199)] == list(rates[[0, 7, 199]])
    return rates


def test_a_cosine_falls_to_a_hundredth_after_its_warm_up() -> None:
    rates = _rates("schedule=cosine", "warmup=0.1")
    assert rates[0] == pytest.approx(0.001)
    assert rates[10] == pytest.approx((0.001 + 0.1) / 2)  # half-way up
    assert rates.argmax() == 20
    assert rates[20] == 0.1
    assert rates[110] == pytest.approx((0.1 + 0.001) / 2)  # half-way down
    assert rates[-1] == pytest.approx(0.001, rel=0.02)


@pytest.mark.parametrize("schedule", ["constant", "plateau"])
def test_a_constant_stays(schedule: str) -> None:
    assert set(_rates(f"schedule={schedule}", "warmup=0")) == {0.1}


def test_one_cycle_rises_for_three_tenths() -> None:
    rates = _rates("schedule=one-cycle")
    assert rates[0] == pytest.approx(0.1 / 25)
    assert rates.argmax() == 60
    assert (np.diff(rates)[:59] > 0).all()
    assert (np.diff(rates)[60:] < 0).all()
    assert rates[-1] < 0.1 / 1000


def test_a_plateau_cuts_after_each_patience() -> None:
    scores = [0.1, 0.5, 0.4, 0.4, 0.4, 0.4, 0.6, 0.6]
    assert [plateau_cuts(scores[:n], 2) for n in range(9)] == [0, 0, 0, 0, 1, 1, 2, 2, 2]
    assert [stale_epochs(scores[:n]) for n in range(9)] == [0, 0, 0, 1, 2, 3, 4, 0, 1]
