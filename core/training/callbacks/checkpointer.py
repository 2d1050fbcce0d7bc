"""Two callbacks that keep weights and optimizer, for `core.training.checkpoint.restore`.

Like `keras.callbacks.BackupAndRestore`, but an epoch that was cut short is not taken for a whole
one: its steps are counted, and a resume does the others. The state before an epoch stays what is
resumed from until that epoch has been validated: one whose validation was killed is trained again.
"""

from __future__ import annotations

import time
from typing import Any

import keras

from core.training.callbacks.epoch_state import EpochState
from core.training.checkpoint import mark_checkpoint, write_checkpoint
from core.training.runs.run import Run

__all__ = ["Checkpointer", "EpochMarker"]

_INTERVAL = 300.0  # seconds between checkpoints within a long epoch


class Checkpointer(keras.callbacks.Callback):
    """Writes the state at the end of each epoch, before anything is done to the trained weights.

    Within a long epoch it writes and marks one from time to time.

    Args:
        run: the run whose checkpoint folder is written to.
        state: state of the training; its `checkpoint` is set.
        interval: seconds between checkpoints within an epoch.
    """

    def __init__(self, run: Run, state: EpochState, interval: float = _INTERVAL) -> None:
        super().__init__()
        self.run, self.state, self.interval = run, state, interval

    def on_train_begin(self, logs: Any = None) -> None:
        self.last = time.monotonic()

    def on_train_batch_end(self, step: int, logs: Any = None) -> None:
        done = self.state.steps_in_epoch(step)
        if time.monotonic() - self.last > self.interval and done < self.state.steps:
            self._write()
            state = self.state
            mark_checkpoint(self.run, state.checkpoint, state.epoch, done, state.seconds)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._write()

    def _write(self) -> None:
        self.state.checkpoint = write_checkpoint(self.run, self.model, self.state.epoch)
        self.last = time.monotonic()


class EpochMarker(keras.callbacks.Callback):
    """Marks an epoch as done, after all that belongs to it: a resume goes on from there.

    Args:
        run: the run whose checkpoint folder is written to.
        state: state of the training; its `checkpoint` is what is resumed from.
    """

    def __init__(self, run: Run, state: EpochState) -> None:
        super().__init__()
        self.run, self.state = run, state

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        state, steps = self.state, self.state.partial
        seconds = state.seconds if steps else 0.0
        mark_checkpoint(self.run, state.checkpoint, epoch if steps else epoch + 1, steps, seconds)
