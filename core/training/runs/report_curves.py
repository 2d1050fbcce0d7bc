"""The curves of a training for the report of an evaluation of its model."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import DSIError
from core.evaluation.report.figures import Line
from core.evaluation.report.report import Curves
from core.training.runs.metrics import EpochRecord
from core.training.runs.run import find_run, run_exists

__all__ = ["training_curves"]


def training_curves(model: str) -> Curves:
    """Loss and mean IoU by epoch of the run of this name; none where there is no such run."""
    try:
        epochs = find_run(model).epochs() if run_exists(model) else []
    except DSIError:
        return []  # the Train page says what is wrong with it
    if not epochs:
        return []
    loss = [
        Line("training loss", [(record.epoch, record.loss) for record in epochs]),
        Line("validation cross-entropy", _points(epochs, "val_cross_entropy")),
    ]
    iou = [
        Line("training crops", _points(epochs, "mean_iou")),
        Line("validation images", _points(epochs, "val_mean_iou")),
    ]
    return [("Loss", loss), ("Mean IoU", iou)]


def _points(epochs: Sequence[EpochRecord], name: str) -> list[tuple[float, float]]:
    values = [(record.epoch, getattr(record, name)) for record in epochs]
    return [(epoch, value) for epoch, value in values if value is not None]
