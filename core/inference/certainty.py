"""How sure a prediction is of each pixel: the likeliest class's probability, and the entropy.

Of two classes the probability of the likelier one says that of the other too, so that labels at
another threshold than one half are made of what was kept, without predicting again.

Both are kept as whole numbers, in one of two codings:

========  ======  ======================  =======  ================================================
coding    dtype   codes of the range      no data  why
========  ======  ======================  =======  ================================================
`FILE`    uint16  0 to 10,000             65535    read in a GIS with the scale 1/10,000: decimals
                                                   of a probability, and a threshold anywhere
`SCREEN`  uint8   1 to 255 (254 steps)    0        a pixel is a byte sent to the browser, an index
                                                   of its table of colours, of which 0 is clear
========  ======  ======================  =======  ================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.classes import VOID
from core.inference.anchor import FREE, Anchor
from core.inference.disagreement import entropy_bits

if TYPE_CHECKING:
    from core.inference.predictor import Predictor, Progress

__all__ = [
    "FILE",
    "HALF",
    "SCREEN",
    "Certainty",
    "Coding",
    "labels_at",
    "likelihood_codes",
    "most_bits",
    "predict_with_certainty",
]

HALF = 0.5
"""Threshold at which two classes are as `argmax` has them."""


@dataclass(frozen=True)
class Coding:
    """Values of a range in even steps, as whole numbers.

    Attributes:
        dtype: of the codes, unsigned.
        first: code of the low end of the range.
        steps: from there to the code of the high end.
        none: code of no value.
    """

    dtype: type[np.unsignedinteger[Any]]
    first: int
    steps: int
    none: int

    def codes(self, values: np.ndarray, low: float = 0, high: float = 1) -> np.ndarray:
        """Codes of values, at most half a step off; of NaN the code of no value.

        Args:
            values: of any shape and real dtype; beyond the range they count as its end.
            low, high: ends of the range, `low` below `high`.
        """
        share = (np.asarray(values, np.float32) - low) / (high - low)
        codes = self.first + 0.5 + self.steps * np.clip(share, 0, 1)
        return np.where(np.isnan(codes), self.none, codes).astype(self.dtype)


FILE = Coding(np.uint16, first=0, steps=10_000, none=65535)
"""Of the files of a prediction."""
SCREEN = Coding(np.uint8, first=1, steps=254, none=0)
"""Of the viewer, and of predictions that the workspace keeps for it."""


@dataclass(frozen=True)
class Certainty:
    """Of each pixel, coded as `SCREEN`.

    Attributes:
        confidence: (H, W) uint8 codes of the probability of the likeliest class, from 0 to 1.
        entropy: (H, W) uint8 codes of the entropy of the probabilities in bits, from 0 to
            `most_bits`.
        most_bits: entropy where all classes are equally likely.
        disagreement: (H, W) uint8 codes of the divergence of the views that were averaged, from 0
            to `most_bits` (`core.inference.disagreement`); None where there are none.
    """

    confidence: np.ndarray
    entropy: np.ndarray
    most_bits: float
    disagreement: np.ndarray | None = None


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
    """`Predictor.predict`, and how sure it is; three bytes a pixel in all, four of several views.

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
    divergence = None if predictor.averaging.is_plain else np.zeros(shape, np.uint8)
    for strip in predictor.strips(pixels, valid, progress, anchor=anchor, disagreement=True):
        rows = slice(strip.row, strip.row + len(strip.probabilities))
        labels[rows] = strip.probabilities.argmax(axis=-1)
        confidence[rows] = SCREEN.codes(strip.probabilities.max(axis=-1))
        entropy[rows] = SCREEN.codes(entropy_bits(strip.probabilities), 0, most)
        if divergence is not None and strip.disagreement is not None:
            divergence[rows] = SCREEN.codes(strip.disagreement, 0, most)
    if valid is not None:
        labels[~valid] = VOID
        confidence[~valid] = entropy[~valid] = SCREEN.none
        if divergence is not None:
            divergence[~valid] = SCREEN.none
    return labels, Certainty(confidence, entropy, most, divergence)


def likelihood_codes(labels: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """Codes of the probability of class 1 of two classes, from 0 (code 1) to 1 (code 255).

    Args:
        labels: (H, W) uint8 of two classes, 255 = void.
        confidence: (H, W) uint8 codes of the likelier one's probability.

    Returns:
        (H, W) uint8, 0 where there is no data.
    """
    codes = np.where(labels == 1, confidence, np.uint8(0) - confidence)  # 256 less the code
    return np.where(labels == VOID, np.uint8(0), codes)


def labels_at(labels: np.ndarray, confidence: np.ndarray, threshold: float) -> np.ndarray:
    """Labels of two classes where class 1 is taken from another probability on than one half.

    At `HALF` they are those that were predicted; else they go by the steps of the codes, so that a
    probability may be taken for one that is 1/508 higher or lower.

    Args:
        labels, confidence: as for `likelihood_codes`.
        threshold: probability of class 1, 0 to 1, from which on a pixel is of it.
    """
    if threshold == HALF:
        return labels
    likelihood = (likelihood_codes(labels, confidence).astype(np.float32) - 1) / 254
    chosen = (likelihood >= np.float32(threshold)).astype(np.uint8)
    return np.where(labels == VOID, np.uint8(VOID), chosen)
