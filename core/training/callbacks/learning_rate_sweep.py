"""The range test of learning rates, one a step."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras

__all__ = ["LearningRateSweep"]


class LearningRateSweep(keras.callbacks.Callback):
    """Raises the learning rate step by step, and ends where the loss blows up.

    Args:
        rates: learning rate of each step.
        progress: called with the steps done and the steps there are.
        momentum: of the exponential average of the losses.
        blow_up: multiple of the least smoothed loss above which the training ends.

    Attributes:
        losses: smoothed loss after each step, corrected for the average's start; all finite.
    """

    def __init__(
        self,
        rates: Sequence[float],
        progress: Callable[[int, int], None],
        momentum: float,
        blow_up: float,
    ) -> None:
        super().__init__()
        self.rates, self.progress = rates, progress
        self.momentum, self.blow_up = momentum, blow_up
        self.losses: list[float] = []
        self.average = 0.0

    def on_train_batch_begin(self, step: int, logs: Any = None) -> None:
        self.model.optimizer.learning_rate = self.rates[step]
        self.model.reset_metrics()  # Keras' logs are means since the epoch began

    def on_train_batch_end(self, step: int, logs: Any = None) -> None:
        self.progress(step + 1, len(self.rates))
        loss = float(logs["loss"])
        self.average = self.momentum * self.average + (1 - self.momentum) * loss
        smoothed = self.average / (1 - self.momentum ** (step + 1))
        if not math.isfinite(smoothed):
            self.model.stop_training = True
            return
        self.losses.append(smoothed)
        if smoothed > self.blow_up * min(self.losses):
            self.model.stop_training = True
