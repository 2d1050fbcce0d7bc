"""Keras' `fit` on the crops of the training samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from core.datasets.batches.feed import training_feed
from core.device import tensorflow
from core.errors import DSIError
from core.training.config import TrainConfig
from core.training.session.training_data import TrainingData

if TYPE_CHECKING:
    import keras

__all__ = ["Part", "fit"]


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


def fit(
    compiled: keras.Model,
    config: TrainConfig,
    data: TrainingData,
    part: Part,
    callbacks: Sequence[keras.callbacks.Callback],
) -> None:
    """Train some epochs.

    Args:
        compiled: a compiled model.
        config: configuration, with recipe and batch size.
        data: what is trained on.
        part: which epochs, of how many steps.
        callbacks: Keras callbacks.

    Raises:
        DSIError: what stopped the feed, such as a file that has vanished; or raised by a callback.
        MemoryError: a batch did not fit into memory.
    """
    failed: list[DSIError | MemoryError] = []
    feed = training_feed(
        *(data.train, config.recipe, data.normalisation, config.batch, part.seed, failed),
        decibel=data.dataset.decibel,
    )
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
