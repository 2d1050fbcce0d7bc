"""Counts first, scores second: the confusion matrix and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.classes import VOID

__all__ = ["ClassScores", "Scores", "confusion", "scores"]


_AT_ONCE = 2**22  # pixels


def confusion(truth: np.ndarray, prediction: np.ndarray, classes: int) -> np.ndarray:
    """Count pixels by true and predicted class.

    Args:
        truth: labels of any shape, uint8; void pixels do not count.
        prediction: labels of the same shape; pixels predicted void have no data and do not count.
        classes: number of classes K.

    Returns:
        (K, K) int64, rows true, columns predicted.
    """
    true, predicted = truth.reshape(-1), prediction.reshape(-1)
    counts = np.zeros(classes * classes, np.int64)
    # Piece by piece: the pairs have eight bytes a pixel.
    for start in range(0, true.size, _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        counted = (true[part] != VOID) & (predicted[part] != VOID)
        pairs = true[part][counted].astype(np.int64) * classes + predicted[part][counted]
        counts += np.bincount(pairs, minlength=classes * classes)
    return counts.reshape(classes, classes)


@dataclass(frozen=True)
class ClassScores:
    """Scores of one class; None where the denominator is 0 (the class does not occur)."""

    iou: float | None
    f1: float | None
    precision: float | None
    recall: float | None
    support: int


@dataclass(frozen=True)
class Scores:
    """Scores pooled over pixels.

    Attributes:
        mean_iou: mean of the IoUs of the classes that occur in the truth or the prediction.
        pixel_accuracy: share of labelled pixels that are right.
        classes: scores of every class, in label order.
    """

    mean_iou: float | None
    pixel_accuracy: float | None
    classes: tuple[ClassScores, ...]

    def per_class(self, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The contract's ``per_class`` object.

        Args:
            names: class names in label order.
        """
        return {name: vars(c).copy() for name, c in zip(names, self.classes, strict=True)}


def scores(matrix: np.ndarray) -> Scores:
    """IoU (Jaccard), F1 (Dice), precision and recall per class from a confusion matrix.

    Args:
        matrix: (K, K), rows true, columns predicted.
    """
    hits = np.diag(matrix)
    truth, predicted = matrix.sum(axis=1), matrix.sum(axis=0)
    classes = tuple(
        ClassScores(
            iou=_ratio(hit, t + p - hit),
            f1=_ratio(2 * hit, t + p),
            precision=_ratio(hit, p),
            recall=_ratio(hit, t),
            support=int(t),
        )
        for hit, t, p in zip(hits, truth, predicted, strict=True)
    )
    ious = [c.iou for c in classes if c.iou is not None]
    return Scores(
        mean_iou=sum(ious) / len(ious) if ious else None,
        pixel_accuracy=_ratio(hits.sum(), matrix.sum()),
        classes=classes,
    )


def _ratio(numerator: float, denominator: float) -> float | None:
    return float(numerator) / float(denominator) if denominator else None
