"""What is kept of a batch of predictions: `batch.json`, and a line of `results.jsonl` an image."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.classes import ClassTable
from core.evaluation.kept.record import SplitSide
from core.imagery.tiles import OVERLAP
from core.inference.averaging import OWN_SIZE, Averaging

__all__ = [
    "MOST_IMAGES",
    "BatchImage",
    "BatchOptions",
    "BatchRecord",
    "BatchSide",
    "Grid",
    "ImageResult",
]

MOST_IMAGES = 5_000
"""Images of one batch."""

_Text = Annotated[str, Field(max_length=4096)]
_MODEL = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class BatchOptions(BaseModel):
    """How images are predicted and their masks read.

    Attributes:
        symmetries, scales: over what probabilities are averaged, as of
            `core.inference.averaging.Averaging`.
        overlap: of neighbouring tiles, in % of a tile.
        likeliest_masks: whether a mask that comes alone is read in the likeliest way where it is
            not certain how it is written; else such an image has no scores, and is told of.
    """

    model_config = _MODEL

    symmetries: bool = False
    scales: tuple[float, ...] = Field(OWN_SIZE, max_length=16)
    overlap: int = Field(round(100 * OVERLAP), ge=0, le=75)
    likeliest_masks: bool = False

    @property
    def averaging(self) -> Averaging:
        """Over what probabilities are averaged.

        Raises:
            ConfigError: the scales do not fit.
        """
        return Averaging(self.symmetries, self.scales)


class BatchSide(BaseModel):
    """Which samples of a dataset are predicted.

    Attributes:
        dataset: its id.
        side: all samples, or one side of a split.
        recipe: name of the recipe whose split it is; empty for that of the model's own training.
        revision: of the recipe.
        samples: ids of those alone that are predicted; empty for all of the side.
    """

    model_config = _MODEL

    dataset: _Text
    side: SplitSide = "all"
    recipe: _Text = ""
    revision: int = Field(0, ge=0)
    samples: tuple[_Text, ...] = Field((), max_length=MOST_IMAGES)

    @property
    def title(self) -> str:
        """In a few words."""
        if self.samples:
            more = f" and {len(self.samples) - 1:,} more" if len(self.samples) > 1 else ""
            return f"{self.dataset}, {self.samples[0]}{more}"
        if self.side == "all":
            return f"{self.dataset}, all samples"
        of = f" of {self.recipe}, revision {self.revision}" if self.recipe else ""
        return f"{self.dataset}, side {self.side}{of}"


class BatchImage(BaseModel):
    """An image of the batch.

    Attributes:
        name: what it is called, no two alike: the sample's id, or the file's name and folders.
        file: of files, the image below the batch's `uploads`.
        mask: likewise, its mask; empty where it has none.
        width, height: in pixels; 0 where the header cannot be read.
        digest: of the image file (`core.datasets.identity`).
        large: whether it is too large to be read whole, and is predicted by windows.
    """

    model_config = _MODEL

    name: _Text
    file: _Text = ""
    mask: _Text = ""
    width: int = Field(0, ge=0)
    height: int = Field(0, ge=0)
    digest: _Text = ""
    large: bool = False

    @property
    def weight(self) -> int:
        """How much work it is, in pixels."""
        return max(1, self.width * self.height)


class BatchRecord(BaseModel):
    """The content of `batch.json`.

    Attributes:
        model: name of the model.
        sha256: SHA-256 of its weights.
        side: the samples, where they are a dataset's; None for uploaded files.
        options: how they are predicted.
        classes: the model's class table.
        images: in the order in which they are predicted.
        left_out: what was uploaded and is no image, a sentence each.
        remarks: sentences that a person should read beside the results.
        made: when it was begun, in seconds since 1970.
        seconds: time that it took.
        finished: whether all images were tried.
        listed: whether everybody who reaches the server sees it in the list; one that is not is
            opened by its address alone.
        threshold: probability of class 1 of two classes from which on a pixel is of it.
    """

    model_config = _MODEL

    version: Literal[1] = 1
    model: _Text
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    side: BatchSide | None = None
    options: BatchOptions = BatchOptions()
    classes: ClassTable
    images: tuple[BatchImage, ...] = Field(min_length=1, max_length=MOST_IMAGES)
    left_out: tuple[_Text, ...] = ()
    remarks: tuple[_Text, ...] = ()
    made: float
    seconds: float = Field(0.0, ge=0)
    finished: bool = False
    listed: bool = True
    threshold: float = Field(0.5, ge=0, le=1)

    @property
    def title(self) -> str:
        """Model and images in a few words."""
        what = self.side.title if self.side else f"{len(self.images):,} uploaded"
        return f"{self.model} on {what}"


class Grid(BaseModel):
    """Where an image lies, so that its files are made without it.

    Attributes:
        crs: well-known text; empty where the file does not say in which system its grid is.
        transform: from column and row to coordinates, the six numbers of an affine map.
    """

    model_config = _MODEL

    crs: str = Field("", max_length=64 * 1024)
    transform: tuple[float, float, float, float, float, float]


class ImageResult(BaseModel):
    """What became of an image: a line of `results.jsonl`.

    Attributes:
        number: of the image in the record.
        error: why it could not be predicted; empty where it was.
        width, height: in pixels.
        seconds: time that it took.
        grid: where it lies; None where it has no place.
        note: why it has no scores though it has a mask, or how the mask was read.
        matrix: pixels by true (rows) and predicted class; empty where there is no truth.
        counts: pixels of each class, and last those without data.
        areas: m² of each class; empty where there are none.
        confidence: mean over the pixels with data; None where there are none or it is not kept.
        likelihood: of two classes, pixels by true class (0, 1, none) and code of the probability of
            class 1 (`core.inference.certainty.likelihood_codes`): 3 × 256; else empty.
        likelihood_areas: likewise, m² by that code: 256.
    """

    model_config = _MODEL

    number: int = Field(ge=0)
    error: _Text = ""
    width: int = Field(0, ge=0)
    height: int = Field(0, ge=0)
    seconds: float = Field(0.0, ge=0)
    grid: Grid | None = None
    note: _Text = ""
    matrix: tuple[tuple[int, ...], ...] = ()
    counts: tuple[int, ...] = ()
    areas: tuple[float, ...] = ()
    confidence: float | None = None
    likelihood: tuple[tuple[int, ...], ...] = ()
    likelihood_areas: tuple[float, ...] = ()

    @property
    def failed(self) -> bool:
        return bool(self.error)
