"""Everything a training needs to be told, as data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.datasets.recipes.recipe import Recipe
from core.device import Precision
from core.errors import ConfigError
from core.models.architectures.unet import UNetSpec
from core.models.families import FAMILIES, AnySpec, default_spec
from core.settings import load_settings, remedy_for

__all__ = ["Loss", "Optimizer", "Schedule", "TrainConfig", "load_config", "with_settings"]


Optimizer = Literal["adamw", "adam", "sgd"]
Schedule = Literal["cosine", "constant", "plateau", "one-cycle"]


class Loss(BaseModel):
    """A sum of losses, each with its weight.

    Attributes:
        cross_entropy, focal, dice, tversky: weights; 0 leaves one out.
        focal_gamma: how much the focal loss plays down what is easy (Lin et al. 2017).
        tversky_alpha, tversky_beta: what a false positive and a false negative count in the Tversky
            loss (Salehi et al. 2017); 0.5 and 0.5 are Dice.
        balance: exponent p of the class weights (1 / share)^p of cross-entropy and focal loss:
            0 none, 0.5 gentle, 1 full. They are multiplied by the recipe's `class_weights`, which
            go for every loss.
        label_smoothing: share of the target spread over the other classes, in cross-entropy.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    cross_entropy: float = Field(1.0, ge=0)
    focal: float = Field(0.0, ge=0)
    dice: float = Field(1.0, ge=0)
    tversky: float = Field(0.0, ge=0)
    focal_gamma: float = Field(2.0, ge=0, le=10)
    tversky_alpha: float = Field(0.3, ge=0, le=1)
    tversky_beta: float = Field(0.7, ge=0, le=1)
    balance: float = Field(0.0, ge=0, le=1)
    label_smoothing: float = Field(0.0, ge=0, lt=1)

    @model_validator(mode="after")
    def _some(self) -> Loss:
        if not (self.cross_entropy or self.focal or self.dice or self.tversky):
            raise ValueError(
                "expected a weight above 0 for cross_entropy, focal, dice or tversky, received 0 "
                "for all"
            )
        return self


class TrainConfig(BaseModel):
    """A training run's configuration; bands and classes of `model` are taken from the dataset.

    Attributes:
        dataset: name in the workspace, or a folder.
        start_from: name or folder of a model whose weights the training begins with, as far as
            they fit; empty for none.
        encoder_weights: what the encoder begins with: ``none`` (random), ``imagenet``, or a local
            file of the same form.
        epochs: each is `steps` batches, then a validation on whole images.
        steps: batches an epoch; 0 = as many crops as cover the training pixels once.
        optimizer: AdamW (Loshchilov and Hutter 2019), Adam, or SGD with Nesterov momentum.
        learning_rate: the peak.
        schedule: after a linear warm-up over `warmup` of all steps: half a ``cosine`` down to 1 %
            of the peak, ``constant``, or ``plateau``: times `plateau_factor` whenever the
            validation mean IoU has not risen for `plateau_patience` epochs. ``one-cycle`` rises
            over the first 30 % of the steps whatever `warmup` says and falls to a 10,000th
            (Smith and Topin 2018).
        momentum: of SGD.
        clip_norm: largest norm of all gradients together; larger ones are scaled down; 0 = off.
        early_stopping: epochs without a better validation mean IoU after which it ends; 0 = never.
        freeze_encoder: epochs at the beginning in which the encoder's weights stay as they are.
        ema: momentum of the running average of the weights that is validated and kept; 0 = off.
        replicas: devices that share each batch; 0 = all GPUs, or the one processor.
        timelapse: validation samples that are predicted after every epoch and kept as pictures.
        tensorboard: whether TensorBoard files are written too.
        limit_minutes: stop after this time as if stopped by hand; 0 = no limit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    version: Literal[1] = 1
    dataset: str = ""
    start_from: str = ""
    encoder_weights: str = "none"
    recipe: Recipe = Recipe()
    model: AnySpec = UNetSpec()
    loss: Loss = Loss()
    batch: int = Field(8, ge=1, le=256)
    epochs: int = Field(30, ge=1, le=10000)
    steps: int = Field(0, ge=0)
    optimizer: Optimizer = "adamw"
    learning_rate: float = Field(1e-3, gt=0, le=1)
    schedule: Schedule = "cosine"
    warmup: float = Field(0.05, ge=0, le=0.5)
    plateau_patience: int = Field(5, ge=1)
    plateau_factor: float = Field(0.5, gt=0, lt=1)
    weight_decay: float = Field(1e-4, ge=0, le=1)
    momentum: float = Field(0.9, ge=0, lt=1)
    clip_norm: float = Field(5.0, ge=0)
    early_stopping: int = Field(0, ge=0)
    freeze_encoder: int = Field(0, ge=0)
    ema: float = Field(0.0, ge=0, lt=1)
    precision: Precision = "auto"
    replicas: int = Field(0, ge=0, le=64)
    timelapse: int = Field(3, ge=0, le=12)
    tensorboard: bool = True
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
    parted = [_parted(setting) for setting in settings]
    # Another architecture has other settings: it comes first, with its defaults.
    parted.sort(key=lambda pair: pair[0] != "model.architecture")
    for key, text in parted:
        if key == "model.architecture" and text != content["model"]["architecture"]:
            if text not in FAMILIES:
                raise ConfigError(
                    f"there is no architecture {text!r}",
                    remedy=f"model.architecture is one of {', '.join(FAMILIES)}",
                )
            content["model"] = default_spec(text).model_dump(mode="json")
            continue
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


def _parted(setting: str) -> tuple[str, str]:
    key, equals, text = setting.partition("=")
    if not equals:
        raise ConfigError(f"expected KEY=VALUE, received {setting!r}", remedy="e.g. epochs=20")
    return key, text
