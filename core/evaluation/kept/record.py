"""What is kept of an evaluation beside its counts: `evaluation.json`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.classes import ClassTable
from core.evaluation.boundary import MOST_DISTANCE
from core.inference.averaging import OWN_SIZE, Averaging

__all__ = [
    "LONGEST_NOTE",
    "EvaluatedSample",
    "EvaluationOptions",
    "EvaluationRecord",
    "Misfits",
    "SplitSide",
]

LONGEST_NOTE = 4_000
"""Characters of a note."""

SplitSide = Literal["all", "train", "val", "test"]

Misfits = Literal["ask", "leave-out", "resample"]
"""What becomes of masks of another size or grid than their image: a message that asks, the samples
are left out, or the masks are brought to the image's grid by nearest neighbour."""

_Text = Annotated[str, Field(max_length=4096)]


class EvaluationOptions(BaseModel):
    """How samples are predicted and scored.

    Attributes:
        symmetries, scales: over what probabilities are averaged, as of
            `core.inference.averaging.Averaging`.
        edge: pixels from an edge of classes that count as near it.
        misfits: what becomes of masks of another size or grid.
        void_regions: digest of the pixels of the truth that are void beside those that its files
            have; empty for none, None for those of the model's recipe.
        mask_values: what values of the masks outside the class table are read as, by class name or
            ``void``, as in a recipe; others are refused.
        only: ids of the samples that are scored, in this order; empty for all of the side.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    symmetries: bool = False
    scales: tuple[float, ...] = Field(OWN_SIZE, max_length=16)
    edge: float = Field(3.0, gt=0, le=MOST_DISTANCE)
    misfits: Misfits = "ask"
    void_regions: str | None = Field(None, pattern=r"^([0-9a-f]{32})?$")
    mask_values: dict[_Text, _Text] = Field(default_factory=dict, max_length=1_000)
    only: tuple[_Text, ...] = ()

    @property
    def averaging(self) -> Averaging:
        """Over what probabilities are averaged.

        Raises:
            ConfigError: the scales do not fit.
        """
        return Averaging(self.symmetries, self.scales)


class EvaluatedSample(BaseModel):
    """A sample as it was scored.

    Attributes:
        id, scene: as in the dataset.
        image, mask: digests of their files (`core.datasets.identity`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: _Text
    scene: _Text
    image: _Text = ""
    mask: _Text = ""


class EvaluationRecord(BaseModel):
    """The content of `evaluation.json`.

    Attributes:
        model: name of the model.
        sha256: SHA-256 of its weights.
        dataset: id of the dataset.
        split: side of the model's split, or all labelled samples.
        options: how it was predicted and scored.
        classes: the model's class table.
        samples: the samples, in the order in which they are scored.
        left_out: ids of samples that were not scored, as their masks do not fit.
        void: digest of the void regions of these samples that hold for the truth; empty for none.
        remarks: sentences that a person should read beside the scores.
        made: when it was begun, in seconds since 1970.
        seconds: time that it took.
        finished: whether all samples were scored.
        note: a person's own words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    version: Literal[1] = 1
    model: _Text
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    dataset: _Text
    split: SplitSide = "all"
    options: EvaluationOptions = EvaluationOptions()
    classes: ClassTable
    samples: tuple[EvaluatedSample, ...] = Field(min_length=1)
    left_out: tuple[_Text, ...] = ()
    void: str = Field("", pattern=r"^([0-9a-f]{32})?$")
    remarks: tuple[_Text, ...] = ()
    made: float
    seconds: float = 0.0
    finished: bool = False
    note: str = Field("", max_length=LONGEST_NOTE)

    @property
    def title(self) -> str:
        """Model, dataset and side of the split in a few words."""
        side = "all samples" if self.split == "all" else f"side {self.split}"
        labels = ", revised labels" if self.void else ""
        return f"{self.model} on {self.dataset}, {side}{labels}"

    def groups(self) -> dict[str, list[int]]:
        """The numbers of the samples of each scene."""
        groups: dict[str, list[int]] = {}
        for number, sample in enumerate(self.samples):
            groups.setdefault(sample.scene, []).append(number)
        return groups
