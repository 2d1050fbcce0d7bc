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
    analysis = _analysis_so_far(kept, plan)
    start = saved = before = time.monotonic()
    total = len(plan.samples)

    def report() -> None:
        if progress:
            progress(len(analysis), total)

    def on_strip(truth: np.ndarray, probabilities: np.ndarray) -> None:
        if time.monotonic() - before > _PATIENCE:
            report()
        analysis.on_strip(truth, probabilities)

    def on_image(image: LabelledImage, labels: np.ndarray, matrix: np.ndarray) -> None:
        nonlocal saved, before
        kept.write_labels(len(analysis), labels)
        analysis.on_image(image, labels, matrix)
        now = time.monotonic()
        if now - saved > _INTERVAL or now - before > _PATIENCE:
            kept.write_analysis(analysis)
            saved = now
        before = now
        try:
            report()
        except BaseException:
            kept.write_analysis(analysis)
            raise

    def images() -> list[LabelledImage]:
        number = len(analysis)
        check_sample(record, number, plan.samples[number])
        misfits = record.options.misfits
        return [scored_image(plan.dataset, plan.samples[number], plan.lookup, misfits)]

    with existing_folder(kept.folder):
        report()
        while len(analysis) < total:
            evaluate_images(predictor, images(), on_image, on_strip)
        kept.write_analysis(analysis)
        seconds = record.seconds + time.monotonic() - start
        record = record.model_copy(update={"finished": True, "seconds": seconds})
        kept.write_record(record)
    return record


def _analysis_so_far(kept: KeptEvaluation, plan: EvaluationPlan) -> Analysis:
    """What was counted before a stop; nothing yet for a new evaluation."""
    record = plan.record
    analysis = kept.analysis() or Analysis(len(record.classes), record.options.edge)
    if len(analysis) > len(plan.samples):
        raise WorkspaceError(
            "the counts are of more samples than the evaluation has",
            where=kept.id,
            remedy="delete this evaluation, and evaluate again",
        )
    return analysis
