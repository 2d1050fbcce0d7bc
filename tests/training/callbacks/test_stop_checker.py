"""When a training is ended before its end, and when it fails."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.errors import RunError
from core.training.runs.run import Run


def _checker(folder: Path, epoch: int = 0, limit_minutes: float = 0) -> Any:
    """For a training of two epochs of three steps."""
    from core.training.callbacks.epoch_state import EpochState
    from core.training.callbacks.stop_checker import StopChecker

    state = EpochState(steps=3, epochs=2)
    state.on_epoch_begin(epoch)
    checker = StopChecker(Run(folder), state, limit_minutes)
    checker.set_model(SimpleNamespace(stop_training=False))
    return checker


@pytest.mark.parametrize(
    ("epoch", "step", "stopped", "partial"),
    [(0, 0, True, 1), (0, 2, True, 0), (1, 1, True, 2), (1, 2, False, 0)],
)
def test_a_request_with_the_last_step_changes_nothing(
    tmp_path: Path, epoch: int, step: int, stopped: bool, partial: int
) -> None:
    checker = _checker(tmp_path, epoch)
    checker.run.request_stop()
    checker.on_train_batch_end(step, {"loss": 1.0})
    assert bool(checker.state.stop_reason) is checker.model.stop_training is stopped
    assert checker.state.partial == partial


@pytest.mark.parametrize(("epoch", "stopped"), [(0, True), (1, False)])
def test_a_request_during_validation_ends_it_there(
    tmp_path: Path, epoch: int, stopped: bool
) -> None:
    checker = _checker(tmp_path, epoch)
    checker.on_train_batch_end(2, {"loss": 1.0})
    checker.run.request_stop()
    checker.on_epoch_end(epoch)
    assert bool(checker.state.stop_reason) is checker.model.stop_training is stopped
    assert checker.state.partial == 0


def test_the_time_limit_is_named(tmp_path: Path) -> None:
    checker = _checker(tmp_path, limit_minutes=1e-9)
    checker.on_train_batch_end(0, {"loss": 1.0})
    assert "limit" in checker.state.stop_reason


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_names_its_step(tmp_path: Path, loss: float) -> None:
    with pytest.raises(RunError, match="epoch 2, step 1, choose a lower learning rate"):
        _checker(tmp_path, epoch=1).on_train_batch_end(0, {"loss": loss})
