"""What is reported while a training runs."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.training.runs.run import Run
from core.training.runs.status import Status


@pytest.fixture
def reporter(tmp_path: Path) -> Any:
    """For a training of two epochs of three steps, two crops each; it reports every step."""
    from core.training.callbacks.epoch_state import EpochState
    from core.training.callbacks.reporter import Reporter
    from core.training.runs.status_writer import StatusWriter

    run = Run(tmp_path)
    status = StatusWriter(run, Status(state="running"))
    reporter = Reporter(run, status, EpochState(steps=3, epochs=2), batch=2, interval=0)
    optimizer = SimpleNamespace(learning_rate=np.array(1e-3))
    reporter.set_model(SimpleNamespace(optimizer=optimizer, norms={}))
    reporter.on_train_begin()
    reporter.on_epoch_begin(0)
    return reporter


def test_reported_losses_are_of_their_own_steps(reporter: Any) -> None:
    each = [4.0, 2.0, 3.0]
    for step in range(3):
        # Keras hands over the mean since the epoch began.
        reporter.on_train_batch_end(step, {"loss": np.mean(each[: step + 1])})
    assert [record.loss for record in reporter.run.metrics().steps] == pytest.approx(each)


def test_throughput_and_time_left_come_with_the_second_step(
    reporter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.training.callbacks import reporter as module

    clock = iter([10.0, 12.0, 14.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    reporter.on_train_batch_end(0, {"loss": 1.0})
    assert reporter.status().images_per_second is None
    reporter.on_train_batch_end(1, {"loss": 1.0})
    status = reporter.status()
    assert (status.epoch, status.step, status.steps) == (1, 2, 3)
    assert status.images_per_second == 1.0  # two crops in two seconds
    assert status.seconds_left == 2 + 6  # a step, and an epoch of three
