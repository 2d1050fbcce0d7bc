"""Where a prediction and the truth differ."""

from __future__ import annotations

import numpy as np

from core.classes import VOID

__all__ = ["error_map"]

_RIGHT, _WRONG = (46, 160, 67, 110), (229, 30, 60, 230)


def error_map(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Where a prediction is right and wrong, (H, W, 4) uint8 RGBA.

    Right is a quiet green, wrong a strong red; pixels void on either side are transparent.
    """
    counted = (truth != VOID) & (prediction != VOID)
    picture = np.zeros((*truth.shape, 4), np.uint8)
    picture[counted] = _RIGHT
    picture[counted & (truth != prediction)] = _WRONG
    return picture
