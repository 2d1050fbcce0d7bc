"""How much a random split flatters: one recipe trained with its scenes apart, and at random."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from core.datasets.dataset import Dataset
from core.datasets.recipes.apply import prepared
from core.datasets.recipes.splits import SplitConfig, split_samples
from core.errors import DSIError
from core.training.config import TrainConfig
from core.training.queue.launch import launch, suggest_name
from core.training.runs.origin import Origin, write_origin
from core.training.runs.run import Run, list_runs
from core.training.runs.status import RunState

__all__ = ["RandomKind", "check_split", "find_alike", "train_with_split", "with_split"]

RandomKind = Literal["random", "blocks"]
"""What is shared out at random: samples, or blocks of each image."""

_ENDED: tuple[RunState, ...] = ("failed", "stopped", "interrupted")


def with_split(config: TrainConfig, kind: Literal["scene"] | RandomKind) -> TrainConfig:
    """The configuration with another kind of split of the same shares and seed.

    Lists of samples have neither: then they are those by default.

    Args:
        config: of a training.
        kind: of the split.
    """
    own = config.recipe.split
    if own.kind in ("fixed", "folds"):
        own = SplitConfig(seed=own.seed if own.kind == "folds" else 0)
    # A side that is never looked at while training: it is what both are scored on.
    test = own.test or min(0.2, (1 - own.val) / 2)
    split = SplitConfig(kind=kind, val=own.val, test=test, seed=own.seed)
    recipe = config.recipe.model_copy(update={"split": split})
    return config.model_copy(update={"recipe": recipe})


def check_split(config: TrainConfig, dataset: Dataset) -> None:
    """Refuse a split that the dataset has too few scenes, samples or blocks for.

    Raises:
        ConfigError: what is missing, and ways out.
        DatasetError: the recipe's image product cannot be listed.
    """
    used = prepared(dataset, config.recipe)
    split_samples(used.samples, config.recipe.split)


def find_alike(config: TrainConfig) -> Run | None:
    """The last run with these settings, whatever its recipe is called; a finished one first.

    Runs that failed or were stopped do not count.
    """
    alike: list[tuple[bool, Run]] = []
    for run in list_runs():
        try:
            state = run.status().state
            if state not in _ENDED and _content(run.config()) == _content(config):
                alike.append((state != "finished", run))
        except DSIError:
            continue  # the run's own page says so
    return min(alike, key=lambda pair: pair[0])[1] if alike else None


def _content(config: TrainConfig) -> dict[str, Any]:
    content = config.model_dump(mode="json")
    for key in ("name", "revision", "dataset"):
        content["recipe"].pop(key)
    for key in ("timelapse", "tensorboard"):  # what is kept of a training, not what it learns
        content.pop(key)
    return content


def train_with_split(configs: Sequence[TrainConfig], evaluation: str, model: str) -> list[Run]:
    """Launch trainings, or queue them; each is named after its dataset and split.

    Args:
        configs: of `with_split`.
        evaluation: id of the evaluation from which they are launched.
        model: the model that was evaluated there.

    Raises:
        RunError: no process can be started.
        WorkspaceError: the disk refuses.
    """
    runs = []
    for config in configs:
        kind = config.recipe.split.kind
        run = launch(config, suggest_name(config.dataset, f"by-{kind}"))
        write_origin(run, Origin(kind="split", evaluation=evaluation, model=model))
        runs.append(run)
    return runs
