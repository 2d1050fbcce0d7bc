"""How sure a prediction is of each pixel: the likeliest class's probability, and the entropy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.classes import VOID
from core.inference.anchor import FREE, Anchor

if TYPE_CHECKING:
    from core.inference.predictor import Predictor, Progress

__all__ = ["Certainty", "entropy_bits", "most_bits", "predict_with_certainty", "value_codes"]


@dataclass(frozen=True)
class Certainty:
    """Of each pixel in 254 steps, one byte: see `value_codes`.

    Attributes:
        confidence: (H, W) uint8 codes of the probability of the likeliest class, from 0 to 1.
        entropy: (H, W) uint8 codes of the entropy of the probabilities in bits, from 0 to
            `most_bits`.
        most_bits: entropy where all classes are equally likely.
    """

    confidence: np.ndarray
    entropy: np.ndarray
    most_bits: float


def value_codes(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Values in 254 even steps: 1 stands for `low`, 255 for `high`, 0 for no value (NaN).

    Args:
        values: of any shape and real dtype; beyond the range they count as its end.
        low, high: ends of the range, `low` below `high`.

    Returns:
        uint8 of the same shape, at most half a step off.
    """
    share = (np.asarray(values, np.float32) - low) / (high - low)
    codes = 1.5 + 254 * np.clip(share, 0, 1)
    return np.where(np.isnan(codes), 0, codes).astype(np.uint8)


def entropy_bits(probabilities: np.ndarray) -> np.ndarray:
    """Shannon's entropy over the last axis in bits, (…, K) to (…); 0 where one class is certain."""
    logarithm = np.log2(np.maximum(probabilities, np.finfo(np.float32).tiny))
    return np.asarray(-(probabilities * logarithm).sum(axis=-1))


def most_bits(classes: int) -> float:
    """Entropy in bits where all of so many classes are equally likely."""
    return float(np.log2(max(classes, 2)))


def predict_with_certainty(
    predictor: Predictor,
    pixels: np.ndarray,
    valid: np.ndarray | None = None,
    progress: Progress | None = None,
    *,
    anchor: Anchor = FREE,
) -> tuple[np.ndarray, Certainty]:
    """`Predictor.predict`, and how sure it is; three bytes a pixel in all.

    Args:
        predictor: what predicts.
        pixels, valid, progress, anchor: as in `Predictor.predict`.

    Returns:
        (H, W) uint8 labels, and their certainty, which has no value where the image has no data.

    Raises:
        ImageError: the image has another number of bands or another dtype.
    """
    shape = pixels.shape[:2]
    labels, confidence, entropy = (np.empty(shape, np.uint8) for _ in range(3))
    most = most_bits(predictor.classes)
    for strip in predictor.strips(pixels, valid, progress, anchor=anchor):
        rows = slice(strip.row, strip.row + len(strip.probabilities))
        labels[rows] = strip.probabilities.argmax(axis=-1)
        confidence[rows] = value_codes(strip.probabilities.max(axis=-1), 0, 1)
        entropy[rows] = value_codes(entropy_bits(strip.probabilities), 0, most)
    if valid is not None:
        labels[~valid] = VOID
        confidence[~valid] = entropy[~valid] = 0
    return labels, Certainty(confidence, entropy, most)
