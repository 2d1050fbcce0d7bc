"""Evaluate sample by sample, keep what was reached, and go on from there after a stop."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from core.datasets.batches.labelled_image import LabelledImage
from core.errors import WorkspaceError
from core.evaluation.analysis import Analysis
from core.evaluation.evaluate import evaluate_images
from core.evaluation.kept.pictures import check_sample
from core.evaluation.kept.plan import EvaluationPlan
from core.evaluation.kept.record import EvaluationRecord
from core.evaluation.kept.store import KeptEvaluation
from core.evaluation.kept.truth import scored_image
from core.inference.predictor import Predictor
from core.paths import existing_folder

__all__ = ["run_evaluation"]

_INTERVAL = 15.0  # seconds of work that a kill takes at most, beside the present sample
_PATIENCE = 3.0  # seconds that a stop waits for the end of a sample, after which all is kept


def run_evaluation(
    kept: KeptEvaluation,
    plan: EvaluationPlan,
    predictor: Predictor,
    progress: Callable[[int, int], None] | None = None,
) -> EvaluationRecord:
    """Score the samples that are left; what `progress` raises stops it, and it can go on later.

    Args:
        kept: the evaluation's folder, with its record and card.
        plan: what it scores.
        predictor: predictor of the model, with the averaging of the options.
        progress: called with the number of samples scored and of all, also within a sample.

    Returns:
        The record, finished.

    Raises:
        DatasetError: a mask does not fit, or a sample has changed since the plan.
        ImageError: an image cannot be read or is not of the model's kind.
        WorkspaceError: the disk refuses, the folder was deleted, or what it holds is damaged.
    """
    record = plan.record
    analysis = kept.analysis() or Analysis(len(record.classes), record.options.edge)
    if len(analysis) > len(plan.samples):
        raise WorkspaceError(
            "the counts are of more samples than the evaluation has",
            where=kept.id,
            remedy="delete this evaluation, and evaluate again",
        )
    total = len(plan.samples)
    work = _Work(kept, analysis, lambda: progress(len(analysis), total) if progress else None)
    start = time.monotonic()
    with existing_folder(kept.folder):
        work.report()
        while (number := len(analysis)) < total:
            sample = plan.samples[number]
            check_sample(record, number, sample)
            image = scored_image(plan.dataset, sample, plan.lookup, record.options.misfits)
            evaluate_images(predictor, [image], work.on_image, work.on_strip)
        kept.write_analysis(analysis)
        seconds = record.seconds + time.monotonic() - start
        record = record.model_copy(update={"finished": True, "seconds": seconds})
        kept.write_record(record)
    return record


class _Work:
    """What is done with every strip and sample: counts, label maps, and what a stop leaves.

    Args:
        kept: where label maps and counts are kept.
        analysis: the counts.
        report: called now and then; what it raises stops the work.
    """

    def __init__(
        self, kept: KeptEvaluation, analysis: Analysis, report: Callable[[], None]
    ) -> None:
        self.kept, self.analysis, self.report = kept, analysis, report
        self.saved = self.before = time.monotonic()

    def on_strip(self, truth: np.ndarray, probabilities: np.ndarray) -> None:
        """A `StripCallback`."""
        # A stop within a sample loses what was counted of it: one that ends soon is waited for.
        if time.monotonic() - self.before > _PATIENCE:
            self.report()
        self.analysis.on_strip(truth, probabilities)

    def on_image(self, image: LabelledImage, labels: np.ndarray, matrix: np.ndarray) -> None:
        """An `ImageCallback`."""
        self.kept.write_labels(len(self.analysis), labels)
        self.analysis.on_image(image, labels, matrix)
        now = time.monotonic()
        if now - self.saved > _INTERVAL or now - self.before > _PATIENCE:
            self.kept.write_analysis(self.analysis)
            self.saved = now
        self.before = now
        try:
            self.report()
        except BaseException:  # a stop of the page's job is no Exception
            self.kept.write_analysis(self.analysis)
            raise
