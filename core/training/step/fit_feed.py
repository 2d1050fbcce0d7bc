"""Keras' `fit` on endless batches, some epochs of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from core.device import tensorflow
from core.errors import DSIError

if TYPE_CHECKING:
    import keras

__all__ = ["Part", "fit_feed"]


class Part(NamedTuple):
    """Epochs that are trained in one go.

    Attributes:
        seed: seed of the crops.
        steps: number of steps of each epoch.
        epochs: numbers of the epochs, from 0.
    """

    seed: int
    steps: int
    epochs: range = range(1)


def fit_feed(
    compiled: keras.Model,
    feed: Any,
    failed: list[DSIError | MemoryError],
    part: Part,
    callbacks: Sequence[keras.callbacks.Callback],
) -> None:
    """Train some epochs.

    Args:
        compiled: a compiled model.
        feed: endless batches, a `tf.data.Dataset`.
        failed: what ended the feed, where something has (see `training_feed`).
        part: which epochs, of how many steps.
        callbacks: Keras callbacks.

    Raises:
        DSIError: what stopped the feed, such as a file that has vanished; or raised by a callback.
        MemoryError: a batch did not fit into memory.
    """
    try:
        compiled.fit(
            feed,
            epochs=part.epochs.stop,
            initial_epoch=part.epochs.start,
            steps_per_epoch=part.steps,
            callbacks=list(callbacks),
            shuffle=False,  # the crops are random; Keras warns where this is left out
            verbose=0,
        )
    except tensorflow().errors.OpError as error:
        if failed:  # what stopped the feed, not what TensorFlow makes of it
            raise failed[0] from error
        raise
