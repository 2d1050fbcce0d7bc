"""A recipe: what was decided about a dataset before training. It never changes the data."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.datasets.splits import SplitConfig
from core.settings import load_settings

__all__ = ["Augmentation", "Patch", "Recipe", "load_recipe"]


class Patch(BaseModel):
    """What a training step sees: square crops at random places.

    Attributes:
        size: side in pixels.
        minimum_labelled: a crop with a smaller labelled share is drawn again (ten times at most).
        rare: how often, from 0 to 1, a crop is centred on a pixel of a class drawn evenly among
            those the image has, instead of anywhere: rare classes are then seen more often.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(256, ge=32, le=2048, multiple_of=32)
    minimum_labelled: float = Field(0.1, ge=0, le=1)
    rare: float = Field(0.0, ge=0, le=1)


class Augmentation(BaseModel):
    """Random changes made to training crops, image and mask together.

    Attributes:
        flips, quarter_turns: the eight symmetries of the square; there is no up in a nadir image.
        zoom: smallest and largest magnification.
        brightness: largest shift as a share of the value range.
        contrast, saturation: largest relative change.
        hue: largest turn of the hue circle, 0.5 being half of it. Saturation and hue apply to RGB.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    flips: bool = True
    quarter_turns: bool = True
    zoom: tuple[float, float] = (1.0, 1.0)
    brightness: float = Field(0.0, ge=0, le=1)
    contrast: float = Field(0.0, ge=0, lt=1)
    saturation: float = Field(0.0, ge=0, lt=1)
    hue: float = Field(0.0, ge=0, le=0.5)

    @model_validator(mode="after")
    def _ordered(self) -> Augmentation:
        low, high = self.zoom
        if not 0.1 <= low <= high <= 10:
            raise ValueError(
                f"expected zoom as [low, high] within 0.1 and 10, received {self.zoom}"
            )
        return self


class Recipe(BaseModel):
    """Everything between a dataset's files and the network.

    Attributes:
        exclude: ids of samples that are left out altogether.
        normalisation: ``unit`` divides by the type's range, ``standard`` also takes mean and
            standard deviation of the training split.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    name: str = "default"
    exclude: tuple[str, ...] = ()
    normalisation: Literal["unit", "standard"] = "standard"
    split: SplitConfig = SplitConfig()
    patch: Patch = Patch()
    augmentation: Augmentation = Augmentation()


def load_recipe(path: Path) -> Recipe:
    """Read a recipe file.

    Raises:
        ConfigError: it is missing, no JSON, or has unknown or wrong settings.
    """
    return load_settings(path, Recipe, "the recipe")
