"""The segmentation loss: weighted cross-entropy and Dice on labelled pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.classes import VOID
from core.device import tensorflow
from core.training.config import Loss

__all__ = ["class_weights", "segmentation_loss"]


def class_weights(counts: np.ndarray, balance: float) -> list[float]:
    """Cross-entropy weights (1 / share)^balance, scaled so that the mean over pixels is 1.

    Args:
        counts: (K,) labelled pixels per class; a class without pixels gets weight 1.
        balance: the exponent.
    """
    share = counts / max(1, counts.sum())
    raw = np.where(counts > 0, np.maximum(share, 1e-6) ** -balance, 0.0)
    mean = float((raw * share).sum()) or 1.0
    return [float(w) if n else 1.0 for w, n in zip(raw / mean, counts, strict=True)]


def segmentation_loss(loss: Loss, weights: Sequence[float]) -> Any:
    """A Keras loss on labels (N, H, W) uint8 with 255 = void and logits (N, H, W, K) float32.

    Cross-entropy is `keras.losses.CategoricalCrossentropy` weighted by class, averaged over
    labelled pixels. Dice is 1 − 2·Σpt / Σ(p+t) (Milletari et al. 2016, arXiv:1606.04797, with
    first powers) per class over the labelled pixels of the batch, averaged over the classes the
    batch has; both are 0 for a batch without labels.
    """
    tensorflow()
    import keras
    from keras import ops

    classes = len(weights)
    cross_entropy = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=loss.label_smoothing, reduction="none"
    )

    def compute(labels: Any, logits: Any) -> Any:
        labels = ops.cast(labels, "int32")
        seen = ops.cast(ops.not_equal(labels, VOID), "float32")
        # one_hot gives zeros for values outside 0 … K-1, and so for void.
        target = ops.one_hot(labels, classes, dtype="float32")
        total = ops.maximum(ops.sum(seen), 1.0)
        value = 0.0
        if loss.cross_entropy:
            weight = ops.sum(target * ops.convert_to_tensor(weights, "float32"), axis=-1)
            value += loss.cross_entropy * ops.sum(cross_entropy(target, logits) * weight) / total
        if loss.dice:
            probability = ops.softmax(logits, axis=-1) * seen[..., None]
            hits = ops.sum(probability * target, axis=(0, 1, 2))
            pixels = ops.sum(target, axis=(0, 1, 2))
            both = ops.sum(probability, axis=(0, 1, 2)) + pixels
            present = ops.cast(pixels > 0, "float32")
            dice = 1.0 - 2.0 * hits / ops.maximum(both, 1.0)
            value += loss.dice * ops.sum(dice * present) / ops.maximum(ops.sum(present), 1.0)
        return value

    return compute
