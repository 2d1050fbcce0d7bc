"""An encoder that stays as it is in the first epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

__all__ = ["FreezeEncoder"]


class FreezeEncoder(keras.callbacks.Callback):
    """Keeps layers as they are in the first epochs and trains them afterwards.

    One object serves all calls of `fit` of a model: it knows whether the step was traced with
    the layers frozen.

    Args:
        layers: layers of the encoder.
        epochs: number of epochs, from the first on, that they are frozen for.
    """

    def __init__(self, layers: Sequence[keras.layers.Layer], epochs: int) -> None:
        super().__init__()
        self.layers, self.epochs = layers, epochs
        self.traced_frozen = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        frozen = epoch < self.epochs
        self._freeze(frozen)
        if self.traced_frozen != frozen:
            # The traced step holds the weights that were trained before.
            self.model.make_train_function(force=True)
            self.traced_frozen = frozen

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        # At the end of `fit` Keras pairs the averages, which are of all weights, with those
        # that are trainable then.
        self._freeze(False)

    def _freeze(self, frozen: bool) -> None:
        for layer in self.layers:
            layer.trainable = not frozen
