"""Whether class weights fit a dataset's classes."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import ConfigError
from core.training.config import TrainConfig

__all__ = ["check_class_weights"]


def check_class_weights(config: TrainConfig, names: Sequence[str]) -> None:
    """Refuse class weights of classes that there are not, or that are 0 for all.

    Args:
        config: configuration with the recipe's `class_weights`.
        names: class names of the dataset.

    Raises:
        ConfigError: they do not fit.
    """
    weights = config.recipe.class_weights
    if unknown := sorted(set(weights) - set(names)):
        raise ConfigError(
            f"the dataset has no class {unknown[0]!r}",
            key="recipe.class_weights",
            remedy=f"name some of {', '.join(names)}",
        )
    if not any(weights.get(name, 1.0) for name in names):
        raise ConfigError(
            "every class is of weight 0",
            key="recipe.class_weights",
            remedy="give one of them a weight above 0",
        )
