"""A recipe: what was decided about a dataset before training. It never changes the data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from core.datasets.recipes.splits import SplitConfig
from core.imagery.normalise import NormalisationKind
from core.imagery.window import Window
from core.settings import Label, load_settings

__all__ = ["Augmentation", "Patch", "Recipe", "load_recipe"]

# As `core.datasets.masks` names them.
_MASK_VALUE = re.compile(r"#[0-9A-Fa-f]{6}|value .+|others|no value", re.DOTALL)
_Magnification = Annotated[float, Field(ge=0.1, le=10)]


class Patch(BaseModel):
    """What a training step sees: square crops.

    Attributes:
        size: side in pixels.
        stride: 0 draws crops at random places; else they lie on a grid of this many pixels, which
            is gone through in a new order each time.
        minimum_labelled: a crop with a smaller labelled share is left out (of random ones another
            is drawn, ten times at most).
        rare: how often, from 0 to 1, a crop is drawn for a rare class: one with less than an even
            share of the labelled pixels of all training samples. The class is drawn first, evenly
            among the rare ones, then an image that has it, then a place around one of its pixels;
            on a grid, a crop that has it. So often at least, crops hold a rare class.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: Annotated[
        int, Label("Crop size", "Side of the squares that are cut out of the images.", unit="px")
    ] = Field(256, ge=32, le=2048, multiple_of=32)
    stride: Annotated[
        int,
        Label(
            "Stride",
            "Crops on a grid of this many pixels, gone through in a new order each time.",
            unit="px",
            zero="random places",
            step=32,
        ),
    ] = Field(0, ge=0, le=4096)
    minimum_labelled: Annotated[
        float,
        Label(
            "Least labelled share of a crop",
            "Crops with less are drawn again.",
            unit="%",
            step=0.05,
        ),
    ] = Field(0.1, ge=0, le=1)
    rare: Annotated[
        float,
        Label(
            "Crops centred on rare classes",
            "How many of the crops are drawn around a pixel of a rare class (one with less than "
            "its even share of the pixels), from whichever image has it.",
            unit="%",
            step=0.05,
        ),
    ] = Field(0.0, ge=0, le=1)


