"""Steps and time of a training, of all the processes that took part."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.classes import DUBAI_CLASSES
from core.training.runs.metrics import seconds_trained
from core.training.runs.run import Run
from core.training.runs.status import Status

pytestmark = pytest.mark.training


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    from core.training.callbacks import epoch_state

    now = SimpleNamespace(seconds=100.0)
    monkeypatch.setattr(epoch_state.time, "monotonic", lambda: now.seconds)
    return now


def _validator(run: Run, state: Any) -> Any:
    from core.training.callbacks.validator import Validator
    from core.training.runs.status_writer import StatusWriter

    status = StatusWriter(run, Status(state="running"))
    validator = Validator(run, status, state, None, [], DUBAI_CLASSES, None)  # type: ignore[arg-type]
    summary = {"mean_iou": 0.5, "pixel_accuracy": 0.5, "per_class": {}}
    evaluation = SimpleNamespace(summary=lambda names: summary, cross_entropy=1.0)
    validator._evaluate = lambda epoch: evaluation
    # float16 training: most of the steps overflowed, and the optimizer did not count them.
    optimizer = SimpleNamespace(iterations=np.array(1), learning_rate=np.array(1e-3))
    validator.set_model(SimpleNamespace(optimizer=optimizer, norms={}))
    return validator


def test_skipped_steps_count_and_the_time_before_a_stop_too(
    tmp_path: Path, clock: SimpleNamespace
) -> None:
    from core.training.callbacks.checkpointer import EpochMarker
    from core.training.callbacks.epoch_state import EpochState
    from core.training.checkpoint import seconds_in_epoch

    run = Run(tmp_path)
    run.checkpoint.mkdir()
    logs = {"loss": 1.0, "mean_iou": 0.1}
    first = EpochState(steps=10, epochs=3)
    validator, marker = _validator(run, first), EpochMarker(run, first)
    first.on_epoch_begin(0)
    validator.on_epoch_begin(0)
    clock.seconds += 30
    first.checkpoint = "a.weights.h5"
    validator.on_epoch_end(0, dict(logs))
    marker.on_epoch_end(0)
    assert seconds_in_epoch(run) == 0
    first.on_epoch_begin(1)
    validator.on_epoch_begin(1)
    clock.seconds += 12
    first.partial = 4  # stopped
    validator.on_epoch_end(1, dict(logs))
    marker.on_epoch_end(1)
    assert [(r.epoch, r.step) for r in run.epochs()] == [(1, 10), (2, 14)]
    assert seconds_trained(run.epochs()) == 42
    assert seconds_in_epoch(run) == 12

    clock.seconds += 1000  # nothing went on
    again = EpochState(steps=10, epochs=3, offset=4, seconds_before=seconds_in_epoch(run))
    validator = _validator(run, again)
    again.on_epoch_begin(1)
    validator.on_epoch_begin(1)
    clock.seconds += 18
    validator.on_epoch_end(1, dict(logs))
    assert [(r.epoch, r.step) for r in run.epochs()] == [(1, 10), (2, 20)]
    assert seconds_trained(run.epochs()) == 30 + 12 + 18
