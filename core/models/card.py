"""The model card: everything that is known of a model, and needed to use it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.classes import ClassTable
from core.imagery.normalise import Normalisation
from core.mask_coding import MaskCoding
from core.models.families import CardSpec
from core.models.training_imagery import TrainingImagery

__all__ = ["CARD_FILE", "WEIGHTS_FILE", "ModelCard", "Training", "file_sha256"]

CARD_FILE = "model.json"
WEIGHTS_FILE = "model.weights.h5"
_DTYPES = (
    *("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"),
    *("float16", "float32", "float64"),
)


class Training(BaseModel):
    """Where a model comes from.

    Attributes:
        dataset: name of the dataset.
        train, val, test: sample ids by side; test was never looked at while training.
        digests: what names the image of each of these, in this order, by its content
            (`core.datasets.identity`); empty in cards made before 0.3.
        epoch: epoch of the weights, counted from 1.
        scores: scores by side, as `evaluate` returns them.
        config: the whole training configuration.
        minutes: wall time up to these weights.
        notes: remarks on how it was made.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    dataset: str
    train: tuple[str, ...] = ()
    val: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    epoch: int = 0
    scores: dict[str, dict[str, Any]] = Field(default_factory=dict)
    config: dict[str, Any] = Field(default_factory=dict)
    minutes: float = 0.0
    notes: str = ""

    @property
    def in_blocks(self) -> bool:
        """Whether its samples are blocks of images."""
        recipe = self.config.get("recipe") or {}
        return bool((recipe.get("split") or {}).get("kind") == "blocks")


class ModelCard(BaseModel):
    """What `model.json` holds; a model is rebuilt from it and then given weights.

    Attributes:
        spec: the architecture and its settings, or a network from elsewhere, whose layers lie in
            a file beside the card.
        classes: the class table; index = output channel.
        dtype: type of the pixel values it was trained on, such as uint8.
        bands: the bands of such an image that are the network's input, counted from 0; empty
            where it takes all of them.
        file_bands: number of bands of such an image, where `bands` has some.
        normalisation: normalisation of the bands.
        imagery: what the training images were like; None where it was not kept.
        masks: how the masks of its training were written; None where that is not known, as in
            cards of before.
        weights: name of the file of weights beside the card.
        sha256: SHA-256 of that file, hex.
        parameters: number of weights.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    version: Literal[1] = 1
    name: str
    spec: CardSpec
    classes: ClassTable
    dtype: str
    bands: tuple[int, ...] = ()
    file_bands: int = 0
    normalisation: Normalisation
    imagery: TrainingImagery | None = None
    masks: MaskCoding | None = None
    training: Training
    weights: str = Field(WEIGHTS_FILE, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.weights\.h5$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    parameters: int = Field(ge=1, le=10**12)

    @model_validator(mode="after")
    def _fits(self) -> ModelCard:
        if len(self.classes) != self.spec.classes:
            raise ValueError(
                f"the network has {self.spec.classes} classes, the table {len(self.classes)}"
            )
        if self.bands and (
            len(self.bands) != self.spec.bands
            or min(self.bands) < 0
            or max(self.bands) >= self.file_bands
        ):
            raise ValueError(
                f"{len(self.bands)} of {self.file_bands} bands are chosen for a network of "
                f"{self.spec.bands}"
            )
        norm = self.normalisation
        for name, values in (("mean", norm.mean), ("low", norm.low), ("high", norm.high)):
            if values and len(values) != self.spec.bands:
                raise ValueError(
                    f"the normalisation has {len(values)} values of {name}, the network "
                    f"{self.spec.bands} bands"
                )
        if norm.weights and len(norm.weights.mean) != self.spec.bands:
            raise ValueError(
                f"the weights expect {len(norm.weights.mean)} bands, the network has "
                f"{self.spec.bands}"
            )
        if self.dtype not in _DTYPES:
            raise ValueError(f"expected one of {', '.join(_DTYPES)}, received {self.dtype!r}")
        return self


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
