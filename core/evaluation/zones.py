"""Pixels on which a model may be worse: in shadow, at the image's edge, at borders of classes."""

from __future__ import annotations

import cv2
import numpy as np

from core.datasets.batches.labelled_image import LabelledImage
from core.imagery.display import bands_of

__all__ = ["BROAD", "IMAGE_EDGE", "ZONES", "pixel_counts", "shadow_pixels", "zone_counts"]

ZONES = ("shadow", "image edge", "class border")
"""Zones of which right, true and predicted pixels by class are kept of every sample."""

IMAGE_EDGE = 32
"""Pixels from the edge of a sample within which a pixel is near it: there a network sees least of
what is around."""

BROAD = 40
"""Pixels: what is dark and broader is water rather than a shadow."""

_DARK = 0.5  # of the mean brightness
_ROWS = 512


def shadow_pixels(image: LabelledImage) -> np.ndarray | None:
    """Pixels that are dark and strongly coloured for their darkness, (H, W) bool.

    A cheap measure that needs no training: the normalised saturation-value difference index
    (S − V) / (S + V) of Ma et al. 2008 (Shadow segmentation and compensation in high resolution
    satellite images, IGARSS 2008) is above 0, and the value V is below half of the image's mean. Of
    hue, saturation S and value V from the bands that are shown as red, green and blue; the sky
    lights shadows in blue. Deep water is such, too: connected pixels that are anywhere broader than
    `BROAD` pixels are taken for water. Dark woods, and narrow dark water, are not told apart.

    Args:
        image: with whole numbers in three bands or more.

    Returns:
        None for other images, of which it says nothing.
    """
    pixels, valid = image.pixels, image.valid
    if pixels.shape[-1] < 3 or not np.issubdtype(pixels.dtype, np.integer) or not valid.any():
        return None
    bands = list(bands_of(pixels, image.named_bands))
    top = np.zeros(valid.shape, np.float32)
    low = np.zeros(valid.shape, np.float32)
    for row in range(0, len(pixels), _ROWS):
        part = pixels[row : row + _ROWS][..., bands].astype(np.float32)
        top[row : row + _ROWS], low[row : row + _ROWS] = part.max(axis=-1), part.min(axis=-1)
    bright = top[valid]
    white = 255.0 if pixels.dtype == np.uint8 else float(np.percentile(bright, 99))
    if white <= 0:
        return np.zeros(valid.shape, bool)
    value = np.minimum(top / white, 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        saturation = np.where(top > 0, (top - low) / top, 0.0)
    dark = value < _DARK * float(value[valid].mean())
    return _narrow((saturation > value) & dark & valid)


def _narrow(pixels: np.ndarray) -> np.ndarray:
    """Without connected pixels (8 neighbours) that have room for a disc `BROAD` pixels wide."""
    own = pixels.astype(np.uint8)
    count, parts = cv2.connectedComponents(own, connectivity=8)
    inside = cv2.distanceTransform(own, cv2.DIST_L2, cv2.DIST_MASK_5)
    keep = np.ones(count, bool)
    keep[np.unique(parts[inside > BROAD / 2])] = False
    keep[0] = False
    return np.asarray(keep[parts])


def pixel_counts(truth: np.ndarray, prediction: np.ndarray, classes: int) -> np.ndarray:
    """Right, true and predicted pixels by class, (3, K) int64.

    Args:
        truth, prediction: labels of some pixels, uint8; void in either does not count.
        classes: number of classes K.
    """
    counted = (truth < classes) & (prediction < classes)
    truth, prediction = truth[counted], prediction[counted]
    parts = (truth[truth == prediction], truth, prediction)
    return np.stack([np.bincount(part, minlength=classes)[:classes] for part in parts])


def zone_counts(
    image: LabelledImage, prediction: np.ndarray, border: np.ndarray, classes: int
) -> np.ndarray:
    """Counts of one image by zone, (len(ZONES), 3, K) int64, as of `pixel_counts`.

    Args:
        image: its labels are the truth.
        prediction: (H, W) uint8, 255 = void.
        border: the counts near borders of classes, (3, K).
        classes: number of classes K.
    """
    counts = np.zeros((len(ZONES), 3, classes), np.int64)
    shadow = shadow_pixels(image)
    if shadow is not None:
        counts[0] = pixel_counts(image.labels[shadow], prediction[shadow], classes)
    inner = image.labels[IMAGE_EDGE:-IMAGE_EDGE, IMAGE_EDGE:-IMAGE_EDGE]
    whole = pixel_counts(image.labels.ravel(), prediction.ravel(), classes)
    within = prediction[IMAGE_EDGE:-IMAGE_EDGE, IMAGE_EDGE:-IMAGE_EDGE]
    counts[1] = whole - pixel_counts(inner.ravel(), within.ravel(), classes)
    counts[2] = border
    return counts