class Augmentation(BaseModel):
    """Random changes made to training crops, image and mask together.

    Attributes:
        flips, quarter_turns: the eight symmetries of the square; there is no up in a nadir image.
        zoom: smallest and largest magnification, drawn for each crop evenly over its logarithm:
            this is training at several scales. Below 1 a crop shows more of its real surroundings;
            beyond the edge of a smaller image they are its mirror image, and void.
        rotation: largest rotation in degrees, to either side.
        shear: largest slant in degrees, along x and along y.
        elastic: size of a smooth random deformation, 0 none to 1 strong.
        brightness: largest shift as a share of the value range.
        contrast, saturation: largest relative change.
        hue: largest turn of the hue circle, 0.5 being half of it. Saturation and hue apply to RGB.
        noise: largest standard deviation of added Gaussian noise, as a share of the value range.
        speckle: strength of multiplicative noise as radar images have it: the largest standard
            deviation of its factor, whose mean is 1.
        cutout: largest side of a square that is blanked out (and void), as a share of the crop's.
        copy_paste: how often, from 0 to 1, a crop is given objects of rare classes (as in
            `Patch.rare`) from other crops, image and label together: see
            `core.datasets.batches.copy_paste`.
        label_deformation: pixels of a crop by which a smooth random deformation moves labels at
            most, along each axis, while the image stays (NSegment, Kim et al. 2025,
            arXiv:2504.19634): a network that never sees the same border twice does not learn its
            slips by heart.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    flips: Annotated[bool, Label("Flips", "Mirrored left to right and top to bottom.")] = True
    quarter_turns: Annotated[bool, Label("Quarter turns", "Turned by 90, 180 or 270°.")] = True
    zoom: Annotated[
        tuple[_Magnification, _Magnification],
        Label(
            "Zoom",
            "Smallest and largest magnification; 0.5 to 2 is the usual training at several scales. "
            "Crops that show more than the image has are mirrored, and void there.",
            unit="times",
            step=0.05,
            usual=(0.25, 4.0),
        ),
    ] = (1.0, 1.0)
    rotation: Annotated[
        float, Label("Rotation", "Largest turn, to either side.", unit="°", step=5)
    ] = Field(0.0, ge=0, le=180)
    shear: Annotated[
        float, Label("Shear", "Largest slant, along x and along y.", unit="°", step=1)
    ] = Field(0.0, ge=0, le=45)
    elastic: Annotated[
        float, Label("Elastic", "Smooth random deformation, 0 none to 1 strong.", step=0.05)
    ] = Field(0.0, ge=0, le=1)
    brightness: Annotated[
        float, Label("Brightness", "Largest shift, of the value range.", unit="%", step=0.05)
    ] = Field(0.0, ge=0, le=1)
    contrast: Annotated[
        float, Label("Contrast", "Largest change.", unit="%", step=0.05, usual=(0, 0.95))
    ] = Field(0.0, ge=0, lt=1)
    saturation: Annotated[
        float, Label("Saturation (RGB)", "Largest change.", unit="%", step=0.05, usual=(0, 0.95))
    ] = Field(0.0, ge=0, lt=1)
    hue: Annotated[
        float, Label("Hue (RGB)", "Largest turn, of the hue circle.", unit="%", step=0.01)
    ] = Field(0.0, ge=0, le=0.5)
    noise: Annotated[
        float,
        Label("Noise", "Largest standard deviation, of the value range.", unit="%", step=0.01),
    ] = Field(0.0, ge=0, le=0.5)
    speckle: Annotated[
        float,
        Label(
            "Speckle (radar)",
            "Noise as radar images have it: standard deviation of a factor, of its mean.",
            unit="%",
            step=0.05,
        ),
    ] = Field(0.0, ge=0, le=1)
    cutout: Annotated[
        float,
        Label(
            "Cutout",
            "Largest side of a square that is blanked out, of the crop's.",
            unit="%",
            step=0.05,
        ),
    ] = Field(0.0, ge=0, le=0.5)
    copy_paste: Annotated[
        float,
        Label(
            "Copy-paste",
            "How many of the crops get one to three objects of rare classes from other crops, "
            "image and label together.",
            unit="%",
            step=0.05,
        ),
    ] = Field(0.0, ge=0, le=1)
    label_deformation: Annotated[
        int,
        Label(
            "Label deformation",
            "Largest shift of the labels alone, smooth and random, against borders that are drawn "
            "inexactly.",
            unit="px",
        ),
    ] = Field(0, ge=0, le=8)

    @model_validator(mode="after")
    def _ordered(self) -> Augmentation:
        low, high = self.zoom
        if low > high:
            raise ValueError(f"expected zoom as [low, high], received {self.zoom}")
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
            names them, ``others`` for all the rest) are read as: a class by its name, or ``void``.
        mask_tolerance: unknown values that differ by at most this much from that of a class, in
            every band, are read as the nearest class; 0 for none. JPEG and smoothing make such.
        windows: parts of samples that are used, by id: x, y, width, height in pixels.
        void_regions: digest of pixels of the masks that are taken as void
            (`core.datasets.void.store`); empty for none.
        normalisation: how values become network input, see `Normalisation`.
        clip: for ``percentile`` the two percentiles (default 1, 99), for ``decibel`` the two
            limits in dB (default: those percentiles of each band); for the others nothing.
        class_weights: factors of classes in the training loss, by name; 1 where none is given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    name: Annotated[str, Label("Recipe")] = "default"
    revision: int = Field(0, ge=0)
    dataset: str = ""
    product: Annotated[
        str, Label("Image product", "What all views show and count, and what the recipe uses.")
    ] = ""
    bands: Annotated[
        tuple[Annotated[int, Field(ge=0)], ...],
        Label("Bands, in the order the network gets them"),
    ] = ()
    exclude: Annotated[tuple[str, ...], Label("Samples left out")] = ()
    mask_values: dict[str, str] = Field(default_factory=dict)
    mask_tolerance: float = Field(0.0, ge=0, le=255)
    windows: dict[str, Window] = Field(default_factory=dict)
    void_regions: str = Field("", pattern=r"^([0-9a-f]{32})?$")
    normalisation: Annotated[
        NormalisationKind,
        Label(
            "Input normalisation",
            "What brings pixel values into the network's range; fitted to the training samples.",
            words={
                "unit": "Value range to 0–1",
                "minmax": "Least and greatest value, band by band, to 0–1",
                "percentile": "Two percentiles, band by band, to 0–1",
                "standard": "Mean 0 and spread 1, band by band",
                "imagenet": "ImageNet's mean and spread (RGB)",
                "decibel": "Two limits in dB (radar) to 0–1",
            },
        ),
    ] = "standard"
    clip: tuple[float, float] | None = None
    class_weights: Annotated[
        dict[str, Annotated[float, Field(ge=0, le=1000)]],
        Label(
            "Class weights",
            "Factors in every loss, multiplied by the class balance; 1 leaves a class as it is, 0 "
            "leaves it out.",
            step=0.5,
            format="%g",
            usual=(0, 1000),
        ),
    ] = Field(default_factory=dict)
    split: SplitConfig = SplitConfig()
    patch: Patch = Patch()
    augmentation: Augmentation = Augmentation()

    @property
    def has_fixes(self) -> bool:
        """Whether samples are left out or cut, or masks read otherwise than they lie."""
        read_as = self.mask_values or self.mask_tolerance or self.void_regions
        return bool(self.exclude or self.windows or read_as)

    @field_validator("mask_values")
    @classmethod
    def _are_values(cls, mask_values: dict[str, str]) -> dict[str, str]:
        for value in mask_values:
            if not _MASK_VALUE.fullmatch(value):
                raise ValueError(
                    f"expected values as #RRGGBB, `value 7` or others, received {value[:80]!r}"
                )
        return mask_values

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
    """Read a recipe of the workspace; a file of elsewhere is read by `exchange.import_recipe`.

    Raises:
        ConfigError: it is missing, no JSON, or has unknown or wrong settings.
    """
    return load_settings(path, Recipe, "the recipe")
