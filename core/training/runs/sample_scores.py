"""How the kept weights score on each image, beside the pooled score: `samples.json` of a run.

The images are predicted once for both: a callback goes along with
`core.evaluation.evaluate.evaluate_images`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from core.datasets.batches.labelled_image import LabelledImage
from core.errors import RunError
from core.evaluation.confusion import scores
from core.evaluation.evaluate import ImageCallback
from core.paths import write_json
from core.training.runs.run import Run

__all__ = ["ByClass", "SampleScores", "all_of", "by_sample", "read_samples", "write_samples"]

ByClass = dict[str, float | None]
"""IoU by class name; None where the class is neither in the image nor predicted there."""

_FILE = "samples.json"


class SampleScores(BaseModel):
    """The content of `samples.json`.

    Attributes:
        epoch: epoch of the weights that were scored, from 1.
        sides: scores by side of the split (``val``, ``test``) and sample id.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    epoch: int
    sides: dict[str, dict[str, ByClass]]


def by_sample(names: Sequence[str], by_id: dict[str, ByClass]) -> ImageCallback:
    """A callback for `evaluate_images` that puts the scores of each image into `by_id`.

    Args:
        names: class names in label order.
        by_id: filled with the scores by sample id.
    """

    def on_image(image: LabelledImage, labels: np.ndarray, matrix: np.ndarray) -> None:
        result = scores(matrix)
        by_id[image.id] = {
            name: score.iou for name, score in zip(names, result.classes, strict=True)
        }

    return on_image


def all_of(*callbacks: ImageCallback) -> ImageCallback:
    """One callback that calls several."""

    def on_image(image: LabelledImage, labels: np.ndarray, matrix: np.ndarray) -> None:
        for callback in callbacks:
            callback(image, labels, matrix)

    return on_image


def read_samples(run: Run) -> SampleScores | None:
    """The scores by image; None where there are none.

    Raises:
        RunError: the file is damaged.
    """
    path = run.folder / _FILE
    try:
        return SampleScores.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise RunError(
            "the scores by image cannot be read",
            where=str(path),
            remedy="delete the file; an evaluation scores the model again",
        ) from error


def write_samples(run: Run, scores_by_image: SampleScores) -> None:
    """Replace the scores by image.

    Raises:
        WorkspaceError: the disk refuses.
    """
    write_json(run.folder / _FILE, scores_by_image.model_dump(mode="json"))
