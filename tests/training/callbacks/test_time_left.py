"""The time left of trainings by a simulated clock."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from core.training.callbacks.time_left import TimeLeft

STEPS, EPOCHS = 60, 8


def trained(
    step: float,
    validation: float,
    *,
    noise: float = 0.0,
    expected: float | None = None,
    slower_from: int = EPOCHS,
) -> Iterator[tuple[float, float]]:
    """What is estimated after every step, and what is truly left then.

    Args:
        step, validation: seconds of one. The first of each takes 5 s more: graphs are traced.
        noise: standard deviation of a step's seconds, as a share of them.
        expected: validation's length in steps, as it is guessed before one was measured.
        slower_from: epoch from which everything takes three times as long.
    """
    rng = np.random.default_rng(0)
    events: list[tuple[int, int, float]] = []  # epoch, step (0 the validation), time of its end
    now = 100.0
    for epoch in range(EPOCHS):
        factor = 3 if epoch >= slower_from else 1
        for number in range(1, STEPS + 1):
            tracing = 5 if not events else 0
            now += max(0.1, rng.normal(1, noise)) * step * factor + tracing
            events.append((epoch, number, now))
        now += validation * factor + (5 if epoch == 0 else 0)
        events.append((epoch, 0, now))
    end = now
    guess = validation / step if expected is None else expected
    left = TimeLeft(STEPS, EPOCHS, guess)
    for epoch, number, at in events:
        if number == 1:
            left.begin_epoch()
        if not number:
            left.end_epoch(at)
            continue
        left.end_step(number, at)
        estimate = left.estimate(epoch)
        assert (estimate is None) == (epoch == 0 and number == 1)
        if estimate is not None:
            yield estimate, end - at


@pytest.mark.parametrize("noise", [0.0, 0.3])
@pytest.mark.parametrize("validation", [2.0, 40.0])
def test_it_never_counts_up_and_is_about_right(validation: float, noise: float) -> None:
    shown = list(trained(1.0, validation, noise=noise))
    estimates = [estimate for estimate, _ in shown]
    assert all(b <= a for a, b in pairwise(estimates))
    # From the end of the first epoch on.
    for estimate, true in shown[STEPS:]:
        assert estimate == pytest.approx(true, rel=0.25, abs=6)
    assert estimates[-1] == pytest.approx(validation, abs=3)


def test_a_validation_much_longer_than_expected_raises_it_once() -> None:
    shown = list(trained(1.0, 60.0, expected=1.0))
    estimates = [estimate for estimate, _ in shown]
    rises = [i for i in range(1, len(estimates)) if estimates[i] > estimates[i - 1]]
    assert rises == [STEPS - 1]  # once, when the first was measured
    assert estimates[STEPS] == pytest.approx(shown[STEPS][1], rel=0.1)


def test_a_training_that_becomes_slower_raises_it() -> None:
    shown = list(trained(1.0, 5.0, slower_from=4))
    estimate, true = shown[6 * STEPS]
    assert estimate == pytest.approx(true, rel=0.2)
    estimates = [estimate for estimate, _ in shown]
    rises = sum(b > a for a, b in pairwise(estimates))
    assert 0 < rises < 12  # in a few large steps, not with every look
