"""Scores of outlines: boundary IoU, and the confusion near an edge of classes and away from one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.classes import VOID
from core.errors import ConfigError
from core.evaluation.confusion import confusion
from core.evaluation.label_quality import near_border

__all__ = ["MOST_DISTANCE", "EdgeCounts", "edge_counts"]

MOST_DISTANCE = 16
"""Pixels from an edge at most: the time grows with the square of it."""


@dataclass(frozen=True)
class EdgeCounts:
    """Counts of one image near the edges of its classes; may be added up over images.

    Attributes:
        shared: (K,) int64, pixels of a class near an edge in the truth and in the prediction.
        either: (K,) int64, the same in at least one of the two.
        near: (K, K) int64 confusion, rows true, of the pixels near an edge of the truth.
    """

    shared: np.ndarray
    either: np.ndarray
    near: np.ndarray


def edge_counts(
    truth: np.ndarray, prediction: np.ndarray, classes: int, distance: float
) -> EdgeCounts:
    """Count what boundary IoU and the scores near an edge are made of.

    Boundary IoU (Cheng et al. 2021, arXiv 2103.16562, equation 4) is the IoU of a class over those
    of its pixels in truth and prediction that are within `distance` of its own outline there. As in
    `near_border` distances are between centres of pixels, and borders with void and the image's
    edge are no outline, as what lies beyond is not known; the authors' program counts the image's
    edge, and measures along rows and columns.

    Args:
        truth: (H, W) uint8, 255 = void.
        prediction: (H, W) uint8, 255 = void.
        classes: number of classes K.
        distance: in pixels, above 0 and at most `MOST_DISTANCE`.

    Raises:
        ConfigError: the distance is outside of these.
    """
    if not 0 < distance <= MOST_DISTANCE:
        raise ConfigError(
            f"expected a distance above 0 and at most {MOST_DISTANCE} pixels, received {distance}",
            remedy="3 pixels are usual",
        )
    counted = (truth != VOID) & (prediction != VOID)
    truth, prediction = (np.where(counted, m, np.uint8(VOID)) for m in (truth, prediction))
    edge, predicted_edge = near_border(truth, distance), near_border(prediction, distance)
    shared = np.bincount(
        truth[edge & predicted_edge & (truth == prediction)], minlength=classes
    ).astype(np.int64)
    own = np.bincount(truth[edge], minlength=classes)
    predicted = np.bincount(prediction[predicted_edge], minlength=classes)
    near = confusion(np.where(edge, truth, np.uint8(VOID)), prediction, classes)
    return EdgeCounts(shared, own + predicted - shared, near)
