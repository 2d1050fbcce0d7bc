"""Evaluations that a view needs and that are not there yet, made one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from core.datasets.catalogue import find_dataset
from core.errors import ModelError
from core.evaluation.kept.plan import plan_evaluation
from core.evaluation.kept.run import run_evaluation
from core.evaluation.kept.store import new_evaluation
from core.models.store import find_model, load_model
from core.training.follow_up.again import Wanted
from ui.shell.jobs import start_job

__all__ = ["score_all"]

_Progress = Callable[[int, int], None]


def score_all(key: str, title: str, note: str, missing: Sequence[Wanted]) -> None:
    """Make evaluations in the background.

    Args:
        key: of the job.
        title: its purpose, for the screen.
        note: that each of them gets: they stand among all others.
        missing: the evaluations.
    """

    def work(progress: _Progress) -> None:
        for number, wanted in enumerate(missing):
            _evaluate(wanted, note, partial(_part, progress, number, len(missing)))

    start_job(key, title, "steps", work)


def _part(progress: _Progress, number: int, count: int, done: int, total: int) -> None:
    """Report a part of several evaluations: each is of a hundred steps."""
    progress(100 * number + (100 * done // total if total else 0), 100 * count)


def _evaluate(wanted: Wanted, note: str, progress: _Progress) -> None:
    from core.inference.predictor import Predictor

    progress(0, 0)
    ref = find_model(wanted.model)
    plan = plan_evaluation(ref, find_dataset(wanted.dataset), wanted.side, wanted.options)
    plan = replace(plan, record=plan.record.model_copy(update={"note": note}))
    model, card = load_model(ref.folder)
    if card.sha256 != wanted.sha256:
        raise ModelError(
            f"the model {wanted.model} has other weights now than before",
            remedy="evaluate it again, and begin from that evaluation",
        )
    averaging = wanted.options.averaging
    predictor = Predictor.of_card(model, card, tta=averaging.symmetries, scales=averaging.scales)
    run_evaluation(new_evaluation(plan.record, plan.card), plan, predictor, progress)
