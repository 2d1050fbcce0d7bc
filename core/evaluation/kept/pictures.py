"""A sample of an evaluation as it was scored: image, truth and prediction, whole or a part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.datasets.batches.labelled_image import LabelledImage
from core.datasets.dataset import Sample
from core.datasets.identity import image_digest
from core.errors import DatasetError
from core.evaluation.kept.plan import EvaluationPlan
from core.evaluation.kept.record import EvaluationRecord
from core.evaluation.kept.store import KeptEvaluation
from core.evaluation.kept.truth import scored_image

__all__ = ["ScoredSample", "check_sample", "margin_box", "open_scored"]

_LEAST, _MARGIN = 256, 1.0  # pixels a side of a part, and what is around a region in its own sizes


@dataclass(frozen=True)
class ScoredSample:
    """A sample as it was scored.

    Attributes:
        image: pixels, truth in the model's labels, and where there is data.
        prediction: (H, W) uint8, 255 = void.
    """

    image: LabelledImage
    prediction: np.ndarray


def check_sample(record: EvaluationRecord, number: int, sample: Sample) -> None:
    """See that a sample is what it was when it was planned.

    Args:
        record: of the evaluation.
        number: of the sample in it.
        sample: as the dataset has it now.

    Raises:
        DatasetError: its image or mask has gone or is another one.
    """
    planned = record.samples[number]
    pairs = [("image", sample.image, planned.image), ("mask", sample.mask, planned.mask)]
    for what, path, digest in pairs:
        now = image_digest(path) if path else ""
        if now != digest:
            state = "is not the one that was evaluated" if now else "has gone"
            raise DatasetError(
                f"the {what} of the sample {planned.id} {state}",
                where=str(path or sample.image),
                remedy="bring the file back as it was, or evaluate again; the scores that are kept "
                "are of the old one",
            )


def open_scored(kept: KeptEvaluation, plan: EvaluationPlan, number: int) -> ScoredSample:
    """Read a sample with its truth and prediction.

    Args:
        kept: the evaluation.
        plan: `plan_again` of it.
        number: of the sample.

    Raises:
        DatasetError: it has gone or has changed since.
        ImageError: a file cannot be read.
        WorkspaceError: its prediction is missing or damaged.
    """
    sample = plan.samples[number]
    check_sample(plan.record, number, sample)
    image = scored_image(plan.dataset, sample, plan.lookup, plan.record.options.misfits)
    prediction = kept.labels(number)
    if prediction.shape != image.labels.shape:
        raise DatasetError(
            f"the sample {sample.id} has another size than its prediction",
            where=kept.id,
            remedy="evaluate again",
        )
    return ScoredSample(image, prediction)


def margin_box(box: tuple[int, int, int, int], height: int, width: int) -> tuple[slice, slice]:
    """The part of an image around a region: as much again on every side, 256 pixels at least.

    Args:
        box: x, y, width and height of the region.
        height, width: of the image.
    """
    x, y, wide, high = box
    rows = _span(y, high, height)
    return rows, _span(x, wide, width)


def _span(start: int, length: int, limit: int) -> slice:
    size = min(limit, max(_LEAST, round(length * (1 + 2 * _MARGIN))))
    first = start + length // 2 - size // 2
    first = max(0, min(limit - size, first))
    return slice(first, first + size)
