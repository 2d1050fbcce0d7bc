"""The images of a batch and their ground truth, opened one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from core.datasets.dataset import Dataset, Sample
from core.datasets.identity import image_digest
from core.datasets.masks.single_mask import SingleMask, Truth, likeliest, no_known_class
from core.errors import DatasetError, ImageError
from core.evaluation.batch.large_truth import confusion_by_windows
from core.evaluation.batch.plan import samples_of_side
from core.evaluation.batch.record import (
    BatchImage,
    BatchRecord,
)
from core.evaluation.batch.store import KeptBatch
from core.evaluation.kept.truth import list_misfits
from core.evaluation.match_classes import match_classes
from core.imagery.raster import Raster, read_raster
from core.models.card import ModelCard

__all__ = ["BatchSource", "ImageTruth", "open_source"]


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

    def compared(self, number: int, prediction: Path) -> tuple[np.ndarray | None, str]:
        """Confusion of a scene's labels in a file with its mask, and why there is none."""
        ...


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

    def compared(self, number: int, prediction: Path) -> tuple[np.ndarray | None, str]:
        mask = self._record.images[number].mask
        return None, "No scores: masks of uploads this large are not read." if mask else ""


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

    def compared(self, number: int, prediction: Path) -> tuple[np.ndarray | None, str]:
        sample, classes = self._sample(number), len(self._record.classes)
        if sample.mask is None or not self._compared:
            return None, ""
        try:
            return confusion_by_windows(
                self._dataset, sample, prediction, classes, self._lookup
            ), ""
        except (ImageError, DatasetError) as error:
            return None, f"No scores: {error.sentences}"
