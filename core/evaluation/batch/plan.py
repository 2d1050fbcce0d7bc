"""What a batch predicts: uploaded files, or a dataset's samples, and how they are opened."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from core.datasets.catalogue import find_dataset
from core.datasets.dataset import Dataset, Sample
from core.datasets.identity import image_digest
from core.datasets.recipes.apply import prepared
from core.datasets.recipes.recipe import load_recipe
from core.datasets.recipes.revisions import recipe_file
from core.datasets.recipes.splits import split_samples
from core.errors import DatasetError, ImageError, ModelError
from core.evaluation.batch.files import UploadedImages
from core.evaluation.batch.record import (
    MOST_IMAGES,
    BatchImage,
    BatchOptions,
    BatchRecord,
    BatchSide,
)
from core.evaluation.batch.store import KeptBatch
from core.evaluation.evaluate import apply_card_recipe
from core.evaluation.match_classes import match_classes
from core.evaluation.trained_on import seen_in_training
from core.formats import counted
from core.imagery.header import read_header
from core.imagery.scene.scene import is_read_by_windows
from core.models.card import ModelCard
from core.models.store import ModelRef, find_model, list_models, read_card

__all__ = [
    "model_of_batch",
    "plan_files",
    "plan_samples",
    "samples_of_side",
]

Progress = Callable[[int, int], None]


def plan_files(
    kept: KeptBatch,
    uploaded: UploadedImages,
    model: ModelRef,
    options: BatchOptions,
    progress: Progress | None = None,
) -> BatchRecord:
    """The record of a batch of uploaded files, in no list.

    Args:
        kept: the batch, whose `uploads` hold the files.
        uploaded: what they are.
        model: the model.
        options: how they are predicted.
        progress: called with the number of images that were looked at and of all.

    Raises:
        ModelError: the model's card cannot be read.
    """
    card = read_card(model.folder)
    images = []
    for number, (name, (file, mask)) in enumerate(uploaded.images.items()):
        if progress:
            progress(number, len(uploaded.images))
        path = kept.uploads / file
        images.append(_looked_at(BatchImage(name=name, file=file, mask=mask), path))
    return BatchRecord(
        model=model.name,
        sha256=card.sha256,
        options=options,
        classes=card.classes,
        images=tuple(images),
        left_out=tuple(text[:4096] for text in uploaded.left_out),
        made=time.time(),
        listed=False,
    )


def plan_samples(
    model: ModelRef, side: BatchSide, options: BatchOptions, progress: Progress | None = None
) -> BatchRecord:
    """The record of a batch of a dataset's samples.

    Args:
        model: the model.
        side: the dataset and which of its samples.
        options: how they are predicted.
        progress: called with the number of images that were looked at and of all.

    Raises:
        ConfigError: the recipe does not fit the dataset.
        DatasetError: there is no such dataset, or no such sample.
        ModelError: the model's card cannot be read.
    """
    card = read_card(model.folder)
    dataset, samples = samples_of_side(side, card)
    if len(samples) > MOST_IMAGES:
        raise DatasetError(
            f"there are {len(samples):,} samples, and {MOST_IMAGES:,} is the limit of a batch",
            where=side.dataset,
            remedy="choose a side of a split, or predict it on the command line",
        )
    images = []
    for number, sample in enumerate(samples):
        if progress:
            progress(number, len(samples))
        image = _looked_at(BatchImage(name=sample.id), sample.image)
        whole = image.large and not (sample.turned or sample.id in dataset.windows)
        images.append(image.model_copy(update={"large": whole}))
    digests = [image.digest for image in images]
    remarks = tuple(_remarks(card, dataset, samples, digests))
    return BatchRecord(
        model=model.name,
        sha256=card.sha256,
        side=side,
        options=options,
        classes=card.classes,
        images=tuple(images),
        remarks=remarks,
        made=time.time(),
    )


def _looked_at(image: BatchImage, path: Path) -> BatchImage:
    """An image with what its header says; what cannot be read is left to where it is predicted."""
    try:
        header = read_header(path)
    except ImageError:
        return image.model_copy(update={"digest": image_digest(path)})
    return image.model_copy(
        update={
            "width": header.width,
            "height": header.height,
            "digest": image_digest(path),
            "large": is_read_by_windows(path, header),
        }
    )


def _remarks(
    card: ModelCard, dataset: Dataset, samples: Sequence[Sample], digests: Sequence[str]
) -> Iterator[str]:
    ids = [sample.id for sample in samples]
    try:
        lookup = match_classes(dataset.classes, card.classes, dataset.name)
    except DatasetError:
        if any(sample.mask for sample in samples):
            yield (
                "The dataset has other classes than the model "
                f"({', '.join(dataset.classes.names)}): its masks are not compared."
            )
    else:
        if lookup is not None:
            yield (
                "The dataset has the model's classes in another order: they were matched by name."
            )
    if seen := seen_in_training(ids, digests, {}, card.training, dataset.name):
        yield (
            f"The model was trained on {len(seen):,} of these {counted(len(ids), 'sample')}: "
            "their scores are better than on images that it has not seen."
        )


def samples_of_side(side: BatchSide, card: ModelCard) -> tuple[Dataset, list[Sample]]:
    """A dataset as a side's recipe has it, and its samples on that side.

    Args:
        side: the dataset and the side.
        card: card of the model, whose own split is taken where the side names no recipe.

    Raises:
        ConfigError: the recipe is gone or does not fit the dataset.
        DatasetError: there is no such dataset, or nothing on that side.
        ModelError: the recipe in the card cannot be read.
    """
    dataset = find_dataset(side.dataset)
    if side.recipe:
        recipe = load_recipe(recipe_file(side.recipe, side.revision))
        # The predictor takes its bands out of the file's, as the model's card says.
        dataset = prepared(dataset, recipe.model_copy(update={"bands": ()}), own=True)
        split = split_samples(dataset.samples, recipe.split)
        wanted = None if side.side == "all" else set(getattr(split, side.side))
    else:
        dataset = apply_card_recipe(dataset, card, side.side)
        wanted = None if side.side == "all" else set(getattr(card.training, side.side))
    samples = [s for s in dataset.samples if wanted is None or s.id in wanted]
    if side.samples:
        samples = [s for s in samples if s.id in side.samples]
    if not samples:
        whose = f"the recipe {side.recipe}" if side.recipe else f"the model {card.name}"
        raise DatasetError(
            f"no sample of this dataset is on the side {side.side!r} of {whose}"
            if side.side != "all"
            else "the dataset has no sample",
            where=side.dataset,
            remedy="take all samples, or another split",
        )
    return dataset, samples


def model_of_batch(record: BatchRecord) -> ModelRef:
    """The model that a batch is predicted with, also under another name by now.

    Raises:
        ModelError: it is gone, or has other weights now.
    """
    try:
        ref = find_model(record.model)
        if read_card(ref.folder).sha256 == record.sha256:
            return ref
        what = "has other weights now"
    except ModelError:
        what = "is gone"
    for ref in list_models():
        try:
            if read_card(ref.folder).sha256 == record.sha256:
                return ref
        except ModelError:
            continue
    raise ModelError(
        f"the model {record.model} {what}: the batch cannot go on",
        where=record.title,
        remedy="import it again; what is predicted already stays as it is",
    )
