"""What the callbacks of a training share: what one produces and others read."""

from __future__ import annotations

import time
from typing import Any

import keras

from core.training.runs.sample_scores import ByClass

__all__ = ["EpochState"]


class EpochState(keras.callbacks.Callback):
    """How far a training is; itself the first of its callbacks, which sees the epochs begin.

    Args:
        steps: steps of a whole epoch.
        epochs: epochs of the whole training.
        offset: steps of the first epoch that an earlier process has done; Keras counts those of
            this process, from 0.
        seconds_before: wall time of those steps.

    Attributes:
        phase: what stands before an epoch in messages; empty for the training itself.
        spent: seconds of the time limit that were gone before.
        epoch: the current epoch, from 0.
        partial: steps done of an epoch that was cut short; 0 otherwise.
        stop_reason: why the training ends before its end, "as you asked"; empty where it does not.
        stopped_early: whether the training ends because the validation stopped improving.
        checkpoint: name of the file with the newest weights and optimizer.
        scores: mean IoU on the validation samples after each whole epoch, of earlier processes too.
        summary: the scores of the newest validation (`Evaluation.summary`).
        validation_steps: how many steps a validation is expected to take as long as.
        sample_scores: IoU by validation sample and class, of the newest validation.
    """

    def __init__(
        self, steps: int, epochs: int, offset: int = 0, seconds_before: float = 0.0
    ) -> None:
        super().__init__()
        self.steps, self.epochs, self.offset = steps, epochs, offset
        self.seconds_before = seconds_before
        self.start = time.monotonic()
        self.phase = ""
        self.spent = 0.0
        self.epoch = 0
        self.partial = 0
        self.stop_reason = ""
        self.stopped_early = False
        self.checkpoint = ""
        self.scores: list[float] = []
        self.summary: dict[str, Any] = {}
        self.validation_steps = 0.0
        self.sample_scores: dict[str, ByClass] = {}

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch
        self.start = time.monotonic()

    @property
    def seconds(self) -> float:
        """Wall time of the current epoch so far, of earlier processes too."""
        return self.seconds_before + time.monotonic() - self.start

    @property
    def steps_done(self) -> int:
        """Steps of the training that were tried when the current epoch ends, or was cut short."""
        return self.epoch * self.steps + (self.partial or self.steps)

    @property
    def total(self) -> int:
        """Steps of the whole training."""
        return self.steps * self.epochs

    def steps_in_epoch(self, step: int) -> int:
        """Steps of the current epoch that are done after Keras' step, counted from 0."""
        return self.offset + step + 1

    def steps_in_training(self, step: int) -> int:
        """Steps of the training that are done after that step of the current epoch."""
        return self.epoch * self.steps + self.steps_in_epoch(step)
