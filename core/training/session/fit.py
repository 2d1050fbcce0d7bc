"""Keras' `fit` on the crops of the training samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.datasets.batches.feed import training_feed
from core.errors import DSIError
from core.training.config import TrainConfig
from core.training.session.training_data import TrainingData
from core.training.step.fit_feed import Part, fit_feed

if TYPE_CHECKING:
    import keras

__all__ = ["fit"]


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
    fit_feed(compiled, feed, failed, part, callbacks)
