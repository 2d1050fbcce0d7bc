"""How sure a prediction is of each pixel, as whole numbers for a file."""

from __future__ import annotations

import numpy as np

__all__ = ["CONFIDENCE_STEPS", "NO_CONFIDENCE", "confidence_values"]

CONFIDENCE_STEPS = 10_000
"""Confidence is kept in steps of 1/10,000."""
NO_CONFIDENCE = 65535
"""The value of pixels without data."""


def confidence_values(likeliest: np.ndarray) -> np.ndarray:
    """Probabilities of the likeliest class, of any shape, in steps of 1/10,000, uint16."""
    steps = np.rint(likeliest * np.float32(CONFIDENCE_STEPS))
    return np.clip(steps, 0, CONFIDENCE_STEPS).astype(np.uint16)
