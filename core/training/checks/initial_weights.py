"""Whether weights to begin with fit the network, before anything is started."""

from __future__ import annotations

from core.errors import ConfigError, ModelError
from core.models.card import ModelCard
from core.models.spec import ModelSpec
from core.models.store import find_model, read_card
from core.models.weights.pretrained import NONE, check_encoder_weights
from core.models.weights.transfer import check_transfer
from core.training.config import TrainConfig

__all__ = ["check_initial_weights"]


def check_initial_weights(config: TrainConfig, spec: ModelSpec) -> None:
    """Refuse weights to begin with that do not fit, before anything is started.

    Args:
        config: configuration with `start_from`, `encoder_weights` and `pretrain_epochs`.
        spec: spec of the network, with its bands and classes.

    Raises:
        ConfigError: its `key` is that of the setting.
    """
    check_encoder_weights(spec, config.encoder_weights, config.start_from)
    if config.pretrain_epochs and (config.start_from or config.encoder_weights != NONE):
        other = "start_from to nothing" if config.start_from else "encoder_weights to none"
        raise ConfigError(
            "inpainting is for a network that begins with random weights",
            key="pretrain_epochs",
            remedy=f"set pretrain_epochs to 0, which leaves inpainting out, or {other}",
        )
    if not config.start_from:
        return
    try:
        check_transfer(spec, _source(config).spec)
    except ModelError as error:
        raise ConfigError(error.what, key="start_from", remedy=error.remedy) from error


def _source(config: TrainConfig) -> ModelCard:
    return read_card(find_model(config.start_from).folder)
