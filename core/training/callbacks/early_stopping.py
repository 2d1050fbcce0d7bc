"""The end of a training whose validation does not improve any more."""

from __future__ import annotations

from typing import Any

import keras

from core.training.callbacks.epoch_state import EpochState
from core.training.schedules import stale_epochs

__all__ = ["EarlyStopping"]


class EarlyStopping(keras.callbacks.Callback):
    """Ends the training after a number of epochs without a better score on the validation samples.

    Unlike Keras' own it goes by the scores of earlier processes too.

    Args:
        state: state of the training; its scores are read and `stopped_early` is set.
        patience: number of epochs; 0 to train to the end.
    """

    def __init__(self, state: EpochState, patience: int) -> None:
        super().__init__()
        self.state, self.patience = state, patience

    @property
    def due(self) -> bool:
        """Whether the scores so far end the training."""
        return bool(self.patience) and stale_epochs(self.state.scores) >= self.patience

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if not self.state.stop_reason and self.due:
            self.state.stopped_early = True
            self.model.stop_training = True
