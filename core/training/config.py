"""Everything a training needs to be told, as data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.datasets.recipes.recipe import Recipe
from core.device import Precision
from core.errors import ConfigError
from core.models.architectures.unet import UNetSpec
from core.models.families import FAMILIES, AnySpec, default_spec
from core.settings import Label, load_settings, misfit, set_setting

__all__ = ["Loss", "Optimizer", "Schedule", "TrainConfig", "load_config", "with_settings"]


Optimizer = Literal["adamw", "adam", "sgd"]
Schedule = Literal["cosine", "constant", "plateau", "one-cycle"]


_WEIGHT = "Its weight in the sum; 0 = off."


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
        label_smoothing: share of the target that is spread evenly over all classes, its own with
            them, in cross-entropy (Szegedy et al. 2016, arXiv:1512.00567); void has no target.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    cross_entropy: Annotated[
        float,
        Label(
            "Cross-entropy",
            f"Per pixel; the steady one. {_WEIGHT}",
            step=0.5,
            format="%g",
            usual=(0, 100),
        ),
    ] = Field(1.0, ge=0)
    focal: Annotated[
        float,
        Label(
            "Focal",
            f"Cross-entropy that plays down pixels that are right already. {_WEIGHT}",
            step=0.5,
            format="%g",
            usual=(0, 100),
        ),
    ] = Field(0.0, ge=0)
    dice: Annotated[
        float,
        Label(
            "Dice",
            f"Overlap per class: small classes count as much as large ones. {_WEIGHT}",
            step=0.5,
            format="%g",
            usual=(0, 100),
        ),
    ] = Field(1.0, ge=0)
    tversky: Annotated[
        float,
        Label(
            "Tversky",
            f"Dice with a choice between false positives and misses. {_WEIGHT}",
            step=0.5,
            format="%g",
            usual=(0, 100),
        ),
    ] = Field(0.0, ge=0)
    focal_gamma: Annotated[
        float,
        Label("Focal γ", "How much it plays down what is easy; 0 is cross-entropy.", step=0.5),
    ] = Field(2.0, ge=0, le=10)
    tversky_alpha: Annotated[
        float, Label("Tversky α", "What a false positive counts.", step=0.1)
    ] = Field(0.3, ge=0, le=1)
    tversky_beta: Annotated[float, Label("Tversky β", "What a missed pixel counts.", step=0.1)] = (
        Field(0.7, ge=0, le=1)
    )
    balance: Annotated[
        float,
        Label(
            "Class balance",
            "0: every pixel counts the same; 1: rare classes weigh as much as others. "
            "Cross-entropy and focal.",
            step=0.25,
        ),
    ] = Field(0.0, ge=0, le=1)
    label_smoothing: Annotated[
        float,
        Label(
            "Label smoothing",
            "Of the target, spread evenly over all classes.",
            unit="%",
            step=0.05,
            usual=(0, 0.9),
        ),
    ] = Field(0.0, ge=0, lt=1)

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
        pretrain_epochs: epochs of `steps` batches before the first one in which the network, begun
            at random, learns to fill in what was cut out of crops of the training images and of
            those without masks, whose labels are not looked at (`core.training.inpainting`); 0 =
            off. Not beside `start_from` or `encoder_weights`.
        epochs: each is `steps` batches, then a validation on whole images.
        steps: batches an epoch; 0 = as many crops as cover the training pixels once.
        optimizer: AdamW (Loshchilov and Hutter 2019), Adam, or SGD with Nesterov momentum.
        learning_rate: the peak.
        encoder_rate: what the learning rate is multiplied by for the weights of the encoder, their
            decay too (discriminative rates, Howard and Ruder 2018, arXiv:1801.06146).
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
    start_from: Annotated[str, Label("Start from a model")] = ""
    encoder_weights: Annotated[str, Label("Encoder weights")] = "none"
    pretrain_epochs: Annotated[
        int,
        Label(
            "Epochs of inpainting first",
            "Before it is trained, the network learns to fill in what was cut out of crops: of the "
            "training images, and of those without masks. For networks that begin at random.",
            zero="off",
            usual=(0, 1000),
        ),
    ] = Field(0, ge=0, le=10000)
    recipe: Recipe = Recipe()
    model: AnySpec = UNetSpec()
    loss: Loss = Loss()
    batch: Annotated[
        int, Label("Batch size", "Crops of one step. More is steadier and takes more memory.")
    ] = Field(8, ge=1, le=256)
    epochs: Annotated[int, Label("Epochs", "Each ends with a validation on whole images.")] = Field(
        30, ge=1, le=10000
    )
    steps: Annotated[
        int,
        Label(
            "Steps an epoch",
            "Automatic covers the training images once.",
            zero="automatic",
            step=10,
            usual=(0, 1_000_000),
        ),
    ] = Field(0, ge=0)
    optimizer: Annotated[
        Optimizer,
        Label(
            "Optimiser",
            "AdamW suits most; SGD wants a larger learning rate, such as 0.01 to 0.1.",
            words={"adamw": "AdamW", "adam": "Adam", "sgd": "SGD with Nesterov momentum"},
        ),
    ] = "adamw"
    learning_rate: Annotated[
        float,
        Label(
            "Learning rate", "The peak, after the warm-up.", step=1e-4, format="%g", usual=(1e-8, 1)
        ),
    ] = Field(1e-3, gt=0, le=1)
    encoder_rate: Annotated[
        float,
        Label(
            "Encoder's learning rate",
            "Below 1 a pretrained encoder changes more slowly than the rest; 0.2 is usual.",
            unit="times the learning rate",
            step=0.1,
            format="%g",
            usual=(0.001, 1),
        ),
    ] = Field(1.0, gt=0, le=1)
    schedule: Annotated[
        Schedule,
        Label(
            "Schedule",
            "The learning rate over the steps.",
            words={
                "cosine": "cosine, after a warm-up",
                "constant": "constant, after a warm-up",
                "plateau": "reduced on a plateau",
                "one-cycle": "one cycle",
            },
        ),
    ] = "cosine"
    warmup: Annotated[
        float,
        Label(
            "Warm-up",
            "Of all steps, over which the rate rises to its peak.",
            unit="%",
            step=0.05,
        ),
    ] = Field(0.05, ge=0, le=0.5)
    plateau_patience: Annotated[
        int,
        Label(
            "Patience",
            "Epochs without a better validation mean IoU before the rate is cut.",
            unit="epochs",
            usual=(1, 10_000),
        ),
    ] = Field(5, ge=1)
    plateau_factor: Annotated[
        float,
        Label(
            "Cut to",
            "What the rate is multiplied by.",
            unit="times",
            step=0.1,
            usual=(0.001, 0.999),
        ),
    ] = Field(0.5, gt=0, lt=1)
    weight_decay: Annotated[
        float,
        Label(
            "Weight decay",
            "Pulls kernels towards 0, per step times the learning rate.",
            step=0.001,
            format="%g",
        ),
    ] = Field(1e-4, ge=0, le=1)
    momentum: Annotated[
        float,
        Label("Momentum", "Share of the last step that goes on.", step=0.05, usual=(0, 0.999)),
    ] = Field(0.9, ge=0, lt=1)
    clip_norm: Annotated[
        float,
        Label(
            "Gradient clipping",
            "Largest norm of all gradients together; larger ones are scaled down.",
            zero="off",
            step=1,
            format="%g",
            usual=(0, 1000),
        ),
    ] = Field(5.0, ge=0)
    early_stopping: Annotated[
        int,
        Label(
            "Early stopping",
            "Ends after so many epochs without a better validation mean IoU.",
            unit="epochs",
            zero="never",
            usual=(0, 10_000),
        ),
    ] = Field(0, ge=0)
    freeze_encoder: Annotated[
        int,
        Label(
            "Epochs with the encoder frozen",
            "At the beginning the encoder's weights stay as they are, and only the decoder learns.",
            usual=(0, 1000),
        ),
    ] = Field(0, ge=0)
    ema: Annotated[
        float,
        Label(
            "Averaging of weights",
            "Momentum of the running average (EMA) that is validated and kept; 0.99 averages over "
            "about 100 steps.",
            zero="off",
            step=0.005,
            format="%g",
            usual=(0, 0.9999),
        ),
    ] = Field(0.0, ge=0, lt=1)
    precision: Annotated[
        Precision,
        Label(
            "Precision",
            "Automatic takes 16 bit where the device gains from it. Weights stay in 32 bit.",
            words={
                "auto": "automatic",
                "float32": "32 bit",
                "mixed_bfloat16": "16 bit (bfloat16)",
                "mixed_float16": "16 bit (float16)",
            },
        ),
    ] = "auto"
    replicas: Annotated[
        int,
        Label(
            "Devices",
            "Devices that share each batch, which must be a multiple of them. Without a GPU, 0 is "
            "the one processor.",
            zero="all GPUs",
        ),
    ] = Field(0, ge=0, le=64)
    timelapse: Annotated[
        int,
        Label(
            "Time-lapse",
            "Validation samples that are predicted after every epoch and kept as pictures.",
            unit="samples",
        ),
    ] = Field(3, ge=0, le=12)
    tensorboard: Annotated[
        bool, Label("TensorBoard files", "Written to the run's folder besides our own.")
    ] = True
    seed: Annotated[int, Label("Seed", "The same seed draws the same crops and first weights.")] = (
        Field(0, ge=0, lt=2**31)
    )
    limit_minutes: Annotated[
        float,
        Label(
            "Time limit",
            "It then ends as if stopped by hand, and can be resumed.",
            unit="minutes",
            zero="none",
            step=10,
            format="%g",
            usual=(0, 100_000),
        ),
    ] = Field(0.0, ge=0)


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
    pairs = [_key_and_text(setting) for setting in settings]
    # Another architecture has other settings: it comes first, with its defaults.
    pairs.sort(key=lambda pair: pair[0] != "model.architecture")
    for key, text in pairs:
        if key == "model.architecture" and text != content["model"]["architecture"]:
            if text not in FAMILIES:
                raise ConfigError(
                    f"there is no architecture {text!r}",
                    key=key,
                    where="",
                    remedy=f"model.architecture is one of {', '.join(FAMILIES)}",
                )
            content["model"] = default_spec(text).model_dump(mode="json")
            continue
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        set_setting(content, key, value)
    try:
        return TrainConfig.model_validate(content)
    except ValidationError as error:
        raise misfit(error, "the settings do not fit") from error


def _key_and_text(setting: str) -> tuple[str, str]:
    key, equals, text = setting.partition("=")
    if not equals:
        raise ConfigError(f"expected KEY=VALUE, received {setting!r}", remedy="e.g. epochs=20")
    return key, text
