"""Everything a training sets up before its first step, in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.device import resolve_precision
from core.models.network import build_model
from core.models.spec import ModelSpec
from core.training.checks.checks import network_of
from core.training.config import TrainConfig
from core.training.session.training_data import DataProfile
from core.training.step.compile import compile_model
from core.training.step.replicas import mirrored, synchronise
from core.training.step.train_step_model import TrainStepModel

if TYPE_CHECKING:
    import keras

__all__ = ["Assembly", "WeightLoader", "assemble", "keep_random_weights"]

WeightLoader = Callable[[Any, ModelSpec], None]
"""Puts weights into a network that was built from a specification."""


@dataclass(frozen=True)
class Assembly:
    """What is trained.

    Attributes:
        spec: specification of the network.
        network: the network, which predicts and is saved.
        compiled: a model of the same layers with loss, optimizer and training step.
        replicas: number of devices that share each batch.
    """

    spec: ModelSpec
    network: keras.Model
    compiled: TrainStepModel
    replicas: int


def assemble(config: TrainConfig, data: DataProfile, load_weights: WeightLoader) -> Assembly:
    """Devices, seed, precision, network, initial weights, loss and optimizer of a training.

    It sets Keras' global seed and precision. TensorFlow must not have computed anything before
    where the processor is divided into replicas.

    Args:
        config: configuration of the training.
        data: what the network and the loss are made for.
        load_weights: called with the network as soon as it is built; `keep_random_weights` leaves
            it as it is.

    Raises:
        ConfigError: the network does not fit the data, or see `mirrored`.
        DSIError: whatever `load_weights` raises.
    """
    import keras

    strategy = mirrored(config.replicas, config.batch)
    keras.utils.set_random_seed(config.seed)
    keras.config.set_dtype_policy(resolve_precision(config.precision))
    spec = network_of(config, data.bands, len(data.counts))
    with strategy.scope():
        network = build_model(spec)
        load_weights(network, spec)
        if strategy.num_replicas_in_sync > 1:
            synchronise(network)
        compiled = compile_model(network, spec, config, data.counts, data.factors)
    return Assembly(spec, network, compiled, strategy.num_replicas_in_sync)


def keep_random_weights(network: keras.Model, spec: ModelSpec) -> None:
    """Leave a network with the random weights it was built with."""
