"""Pictures made smaller for the screen; of label maps see `core.imagery.resample`."""

from __future__ import annotations

import cv2
import numpy as np

__all__ = ["display_size", "downsample_image"]


def display_size(height: int, width: int, limit: int) -> tuple[int, int]:
    """(height, width) that fits in `limit` pixels on the longer side, never enlarged."""
    scale = min(1.0, limit / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def downsample_image(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """The mean over the area of each output pixel: (H, W, 3 or 4) uint8 in and out.

    With an alpha channel the mean is weighted by alpha, so that the colour of transparent pixels
    does not bleed into the edges of what is seen.
    """
    if pixels.shape[2] == 3:
        return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    alpha = pixels[..., 3:].astype(np.float32)
    weighted = np.concatenate([pixels[..., :3] * alpha, alpha], axis=2)
    weighted = cv2.resize(weighted, (width, height), interpolation=cv2.INTER_AREA)
    mean_alpha = weighted[..., 3:]
    weighted[..., :3] /= np.maximum(mean_alpha, 1e-6)
    return np.rint(weighted).astype(np.uint8)
