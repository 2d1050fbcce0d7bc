"""A recipe: what was decided about a dataset before training. It never changes the data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.datasets.recipes.splits import SplitConfig
from core.imagery.normalise import NormalisationKind
from core.imagery.window import Window
from core.settings import load_settings

__all__ = ["Augmentation", "Patch", "Recipe", "load_recipe"]


class Patch(BaseModel):
    """What a training step sees: square crops.

    Attributes:
        size: side in pixels.
        stride: 0 draws crops at random places; else they lie on a grid of this many pixels, which
            is gone through in a new order each time.
        minimum_labelled: a crop with a smaller labelled share is left out (of random ones another
            is drawn, ten times at most).
        rare: how often, from 0 to 1, a random crop is centred on a pixel of a class drawn evenly
            among those the image has, instead of anywhere; on a grid, a crop is chosen by the
            classes it has in the same way. Rare classes are then seen more often.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(256, ge=32, le=2048, multiple_of=32)
    stride: int = Field(0, ge=0, le=4096)
    minimum_labelled: float = Field(0.1, ge=0, le=1)
    rare: float = Field(0.0, ge=0, le=1)


class Augmentation(BaseModel):
    """Random changes made to training crops, image and mask together.

    Attributes:
        flips, quarter_turns: the eight symmetries of the square; there is no up in a nadir image.
        zoom: smallest and largest magnification.
        rotation: largest free turn in degrees, to either side.
        shear: largest slant in degrees, along x and along y.
        elastic: size of a smooth random deformation, 0 none to 1 strong.
        brightness: largest shift as a share of the value range.
        contrast, saturation: largest relative change.
        hue: largest turn of the hue circle, 0.5 being half of it. Saturation and hue apply to RGB.
        noise: largest standard deviation of added Gaussian noise, as a share of the value range.
        speckle: strength of multiplicative noise as radar images have it: the largest standard
            deviation of its factor, whose mean is 1.
        cutout: largest side of a square that is blanked out (and void), as a share of the crop's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    flips: bool = True
    quarter_turns: bool = True
    zoom: tuple[float, float] = (1.0, 1.0)
    rotation: float = Field(0.0, ge=0, le=180)
    shear: float = Field(0.0, ge=0, le=45)
    elastic: float = Field(0.0, ge=0, le=1)
    brightness: float = Field(0.0, ge=0, le=1)
    contrast: float = Field(0.0, ge=0, lt=1)
    saturation: float = Field(0.0, ge=0, lt=1)
    hue: float = Field(0.0, ge=0, le=0.5)
    noise: float = Field(0.0, ge=0, le=0.5)
    speckle: float = Field(0.0, ge=0, le=1)
    cutout: float = Field(0.0, ge=0, le=0.5)

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
        name: what it is saved under.
        revision: counted from 1, one more each time it is saved; 0 was never saved.
        dataset: id of the dataset it was made for; empty for any.
        product: which of a dataset's image products is used; empty for its first.
        bands: bands that are used, counted from 0, in this order; empty for all.
        exclude: ids of samples that are left out altogether.
        mask_values: what unknown values of the masks (``#RRGGBB`` or ``value 7``, as the audit
            names them) are read as: a class by its name, or ``void``.
        windows: parts of samples that are used, by id: x, y, width, height in pixels.
        normalisation: how values become network input, see `Normalisation`.
        clip: for ``percentile`` the two percentiles (default 1, 99), for ``decibel`` the two
            limits in dB (default -30, 5); for the others nothing.
        class_weights: factors of classes in the training loss, by name; 1 where none is given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    name: str = "default"
    revision: int = Field(0, ge=0)
    dataset: str = ""
    product: str = ""
    bands: tuple[Annotated[int, Field(ge=0)], ...] = ()
    exclude: tuple[str, ...] = ()
    mask_values: dict[str, str] = Field(default_factory=dict)
    windows: dict[str, Window] = Field(default_factory=dict)
    normalisation: NormalisationKind = "standard"
    clip: tuple[float, float] | None = None
    class_weights: dict[str, Annotated[float, Field(ge=0, le=1000)]] = Field(default_factory=dict)
    split: SplitConfig = SplitConfig()
    patch: Patch = Patch()
    augmentation: Augmentation = Augmentation()

    @model_validator(mode="after")
    def _clip_fits(self) -> Recipe:
        if self.clip is None:
            return self
        low, high = self.clip
        if self.normalisation not in ("percentile", "decibel"):
            raise ValueError("clip goes with the normalisations percentile and decibel")
        if not low < high:
            raise ValueError(f"expected clip as [low, high], received {self.clip}")
        if self.normalisation == "percentile" and not 0 <= low < high <= 100:
            raise ValueError(f"expected percentiles within 0 and 100, received {self.clip}")
        return self


def load_recipe(path: Path) -> Recipe:
    """Read a recipe file.

    Raises:
        ConfigError: it is missing, no JSON, or has unknown or wrong settings.
    """
    return load_settings(path, Recipe, "the recipe")
