"""The learning rate of every step."""

from __future__ import annotations

from typing import Any

import keras

from core.training.callbacks.epoch_state import EpochState
from core.training.config import TrainConfig
from core.training.schedules import learning_rate, plateau_cuts

__all__ = ["LearningRateSetter"]


class LearningRateSetter(keras.callbacks.Callback):
    """Sets the learning rate before each step, by the schedule; plateaus by the validation scores.

    Args:
        config: the schedule and its settings.
        state: state of the training.
    """

    def __init__(self, config: TrainConfig, state: EpochState) -> None:
        super().__init__()
        self.config, self.state = config, state
        self.factor = 1.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self.config.schedule == "plateau":
            cuts = plateau_cuts(self.state.scores, self.config.plateau_patience)
            self.factor = self.config.plateau_factor**cuts

    def on_train_batch_begin(self, step: int, logs: Any = None) -> None:
        place = self.state.steps_in_training(step) - 1
        rate = learning_rate(self.config, self.state.total, place)
        self.model.optimizer.learning_rate = self.factor * rate
