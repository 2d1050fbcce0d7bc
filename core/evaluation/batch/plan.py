"""What a batch predicts: uploaded files, or a dataset's samples, and how they are opened."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from core.datasets.catalogue import find_dataset
from core.datasets.dataset import Dataset, Sample
from core.datasets.identity import image_digest
from core.datasets.masks.single_mask import SingleMask, Truth, likeliest, no_known_class
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
from core.evaluation.kept.truth import list_misfits
from core.evaluation.match_classes import match_classes
from core.evaluation.trained_on import seen_in_training
from core.formats import counted
from core.imagery.header import read_header
from core.imagery.raster import Raster, read_raster
from core.imagery.scene.scene import is_read_by_windows
from core.models.card import ModelCard
from core.models.store import ModelRef, find_model, list_models, read_card

__all__ = [
    "BatchSource",
    "ImageTruth",
    "model_of_batch",
    "open_source",
    "plan_files",
    "plan_samples",
    "samples_of_side",
]

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class ImageTruth:
    """The ground truth of an image, or why there is none.

    Attributes:
        labels: (H, W) uint8 with the model's labels, 255 = void; None where there is none.
        note: why there is none though there is a mask, or how it was read.
    """

    labels: np.ndarray | None = None
    note: str = ""


class BatchSource(Protocol):
    """The images of a batch, opened one at a time."""

    def path(self, number: int) -> Path:
        """The file of an image.

        Raises:
            DatasetError: it has gone, or is not the one that was planned.
        """
        ...

    def raster(self, number: int) -> Raster:
        """An image as it is predicted.

        Raises:
            DatasetError: it has gone, or is not the one that was planned.
            ImageError: it cannot be read.
        """
        ...

    def truth(self, number: int, raster: Raster) -> ImageTruth:
        """The ground truth of an image; what is wrong with a mask is said in its note."""
        ...


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


def open_source(kept: KeptBatch, record: BatchRecord, card: ModelCard) -> BatchSource:
    """The images of a batch.

    Raises:
        DatasetError: the dataset is gone.
        ConfigError, ModelError: its recipe is gone or does not fit any more.
    """
    if record.side is None:
        return _Files(kept, record, card)
    try:
        dataset, _ = samples_of_side(record.side, card)
    except DatasetError as error:
        raise DatasetError(
            f"the images of this batch cannot be opened: {error.what}",
            where=error.where,
            remedy="bring the dataset back under this name; the table can be read without it",
        ) from error
    return _Samples(record, card, dataset)


class _Files:
    """Uploaded files."""

    def __init__(self, kept: KeptBatch, record: BatchRecord, card: ModelCard) -> None:
        self._home, self._record, self._card = kept.uploads, record, card

    def _place(self, below: str) -> Path:
        path = (self._home / below).resolve()
        if not path.is_relative_to(self._home.resolve()):
            raise DatasetError(
                "the record names a file outside the batch", where=below, remedy="delete the batch"
            )
        return path

    def path(self, number: int) -> Path:
        path = self._place(self._record.images[number].file)
        if not path.is_file():
            name = self._record.images[number].name
            raise DatasetError(
                "the uploaded image has gone", where=name, remedy="upload it again, in a new batch"
            )
        return path

    def raster(self, number: int) -> Raster:
        image = self._record.images[number]
        # Of a world file beside it where the image lies is read too.
        return read_raster(self.path(number), name=image.name)

    def truth(self, number: int, raster: Raster) -> ImageTruth:
        image = self._record.images[number]
        if not image.mask:
            return ImageTruth()
        try:
            return self._read(image, raster)
        except (ImageError, DatasetError) as error:
            return ImageTruth(note=f"No scores: {error.sentences}")

    def _read(self, image: BatchImage, raster: Raster) -> ImageTruth:
        name = image.mask.rpartition("/")[2]
        classes = self._card.classes
        mask = SingleMask(
            self._place(image.mask), classes, raster.header, name=name, coding=self._card.masks
        )
        if not mask.readings:
            no_known_class(classes, name)
        first = mask.readings[0]
        truth: Truth | None = first.truth if first.certain else None
        if truth is None and self._record.options.likeliest_masks:
            truth = likeliest(mask.readings)
        if truth is None:
            return ImageTruth(
                note=f"No scores: it is not certain how the mask {name} is written, perhaps "
                f"{first.title}. Have the likeliest way taken, or predict this image alone, where "
                "the page asks."
            )
        return ImageTruth(truth.labels, " ".join(truth.notes))


class _Samples:
    """A dataset's samples."""

    def __init__(self, record: BatchRecord, card: ModelCard, dataset: Dataset) -> None:
        self._record, self._dataset = record, dataset
        self._by_id = {sample.id: sample for sample in dataset.samples}
        self._lookup: np.ndarray | None = None
        try:
            self._lookup = match_classes(dataset.classes, card.classes, dataset.name)
            self._compared = True
        except DatasetError:
            self._compared = False

    def _sample(self, number: int) -> Sample:
        image = self._record.images[number]
        sample = self._by_id.get(image.name)
        now = image_digest(sample.image) if sample else ""
        if sample is None or now != image.digest:
            changed = bool(sample and now)
            raise DatasetError(
                f"the sample {image.name} {'has another image now' if changed else 'has gone'}",
                where=self._dataset.name,
                remedy="bring the file back as it was, or predict it anew in another batch",
            )
        return sample

    def path(self, number: int) -> Path:
        return self._sample(number).image

    def raster(self, number: int) -> Raster:
        return self._dataset.load_image(self._sample(number))

    def truth(self, number: int, raster: Raster) -> ImageTruth:
        sample = self._sample(number)
        if sample.mask is None or not self._compared:
            return ImageTruth()
        if misfits := list_misfits(self._dataset, [sample]):
            return ImageTruth(note=f"No scores: {misfits[0].text}.")
        try:
            labels = self._dataset.load_labels(sample, raster.pixels.shape[:2])
        except (ImageError, DatasetError) as error:
            return ImageTruth(note=f"No scores: {error.sentences}")
        return ImageTruth(labels if self._lookup is None else self._lookup[labels])
