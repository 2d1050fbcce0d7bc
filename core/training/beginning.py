"""What a network's weights are before its first step."""

from __future__ import annotations

from typing import Any

from core.errors import ConfigError, ModelError
from core.models.spec import ModelSpec
from core.models.store import find_model, load_model
from core.training.config import TrainConfig
from core.training.data import TrainingData
from core.training.progress import StatusWriter

__all__ = ["begin"]


def begin(
    model: Any, spec: ModelSpec, config: TrainConfig, data: TrainingData, status: StatusWriter
) -> None:
    """Give the network the weights the configuration asks for.

    Raises:
        ModelError: there is no such model, or nothing of it fits.
        ConfigError: it was trained on what is held out now, and scores would come out too good.
    """
    if config.encoder_weights != "none":
        raise ConfigError(
            f"encoder weights {config.encoder_weights!r} cannot be loaded by this version",
            where="encoder_weights",
            remedy="set encoder_weights to none, which begins with random ones",
        )
    if not config.start_from:
        return
    first, card = load_model(find_model(config.start_from).folder)
    if card.spec != spec:
        raise ModelError(
            "the model to start from is another network",
            where=config.start_from,
            remedy="choose the same architecture settings, bands and classes as its card has",
        )
    held_out = {*data.split.val, *data.split.test}
    if card.training.dataset == data.dataset.name and (seen := held_out & {*card.training.train}):
        raise ConfigError(
            f"{len(seen)} samples that are held out now were trained on by the model to start from",
            where=min(seen),
            remedy="use the split and the seed that model was trained with",
        )
    model.set_weights(first.get_weights())
