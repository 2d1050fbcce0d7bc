"""Everything a training needs to be told, as data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.datasets.recipe import Recipe
from core.device import Precision
from core.errors import ConfigError
from core.models.spec import ModelSpec, UNetSpec
from core.settings import load_settings, remedy_for

__all__ = ["Loss", "TrainConfig", "load_config", "with_settings"]


class Loss(BaseModel):
    """Cross-entropy plus Dice, by weights.

    Attributes:
        cross_entropy, dice: weights of the two.
        balance: exponent p of the class weights (1 / share)^p of the cross-entropy: 0 none, 0.5
            gentle, 1 full.
        label_smoothing: share of the target spread over the other classes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    cross_entropy: float = Field(1.0, ge=0)
    dice: float = Field(1.0, ge=0)
    balance: float = Field(0.0, ge=0, le=1)
    label_smoothing: float = Field(0.0, ge=0, lt=1)


class TrainConfig(BaseModel):
    """A training run's configuration; bands and classes of `model` are taken from the dataset.

    Attributes:
        dataset: name in the workspace, or a folder.
        start_from: name or folder of a model with the same network, whose weights the training
            begins with (fine-tuning); empty for random ones.
        epochs: each is `steps` batches, then a validation on whole images.
        steps: batches an epoch; 0 = as many crops as cover the training pixels once.
        learning_rate: AdamW's peak; a linear warm-up over `warmup` of all steps, then half a
            cosine down to 1 % of it.
        ema: momentum of the running average of the weights that is validated and kept; 0 = off.
        limit_minutes: stop after this time as if stopped by hand; 0 = no limit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    version: Literal[1] = 1
    dataset: str = ""
    start_from: str = ""
    recipe: Recipe = Recipe()
    model: ModelSpec = UNetSpec()
    loss: Loss = Loss()
    batch: int = Field(8, ge=1, le=256)
    epochs: int = Field(30, ge=1, le=10000)
    steps: int = Field(0, ge=0)
    learning_rate: float = Field(1e-3, gt=0, le=1)
    weight_decay: float = Field(1e-4, ge=0, le=1)
    warmup: float = Field(0.05, ge=0, le=0.5)
    ema: float = Field(0.0, ge=0, lt=1)
    precision: Precision = "auto"
    seed: int = Field(0, ge=0, lt=2**31)
    limit_minutes: float = Field(0.0, ge=0)


def load_config(path: Path) -> TrainConfig:
    """Read a configuration file.

    Raises:
        ConfigError: it is missing, no JSON, or has unknown or wrong settings.
    """
    return load_settings(path, TrainConfig, "the configuration")


def with_settings(config: TrainConfig, settings: Sequence[str]) -> TrainConfig:
    """Change settings by ``key=value``; keys are dotted, values JSON or plain text.

    Raises:
        ConfigError: no ``=``, an unknown key, or a wrong value.
    """
    content = config.model_dump(mode="json")
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise ConfigError(f"expected KEY=VALUE, received {setting!r}", remedy="e.g. epochs=20")
        place: Any = content
        *path, last = key.split(".")
        for part in path:
            place = place.get(part) if isinstance(place, dict) else None
        if not isinstance(place, dict) or last not in place:
            known = ", ".join(place) if isinstance(place, dict) else ", ".join(content)
            raise ConfigError(f"there is no setting {key!r}", remedy=f"settings here: {known}")
        try:
            place[last] = json.loads(text)
        except ValueError:
            place[last] = text
    try:
        return TrainConfig.model_validate(content)
    except ValidationError as error:
        raise ConfigError("the settings do not fit", remedy=remedy_for(error)) from error
