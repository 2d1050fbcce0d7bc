"""Whether a dataset, or a sample of it, is what a model was trained on, by what is in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.datasets.dataset import Dataset
from core.datasets.identity import block_of, is_dataset
from core.models.card import Training

__all__ = ["SIDES", "seen_in_training", "sides_of_image", "trained_on"]

SIDES = ("train", "val", "test")


def trained_on(dataset: Dataset, training: Training) -> bool:
    """Whether a dataset is the one a model was trained on, whatever its name and place.

    Args:
        dataset: dataset without a recipe, with the image product of the training.
        training: from the model's card. Cards made before 0.3 know the dataset's name alone.
    """
    ids = _ids(training)
    if len(training.digests) != len(ids) or not ids:
        return dataset.name == training.dataset
    known = {sample.id for sample in dataset.samples}
    whole = [i if i in known else block_of(i)[0] for i in ids]
    return is_dataset(dataset, whole, training.digests)


def seen_in_training(
    ids: Sequence[str],
    digests: Sequence[str],
    recipe: Mapping[str, Any],
    training: Training,
    dataset: str,
) -> list[str]:
    """Those of some samples that a model was trained on, under whatever names.

    A picture that is there twice, once on each side, was held out all the same. Blocks are compared
    with blocks where both trainings divide images alike; else an image any part of which was
    trained on is known.

    Args:
        ids: ids of the samples.
        digests: digest of each one's image (`core.datasets.identity`).
        recipe: recipe that they are used with, as JSON.
        training: from the model's card.
        dataset: name of their dataset, which counts for cards made before 0.3.
    """
    theirs = _ids(training)
    if len(training.digests) != len(theirs):
        return [i for i in ids if i in training.train] if dataset == training.dataset else []
    division = _division(recipe)
    alike = division == _division(training.config.get("recipe") or {})
    part = bool(division) and alike
    keys = [_key(i, d, part) for i, d in zip(theirs, training.digests, strict=True)]
    count = len(training.train)
    # Of other blocks of an image, those held out do not make up for those trained on.
    known = set(keys[:count]) - (set(keys[count:]) if alike else set())
    pairs = zip(ids, digests, strict=True)
    return [i for i, digest in pairs if digest and _key(i, digest, part) in known]


def sides_of_image(digest: str, name: tuple[str, str], training: Training) -> dict[str, list[str]]:
    """Which samples of a training are of an image, or are blocks of it, under whatever name.

    Args:
        digest: of the image's file (`core.datasets.identity`); empty where it is not known.
        name: its dataset's name and its id there, which count for cards made before 0.3.
        training: from the model's card.

    Returns:
        By side (`SIDES`) the ids; sides that have none are left out.
    """
    theirs = _ids(training)
    if len(training.digests) == len(theirs):
        pairs = zip(theirs, training.digests, strict=True)
        ids = {i for i, known in pairs if digest and known == digest}
    else:
        dataset, sample = name
        alike = dataset == training.dataset
        ids = {i for i in theirs if alike and sample in (i, block_of(i)[0])}
    sides = {side: [i for i in getattr(training, side) if i in ids] for side in SIDES}
    return {side: there for side, there in sides.items() if there}


def _ids(training: Training) -> tuple[str, ...]:
    return (*training.train, *training.val, *training.test)


def _division(recipe: Mapping[str, Any]) -> tuple[Any, ...]:
    """What the blocks follow from; empty for a recipe that divides no image."""
    if (recipe.get("split") or {}).get("kind") != "blocks":
        return ()
    windows = sorted((recipe.get("windows") or {}).items())
    return (recipe.get("patch") or {}).get("size", 256), str(windows)


def _key(sample_id: str, digest: str, part: bool) -> tuple[str, str]:
    return digest, block_of(sample_id)[1] if part else ""
