"""Whether probabilities can be believed: reliability, calibration error, and a threshold on them.

All that is kept are whole numbers and sums in bins, which may be added up over images.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.classes import VOID
from core.evaluation.confusion import Scores, scores

__all__ = ["BINS", "STEPS", "Calibration", "Coverage", "Reliability"]

BINS = 20
"""Bins of equal width in which probabilities are compared with frequencies."""

STEPS = 100
"""Steps of the confidence threshold, from 0 to 0.99."""

_AT_ONCE = 1 << 18  # pixels


@dataclass(frozen=True)
class Reliability:
    """Probability beside frequency, in bins; NaN in a bin without pixels.

    Attributes:
        pixels: (B,) int64.
        probability: (B,) mean of what the model says.
        frequency: (B,) share of the pixels of which it is true.
        error: expected calibration error: the mean of |probability − frequency| over the bins,
            weighted by their pixels (Naeini et al. 2015; Guo et al. 2017, arXiv 1706.04599,
            equation 3); None without pixels.
    """

    pixels: np.ndarray
    probability: np.ndarray
    frequency: np.ndarray
    error: float | None


@dataclass(frozen=True)
class Coverage:
    """What is left where only pixels of at least some confidence are mapped.

    Attributes:
        threshold: the least confidence.
        share: share of the labelled pixels that are mapped.
        scores: scores of these.
    """

    threshold: float
    share: float
    scores: Scores


class Calibration:
    """Counts of probabilities over the pixels of any number of images.

    Attributes:
        by_confidence: (STEPS, K, K) int64 confusion, rows true, by the probability of the class
            that is predicted: its step is from n / STEPS to below (n + 1) / STEPS.
        confidence: (BINS,) float64, sums of that probability, in the bins of `reliability`.
        pixels, positives: (BINS, K) int64: of all labelled pixels, by their probability of a class,
            how many, and how many are of the class.
        probability: (BINS, K) float64, sums of that probability.
    """

    def __init__(self, classes: int) -> None:
        self.classes = classes
        self.by_confidence = np.zeros((STEPS, classes, classes), np.int64)
        self.confidence = np.zeros(BINS)
        self.pixels = np.zeros((BINS, classes), np.int64)
        self.positives = np.zeros((BINS, classes), np.int64)
        self.probability = np.zeros((BINS, classes))

    def add(self, truth: np.ndarray, probabilities: np.ndarray) -> None:
        """Count some pixels.

        Args:
            truth: labels of any shape, uint8; void pixels do not count.
            probabilities: of the same shape and a last axis of K classes, float32.
        """
        counted = truth != VOID
        labels, given = truth[counted].astype(np.int64), probabilities[counted]
        for start in range(0, len(labels), _AT_ONCE):
            self._add(labels[start : start + _AT_ONCE], given[start : start + _AT_ONCE])

    def _add(self, labels: np.ndarray, given: np.ndarray) -> None:
        k = self.classes
        predicted = given.argmax(axis=1)
        confidence = np.take_along_axis(given, predicted[:, None], 1)[:, 0].astype(np.float64)
        step = _bin(confidence, STEPS)
        at = (step * k + labels) * k + predicted
        self.by_confidence += np.bincount(at, minlength=STEPS * k * k).reshape(STEPS, k, k)
        # The steps are parts of the bins: rounding puts no pixel into one and its share elsewhere.
        self.confidence += np.bincount(step // (STEPS // BINS), confidence, BINS)
        place = _bin(given, BINS) * k + np.arange(k)
        flat, size = place.ravel(), BINS * k
        self.pixels += np.bincount(flat, minlength=size).reshape(BINS, k)
        self.probability += np.bincount(flat, given.ravel(), size).reshape(BINS, k)
        own = np.take_along_axis(place, labels[:, None], 1)[:, 0]
        self.positives += np.bincount(own, minlength=size).reshape(BINS, k)

    def reliability(self) -> Reliability:
        """Of the predicted class: its probability beside the share of pixels that are right."""
        matrices = self.by_confidence.reshape(BINS, -1, self.classes, self.classes).sum(axis=1)
        hits = np.trace(matrices, axis1=1, axis2=2)
        return _reliability(matrices.sum(axis=(1, 2)), self.confidence, hits)

    def class_reliability(self) -> tuple[Reliability, ...]:
        """Of each class: its probability, at every pixel, beside the share of it there.

        The mean of their errors is the classwise error of Kull et al. 2019 (arXiv 1910.12656,
        equation 4).
        """
        return tuple(
            _reliability(self.pixels[:, k], self.probability[:, k], self.positives[:, k])
            for k in range(self.classes)
        )

    def coverage(self) -> tuple[Coverage, ...]:
        """Scores and share of the pixels at every threshold of confidence that leaves some."""
        left = self.by_confidence[::-1].cumsum(axis=0)[::-1]
        total = int(left[0].sum())
        return tuple(
            Coverage(step / STEPS, int(matrix.sum()) / total, scores(matrix))
            for step, matrix in enumerate(left)
            if matrix.any()
        )


def _bin(values: np.ndarray, bins: int) -> np.ndarray:
    # In 64 bits: in 32 a product may be rounded up to the next bin.
    at = (values.astype(np.float64) * bins).astype(np.intp)
    return np.minimum(at, bins - 1, out=at)


def _reliability(pixels: np.ndarray, sums: np.ndarray, positives: np.ndarray) -> Reliability:
    total = int(pixels.sum())
    with np.errstate(invalid="ignore"):
        probability, frequency = sums / pixels, positives / pixels
    error = float(np.abs(sums - positives).sum() / total) if total else None
    return Reliability(pixels, probability, frequency, error)
