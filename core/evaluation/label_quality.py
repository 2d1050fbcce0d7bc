"""How good a score can be: what labels themselves leave open.

Labels are drawn by people, one pixel off here, a whole plot off there; a model cannot agree with
them better than they agree with the ground. Three looks at that: scores without the pixels beside a
border of classes, the agreement of two label maps of the same place, and labels that a model which
did not train on them is sure are wrong. All counts are whole numbers and may be added up over
images.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from core.classes import VOID
from core.errors import ConfigError, ImageError
from core.evaluation.confusion import Scores, confusion, scores

__all__ = [
    "Agreement",
    "BorderScores",
    "SuspectLabels",
    "agreement",
    "border_scores",
    "near_border",
    "suspect_labels",
]


def near_border(labels: np.ndarray, tolerance: float) -> np.ndarray:
    """Labelled pixels from which a pixel of another class is no farther than `tolerance`.

    Distances are between the pixels' centres, so that 1 takes one pixel on either side of a border.
    Borders with void, and the image's edge, are none: what lies beyond is not known. Taking such
    pixels out of a score is the erosion by a disc of the ISPRS benchmark (Rottensteiner et al.
    2014, ISPRS 2D Semantic Labeling Contest, radius 3).

    Args:
        labels: (H, W) uint8, 255 = void.
        tolerance: in pixels; 0 for none.

    Returns:
        (H, W) bool.

    Raises:
        ConfigError: the tolerance is negative or not finite.
    """
    if not 0 <= tolerance < np.inf:
        raise ConfigError(
            f"expected a tolerance from 0 pixels, received {tolerance}",
            remedy="2 is what people are off by",
        )
    reach = min(int(tolerance), max(labels.shape))
    if reach == 0 or labels.size == 0:
        return np.zeros(labels.shape, bool)
    steps = np.arange(-reach, reach + 1)
    disc = (steps[:, None] ** 2 + steps**2 <= tolerance**2).astype(np.uint8)
    # Another class is near where the greatest or the least label in the disc is another one; void
    # is made the least for the one, and is the greatest for the other. Beyond the edge is nothing.
    void = labels == VOID
    greatest = cv2.dilate(np.where(void, np.uint8(0), labels), disc)
    least = cv2.erode(np.ascontiguousarray(labels), disc)
    return np.asarray(((greatest != labels) | (least != labels)) & ~void)


@dataclass(frozen=True)
class BorderScores:
    """Scores with and without the pixels beside a border of classes.

    Attributes:
        tolerance: pixels that count as beside it.
        all_pixels: (K, K) int64 confusion of all labelled pixels, rows true.
        away: (K, K) int64 confusion of those that are not beside a border.
    """

    tolerance: float
    all_pixels: np.ndarray
    away: np.ndarray

    @property
    def near_share(self) -> float | None:
        """Share of the labelled pixels that are beside a border; None where none is labelled."""
        labelled = int(self.all_pixels.sum())
        return 1 - int(self.away.sum()) / labelled if labelled else None

    @property
    def scores(self) -> Scores:
        """Scores of all labelled pixels."""
        return scores(self.all_pixels)

    @property
    def scores_away(self) -> Scores:
        """Scores of the pixels that are not beside a border."""
        return scores(self.away)


def border_scores(
    pairs: Iterable[tuple[np.ndarray, np.ndarray]], classes: int, tolerance: float = 2
) -> BorderScores:
    """Score predictions with and without the pixels beside a border of the truth's classes.

    Args:
        pairs: truth and prediction of each image, both (H, W) uint8, 255 = void; pooled.
        classes: number of classes K.
        tolerance: pixels, as in `near_border`.

    Raises:
        ConfigError: the tolerance is negative or not finite.
        ImageError: truth and prediction of an image differ in size.
    """
    all_pixels, away = (np.zeros((classes, classes), np.int64) for _ in range(2))
    for truth, prediction in pairs:
        _check_size(truth, prediction.shape)
        all_pixels += confusion(truth, prediction, classes)
        inside = np.where(near_border(truth, tolerance), np.uint8(VOID), truth)
        away += confusion(inside, prediction, classes)
    return BorderScores(tolerance, all_pixels, away)


@dataclass(frozen=True)
class Agreement:
    """How far two label maps agree, where both are labelled; neither is the truth.

    Attributes:
        matrix: (K, K) int64, rows the first map's classes, columns the second's.
        mean_iou: mean of the IoUs of the classes that occur in either map.
        pixel_agreement: share of the pixels with the same class.
        kappa: Cohen's kappa, the agreement beyond what chance would give two maps with these
            shares of the classes (Cohen 1960); 1 for the same map, 0 for chance.
        class_iou: IoU of each class.
        class_kappa: Cohen's kappa of each class against all others.

    All but the matrix are None where a denominator is 0: where nothing is labelled in both, or for
    kappa where both maps hold one and the same class alone.
    """

    matrix: np.ndarray
    mean_iou: float | None
    pixel_agreement: float | None
    kappa: float | None
    class_iou: tuple[float | None, ...]
    class_kappa: tuple[float | None, ...]


def agreement(matrix: np.ndarray) -> Agreement:
    """Agreement of two label maps from their confusion.

    Args:
        matrix: (K, K), as `confusion` counts it of the two maps, summed over images.
    """
    result = scores(matrix)
    total, hits = int(matrix.sum()), np.diag(matrix)
    first, second = matrix.sum(axis=1), matrix.sum(axis=0)
    against_others = []
    for hit, a, b in zip(hits.tolist(), first.tolist(), second.tolist(), strict=True):
        binary = np.array([[hit, a - hit], [b - hit, total - a - b + hit]])
        against_others.append(_kappa(binary))
    return Agreement(
        matrix,
        result.mean_iou,
        result.pixel_accuracy,
        _kappa(matrix),
        tuple(c.iou for c in result.classes),
        tuple(against_others),
    )


def _kappa(matrix: np.ndarray) -> float | None:
    """(observed − by chance) / (1 − by chance), None where chance alone gives 1."""
    # Python's numbers: the products of large images' counts go beyond 64 bits.
    rows, columns = matrix.sum(axis=1).tolist(), matrix.sum(axis=0).tolist()
    total, hits = sum(rows), sum(np.diag(matrix).tolist())
    chance = sum(a * b for a, b in zip(rows, columns, strict=True))
    left = total * total - chance
    return (total * hits - chance) / left if left else None


@dataclass(frozen=True)
class SuspectLabels:
    """Labels that a model is sure are of another class.

    Attributes:
        certainty: probability from which it is sure.
        scenes: names in the order in which they came first.
        labelled: (S, K) int64 labelled pixels by scene and class of the label.
        suspect: (S, K, K) int64 suspect pixels by scene, class of the label, class of the model.
    """

    certainty: float
    scenes: tuple[str, ...]
    labelled: np.ndarray
    suspect: np.ndarray

    @property
    def share(self) -> float | None:
        """Share of the labelled pixels that are suspect; None where none is labelled."""
        return _share(self.suspect.sum(), self.labelled.sum())

    @property
    def class_shares(self) -> tuple[float | None, ...]:
        """The same of the pixels labelled with each class."""
        suspect = self.suspect.sum(axis=(0, 2))
        return tuple(map(_share, suspect, self.labelled.sum(axis=0)))

    @property
    def scene_shares(self) -> dict[str, float | None]:
        """The same of each scene."""
        suspect = self.suspect.sum(axis=(1, 2))
        shares = map(_share, suspect, self.labelled.sum(axis=1))
        return dict(zip(self.scenes, shares, strict=True))


def suspect_labels(
    images: Iterable[tuple[str, np.ndarray, np.ndarray]], classes: int, certainty: float = 0.9
) -> SuspectLabels:
    """Count labels that a model is sure are of another class.

    It must not have trained on the images, or it has learned their errors by heart; and a model
    that is sure too often suspects too much: the probabilities are to be calibrated for the share
    to be one of wrong labels. After confident learning (Northcutt et al. 2021, arXiv 1911.00068),
    with one and the same certainty for all classes.

    Args:
        images: scene, labels (H, W) uint8 with 255 = void, and probabilities (H, W, K), of each
            image; pixels without data, whose probabilities are NaN, do not count.
        classes: number of classes K.
        certainty: above 0.5, so that one class alone can reach it, to 1.

    Raises:
        ConfigError: the certainty is not above 0.5 and at most 1.
        ImageError: labels and probabilities of an image differ in size or classes.
    """
    if not 0.5 < certainty <= 1:
        raise ConfigError(
            f"expected a certainty above 0.5 and at most 1, received {certainty}",
            remedy="0.9 is a usual one",
        )
    counts: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for scene, labels, probabilities in images:
        _check_size(probabilities, (*labels.shape, classes))
        labelled, suspect = counts.setdefault(
            scene, (np.zeros(classes, np.int64), np.zeros((classes, classes), np.int64))
        )
        seen = (labels != VOID) & np.isfinite(probabilities).all(axis=-1)
        given, scored = labels[seen], probabilities[seen]
        labelled += np.bincount(given, minlength=classes)
        likeliest = scored.argmax(axis=-1).astype(np.uint8)
        unsure = scored.max(axis=-1) < certainty
        suspect += confusion(np.where(unsure, np.uint8(VOID), given), likeliest, classes)
    for _, suspect in counts.values():
        np.fill_diagonal(suspect, 0)
    columns = list(counts.values())
    return SuspectLabels(
        certainty,
        tuple(counts),
        np.array([labelled for labelled, _ in columns], np.int64).reshape(-1, classes),
        np.array([suspect for _, suspect in columns], np.int64).reshape(-1, classes, classes),
    )


def _share(part: int, total: int) -> float | None:
    return int(part) / int(total) if total else None


def _check_size(array: np.ndarray, shape: tuple[int, ...]) -> None:
    """Raise where two arrays of one image differ: NumPy would broadcast, or count askew."""
    if array.shape != shape:
        raise ImageError(
            f"arrays of one image differ in shape: {array.shape} and {shape}",
            remedy="give both on the image's grid, with the same classes",
        )
