"""Suspect labels of an evaluation, kept beside it: `suspects.json`."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.evaluation.kept.store import KeptEvaluation
from core.paths import write_json
from core.untrusted.model_file import read_model_file

__all__ = ["MOST_SUSPECTS", "Suspect", "SuspectList", "read_suspects", "write_suspects"]

MOST_SUSPECTS = 1_000
"""Regions that are kept of an evaluation."""

_FILE = "suspects.json"
_REMEDY = "delete the file, and look for suspect labels again"
_Label = Field(ge=0, lt=255)
_Share = Field(ge=0, le=1)


class Suspect(BaseModel):
    """Connected pixels (8 neighbours) of one label of which the model is sure that it is another.

    Attributes:
        sample: number of the sample in the evaluation.
        x, y, width, height: box in the sample as it was scored, in pixels.
        area: in pixels.
        label, suggestion: label that is given, and the model's, in the model's class table.
        confidence, doubted: means over the region of the probability of the suggestion and of the
            given label.
        counts: run lengths of the pixels within the box, as of
            `core.datasets.void.regions.VoidRegion`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    sample: int = Field(ge=0)
    x: int = Field(ge=0)
    y: int = Field(ge=0)
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    area: int = Field(ge=1)
    label: int = _Label
    suggestion: int = _Label
    confidence: float = _Share
    doubted: float = _Share
    counts: tuple[int, ...]

    @model_validator(mode="after")
    def _fits(self) -> Suspect:
        if min(self.counts) < 0 or sum(self.counts) != self.width * self.height:
            raise ValueError("the run lengths do not fit the box")
        if sum(self.counts[1::2]) != self.area:
            raise ValueError("the run lengths do not fit the area")
        return self

    @property
    def weight(self) -> float:
        """Pixels that the model takes to be wrong beyond those it takes to be right."""
        return self.area * (self.confidence - self.doubted)

    @property
    def box(self) -> tuple[int, int, int, int]:
        return self.x, self.y, self.width, self.height

    def draw(self, on: np.ndarray) -> None:
        """Set its pixels in a map (H, W) bool of its sample."""
        void = np.arange(len(self.counts)) % 2 == 1
        own = np.repeat(void, self.counts).reshape(self.width, self.height).T
        on[self.y : self.y + self.height, self.x : self.x + self.width] |= own


class SuspectList(BaseModel):
    """The content of `suspects.json`.

    Attributes:
        made: when they were looked for, in seconds since 1970.
        border: pixels from a border of classes within which a label is not suspect by itself.
        least_area: pixels of a region at least.
        thresholds: by class the mean of its probability over the pixels that are labelled so: the
            confidence from which a pixel counts as of this class; None where none is labelled.
        labelled: labelled pixels by class.
        pixels: (K × K) by row suspect pixels by class of the label and of the model.
        quality: of each sample the softmin over its labelled pixels of the probability of their
            labels: low where some labels are surely wrong; None without labelled pixels.
        seen: numbers of samples that the model was trained on.
        suspects: the regions, the one of most weight first.
        dropped: regions beyond `MOST_SUSPECTS`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    version: int = Field(1, ge=1, le=1)
    made: float
    border: float = Field(ge=0)
    least_area: int = Field(ge=1)
    thresholds: tuple[float | None, ...]
    labelled: tuple[int, ...]
    pixels: tuple[tuple[int, ...], ...]
    quality: tuple[float | None, ...]
    seen: tuple[int, ...] = ()
    suspects: tuple[Suspect, ...] = Field(max_length=MOST_SUSPECTS)
    dropped: int = Field(0, ge=0)

    @property
    def share(self) -> float | None:
        """Share of the labelled pixels that are suspect; None where none is labelled."""
        labelled = sum(self.labelled)
        return sum(map(sum, self.pixels)) / labelled if labelled else None


def read_suspects(kept: KeptEvaluation) -> SuspectList | None:
    """The suspect labels of an evaluation; None where nobody has looked for them.

    Raises:
        WorkspaceError: the file is damaged.
    """
    path = kept.folder / _FILE
    if not path.is_file():
        return None
    return read_model_file(path, SuspectList, "the suspect labels of the evaluation", _REMEDY)


def write_suspects(kept: KeptEvaluation, suspects: SuspectList) -> None:
    """Replace the suspect labels of an evaluation.

    Raises:
        WorkspaceError: the disk refuses.
    """
    write_json(kept.folder / _FILE, suspects.model_dump(mode="json"))
