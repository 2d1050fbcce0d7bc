"""Callbacks that change how the next steps train: the learning rate, and what is frozen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from core.device import tensorflow
from core.training.callbacks.step_counter import StepCounter
from core.training.config import TrainConfig
from core.training.schedules import learning_rate, plateau_cuts

__all__ = ["rate_setter", "thaw"]


def rate_setter(
    config: TrainConfig, step_counter: StepCounter, scores: Callable[[], Sequence[float]]
) -> Any:
    """A Keras callback that sets the learning rate of every step.

    Args:
        config: its schedule.
        step_counter: counter of the steps.
        scores: validation scores of the epochs so far, for ``plateau``.
    """
    tensorflow()
    import keras

    class RateSetter(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.epoch, self.factor = epoch, 1.0
            if config.schedule == "plateau":
                cuts = plateau_cuts(scores(), config.plateau_patience)
                self.factor = config.plateau_factor**cuts

        def on_train_batch_begin(self, step: int, logs: Any = None) -> None:
            at = step_counter.overall(self.epoch, step) - 1
            self.model.optimizer.learning_rate = self.factor * learning_rate(
                config, step_counter.total, at
            )

    return RateSetter()


def thaw(layers: Sequence[Any], epochs: int) -> Any:
    """A Keras callback that keeps layers as they are in the first epochs and trains them then.

    Args:
        layers: those of the encoder.
        epochs: how many they are frozen for.
    """
    tensorflow()
    import keras

    class Thaw(keras.callbacks.Callback):
        traced = False  # whether the step was traced with the layers frozen

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            frozen = epoch < epochs
            self._freeze(frozen)
            if self.traced != frozen:
                # The traced step holds the weights that were trained before.
                self.model.make_train_function(force=True)
                self.traced = frozen

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            # At the end of `fit` Keras pairs the averages, which are of all weights, with those
            # that are trainable then.
            self._freeze(False)

        def _freeze(self, frozen: bool) -> None:
            for layer in layers:
                layer.trainable = not frozen

    return Thaw()
