"""Train a model again with another recipe, and score both on what neither has learned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import ValidationError

from core.datasets.recipes.recipe import Recipe
from core.errors import DatasetError, ModelError
from core.evaluation.kept.record import EvaluationOptions, EvaluationRecord, SplitSide
from core.evaluation.kept.store import KeptEvaluation
from core.models.card import ModelCard
from core.settings import first_complaint
from core.training.config import TrainConfig
from core.training.queue.launch import launch
from core.training.runs.origin import Origin, write_origin
from core.training.runs.run import Run

__all__ = ["HeldOut", "Wanted", "again_config", "held_out", "kept_scores", "train_again"]


def again_config(card: ModelCard, dataset: str, recipe: Recipe) -> TrainConfig:
    """The configuration that a model was trained with, with another recipe.

    Args:
        card: the model's card.
        dataset: id of the dataset.
        recipe: recipe of it.

    Raises:
        ModelError: the card has no configuration of a training, as of one that was imported.
    """
    content = card.training.config
    try:
        if not content:
            raise ModelError(
                "the model's card does not say how it was trained",
                where=card.name,
                remedy="choose the recipe on the Train page, and settings of your own",
            )
        known = TrainConfig.model_validate(content)
    except ValidationError as error:
        raise ModelError(
            "the configuration in the model's card does not fit this version",
            where=card.name,
            remedy=f"{first_complaint(error).remedy}, or choose the recipe on the Train page",
        ) from error
    return known.model_copy(update={"dataset": dataset, "recipe": recipe})


def train_again(config: TrainConfig, name: str, evaluation: str, model: str) -> Run:
    """Launch a training from an evaluation, or queue it where another one is going on.

    Args:
        config: of `again_config`.
        name: name of the run and its model.
        evaluation: id of the evaluation.
        model: the model that was evaluated.

    Raises:
        RunError: a run or another model of that name exists, or no process can be started.
        WorkspaceError: the name is not allowed or the disk refuses.
    """
    run = launch(config, name)
    write_origin(run, Origin(kind="suspects", evaluation=evaluation, model=model))
    return run


@dataclass(frozen=True)
class HeldOut:
    """Samples on which two models are compared.

    Attributes:
        before, after: side of each model's split.
        ids: the samples.
    """

    before: SplitSide
    after: SplitSide
    ids: tuple[str, ...]


def held_out(before: ModelCard, after: ModelCard) -> HeldOut:
    """The samples that neither of two models was trained on: test sides, else validation sides.

    Args:
        before, after: cards of the models, of which the second was trained on the dataset.

    Raises:
        DatasetError: there is none.
    """
    old, new = before.training, after.training
    sides: Sequence[SplitSide] = ("test", "val")
    for side in sides:
        ids = getattr(new, side)
        common = tuple(i for i in ids if i in set(getattr(old, side)))
        if common:
            return HeldOut(side, side, common)
    # A model of another dataset has none of these samples on any side.
    if not {*new.train, *new.val, *new.test} & {*old.train, *old.val, *old.test}:
        for side in sides:
            if ids := getattr(new, side):
                return HeldOut("all", side, ids)
    raise DatasetError(
        "no sample was held out in both trainings: their splits are not the same",
        where=f"{before.name} and {after.name}",
        remedy="evaluate both on a labelled set of its own",
    )


class Wanted(NamedTuple):
    """An evaluation that is looked for, or to be made.

    Attributes:
        model: its name.
        sha256: of its weights.
        dataset: id of the dataset.
        side: of the model's split.
        options: with the samples in `only`, and the labels in `void_regions`.
    """

    model: str
    sha256: str
    dataset: str
    side: SplitSide
    options: EvaluationOptions


def kept_scores(
    listed: Iterable[tuple[KeptEvaluation, EvaluationRecord]], wanted: Wanted
) -> KeptEvaluation | None:
    """An evaluation that is kept already; None where there is none.

    Args:
        listed: evaluations, the last first.
        wanted: which.
    """
    for kept, record in listed:
        own = Wanted(record.model, record.sha256, record.dataset, record.split, record.options)
        if record.finished and own == wanted:
            return kept
    return None
