"""Two batches of the same images, by two models or with other settings, image by image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.errors import DatasetError, WorkspaceError
from core.evaluation.batch.record import BatchRecord
from core.evaluation.batch.store import KeptBatch
from core.evaluation.batch.table import at_threshold
from core.evaluation.confusion import confusion, scores
from core.evaluation.label_quality import agreement
from core.evaluation.match_classes import match_classes
from core.inference.certainty import labels_at

__all__ = ["BatchPair", "compare_batches", "pair_images"]


@dataclass(frozen=True)
class BatchPair:
    """An image that two batches have.

    Attributes:
        number, other: of the image in the one and in the other.
        name: what the one calls it.
        agreement: share of the pixels that have the same class in both; None where it is unknown.
        kappa: Cohen's; None where it is undefined.
        mean_iou, other_mean_iou: against the truth; None where there is none.
        note: why they are not compared.
    """

    number: int
    other: int
    name: str
    agreement: float | None = None
    kappa: float | None = None
    mean_iou: float | None = None
    other_mean_iou: float | None = None
    note: str = ""

    @property
    def rank(self) -> tuple[bool, float]:
        """By which pairs are in order, those that agree least first."""
        return self.agreement is None, self.agreement or 0.0


def pair_images(record: BatchRecord, other: BatchRecord) -> list[tuple[int, int]]:
    """Numbers of the images that both batches have: the same file, or where that is unknown the
    same name."""
    by_name = {image.name: number for number, image in enumerate(other.images)}
    by_digest = {image.digest: number for number, image in enumerate(other.images) if image.digest}
    pairs = []
    for number, image in enumerate(record.images):
        there = by_name.get(image.name)
        # Blocks of an image have its digest too: the name comes first.
        if there is None or other.images[there].digest != image.digest:
            there = by_digest.get(image.digest)
        if there is not None:
            pairs.append((number, there))
    return pairs


def compare_batches(
    kept: KeptBatch, other: KeptBatch, progress: Callable[[int, int], None] | None = None
) -> list[BatchPair]:
    """Compare the images that two batches have, those first that agree least.

    Args:
        kept, other: the batches, each at the threshold that is kept with it.
        progress: called with the number of images compared and of all.

    Raises:
        DatasetError: they share no image, or have other classes.
        WorkspaceError: one is damaged.
    """
    record, theirs = kept.record(), other.record()
    try:
        lookup = match_classes(theirs.classes, record.classes, theirs.title)
    except DatasetError as error:
        raise DatasetError(
            f"the two batches have other classes: {', '.join(record.classes.names)} and "
            f"{', '.join(theirs.classes.names)}",
            remedy="compare batches of models with the same classes; their order does not matter",
        ) from error
    pairs = pair_images(record, theirs)
    if not pairs:
        raise DatasetError(
            "the two batches share no image", remedy="predict the same images with both models"
        )
    results, other_results = kept.results(), other.results()
    compared = []
    for done, (number, there) in enumerate(pairs):
        if progress:
            progress(done, len(pairs))
        name = record.images[number].name
        one, two = results.get(number), other_results.get(there)
        if one is None or two is None or one.failed or two.failed:
            note = "it is not predicted in both"
            compared.append(BatchPair(number, there, name, note=note))
            continue
        moved = at_threshold(one, record.threshold), at_threshold(two, theirs.threshold)
        ious = [scores(np.array(r.matrix)).mean_iou if r.matrix else None for r in moved]
        pair = BatchPair(number, there, name, mean_iou=ious[0], other_mean_iou=ious[1])
        compared.append(_agreed(pair, (kept, record), (other, theirs), lookup))
    return sorted(compared, key=lambda pair: pair.rank)


def _agreed(
    pair: BatchPair,
    batch: tuple[KeptBatch, BatchRecord],
    other: tuple[KeptBatch, BatchRecord],
    lookup: np.ndarray | None,
) -> BatchPair:
    """A pair with how far its maps agree."""
    try:
        labels, theirs = _labels(*batch, pair.number), _labels(*other, pair.other)
    except WorkspaceError as error:
        return _noted(pair, error.what)
    classes = len(batch[1].classes)
    if labels.shape != theirs.shape:
        return _noted(pair, "the image had another size in the other batch")
    both = agreement(confusion(labels, theirs if lookup is None else lookup[theirs], classes))
    return BatchPair(
        pair.number,
        pair.other,
        pair.name,
        both.pixel_agreement,
        both.kappa,
        pair.mean_iou,
        pair.other_mean_iou,
    )


def _labels(kept: KeptBatch, record: BatchRecord, number: int) -> np.ndarray:
    """The labels of an image at the batch's threshold."""
    maps = kept.maps(number, len(record.classes))
    if len(record.classes) != 2:
        return maps.labels
    return labels_at(maps.labels, maps.certainty.confidence, record.threshold)


def _noted(pair: BatchPair, note: str) -> BatchPair:
    return BatchPair(
        pair.number,
        pair.other,
        pair.name,
        mean_iou=pair.mean_iou,
        other_mean_iou=pair.other_mean_iou,
        note=note,
    )
