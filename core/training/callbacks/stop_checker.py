"""The reasons to end a training before its end, looked for after every step."""

from __future__ import annotations

import math
import time
from typing import Any

import keras

from core.errors import RunError
from core.formats import significant
from core.training.callbacks.epoch_state import EpochState
from core.training.runs.run import Run

__all__ = ["StopChecker"]


class StopChecker(keras.callbacks.Callback):
    """Ends a training that was asked to stop or whose time is over; fails if the loss is no number.

    A request that comes with the last step changes nothing any more.

    Args:
        run: the run where a request to stop is looked for.
        state: state of the training; its `stop_reason` and `partial` are set.
        limit_minutes: minutes, counted from now and with what the state says is spent of them,
            after which it is stopped; 0 for no limit.
    """

    def __init__(self, run: Run, state: EpochState, limit_minutes: float) -> None:
        super().__init__()
        self.run, self.state, self.limit_minutes = run, state, limit_minutes
        self.start = time.monotonic()

    def on_train_batch_end(self, step: int, logs: Any = None) -> None:
        done = self.state.steps_in_epoch(step)
        if not math.isfinite(float(logs["loss"])):
            # Before the epoch ends: neither the state nor the best weights become NaN.
            raise RunError(
                "the loss became infinite or not a number",
                where=f"{self.state.phase}epoch {self.state.epoch + 1}, step {done}",
                remedy="choose a lower learning rate, or float32 precision",
            )
        self._check(done)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        # What was asked for while the images were validated.
        self._check(self.state.steps)

    @property
    def _seconds(self) -> float:
        return self.state.spent + time.monotonic() - self.start

    def _check(self, done: int) -> None:
        state = self.state
        whole = done == state.steps
        if state.stop_reason or (whole and state.epoch + 1 == state.epochs):
            return
        if self.run.stop_file.exists():
            state.stop_reason = "as you asked"
        elif self.limit_minutes and self._seconds > self.limit_minutes * 60:
            state.stop_reason = f"at its limit of {significant(self.limit_minutes, 6)} minutes"
        if state.stop_reason:
            state.partial = 0 if whole else done
            self.model.stop_training = True
