"""The Keras optimizer of a configuration, whose steps may be smaller for some of the weights."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
from keras import ops

from core.training.config import TrainConfig

__all__ = ["optimizer"]


class _SlowerWeights:
    """For an optimizer: a smaller learning rate for some weights, for their decay too.

    The rate is multiplied, not the gradient: Adam divides by the gradients' size, so that smaller
    gradients would give the same steps. As Keras does, each step decays the weights first. What it
    keeps of each weight (moments, averages) is the same with and without, and so are checkpoints.
    """

    slower: frozenset[Any] = frozenset()
    factor = 1.0

    def slow_down(self: Any, variables: Iterable[keras.Variable], factor: float) -> None:
        """Multiply the learning rate of these weights by a factor from now on."""
        self.slower = frozenset(self._var_key(variable) for variable in variables)
        self.factor = factor

    def update_step(self: Any, gradient: Any, variable: Any, learning_rate: Any) -> None:
        rate = ops.cast(learning_rate, variable.dtype)
        if self._var_key(variable) in self.slower:
            rate = rate * self.factor
        if self.weight_decay is not None and self._use_weight_decay(variable):
            self.assign_sub(variable, variable * (rate * self.weight_decay))
        super().update_step(gradient, variable, rate)  # type: ignore[misc]

    def _apply_weight_decay(self, variables: Any) -> None:
        """Left to `update_step`, for Keras' own knows of one rate alone."""


class _SlowerAdam(_SlowerWeights, keras.optimizers.Adam):
    pass


class _SlowerAdamW(_SlowerWeights, keras.optimizers.AdamW):
    pass


class _SlowerSGD(_SlowerWeights, keras.optimizers.SGD):
    pass


def optimizer(
    config: TrainConfig, encoder: Iterable[keras.Variable] = ()
) -> keras.optimizers.Optimizer:
    """The Keras optimizer of a configuration; its learning rate is set before every step.

    Args:
        config: optimizer, rates, decay and averaging.
        encoder: weights whose rate is multiplied by ``config.encoder_rate``.
    """
    settings: dict[str, Any] = {"learning_rate": config.learning_rate, "name": config.optimizer}
    if config.ema:
        settings |= {"use_ema": True, "ema_momentum": config.ema}
    chosen: Any
    if config.optimizer == "adam":
        chosen = _SlowerAdam(**settings)
    elif config.optimizer == "sgd":
        settings |= {"momentum": config.momentum, "nesterov": config.momentum > 0}
        chosen = _SlowerSGD(weight_decay=config.weight_decay or None, **settings)
    else:
        chosen = _SlowerAdamW(weight_decay=config.weight_decay, **settings)
    if config.optimizer != "adam":
        # Decay pulls at kernels; offsets and normalisation scales are left alone, as usual.
        chosen.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    chosen.slow_down(encoder, config.encoder_rate)
    return chosen
