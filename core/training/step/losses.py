"""The segmentation loss: a weighted sum of losses on labelled pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.classes import VOID
from core.device import tensorflow
from core.training.config import Loss
from core.training.step.replicas import summed

__all__ = ["class_weights", "segmentation_loss"]


def class_weights(
    counts: np.ndarray, balance: float, factors: Sequence[float] | None = None
) -> list[float]:
    """Pixel weights factor · (1 / share)^balance, scaled so that the mean over pixels is 1.

    Args:
        counts: (K,) labelled pixels per class; a class without pixels gets weight 1.
        balance: the exponent.
        factors: K numbers, by default 1.
    """
    share = counts / max(1, counts.sum())
    raw = np.where(counts > 0, np.maximum(share, 1e-6) ** -balance, 0.0)
    if factors is not None:
        raw = raw * np.asarray(factors)
    mean = float((raw * share).sum()) or 1.0
    return [float(w) if n else 1.0 for w, n in zip(raw / mean, counts, strict=True)]


def segmentation_loss(
    loss: Loss, weights: Sequence[float], factors: Sequence[float] | None = None
) -> Any:
    """A Keras loss on labels (N, H, W) uint8 with 255 = void and logits (N, H, W, K) float32.

    With p the probabilities, t the one-hot truth, both of the labelled pixels alone:

    - cross-entropy, `keras.losses.CategoricalCrossentropy`, and focal loss (1 − p)^γ times it
      (Lin et al. 2017, arXiv:1708.02002), `keras.losses.CategoricalFocalCrossentropy`, weighted
      by class and averaged over the pixels;
    - Dice 1 − 2·Σpt / Σ(p+t) (Milletari et al. 2016, arXiv:1606.04797, with first powers) and
      Tversky 1 − Σpt / (Σpt + α·Σp(1−t) + β·Σ(1−p)t) (Salehi et al. 2017, arXiv:1706.05721) per
      class over the pixels of the batch, averaged over the classes the batch has.

    All are 0 for a batch without labels. In several replicas the sums are those of the whole
    batch, so that the loss does not depend on how it was divided.

    Args:
        loss: which of them, and their weights.
        weights: K pixel weights of cross-entropy and focal loss.
        factors: K weights of the classes in the average of Dice and Tversky, by default 1.
    """
    tensorflow()
    import keras
    from keras import ops

    classes = len(weights)
    cross_entropy = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=loss.label_smoothing, reduction="none"
    )
    focal = keras.losses.CategoricalFocalCrossentropy(
        alpha=1.0, gamma=loss.focal_gamma, from_logits=True, reduction="none"
    )

    def compute(labels: Any, logits: Any) -> Any:
        labels = ops.cast(labels, "int32")
        seen = ops.cast(ops.not_equal(labels, VOID), "float32")
        # one_hot gives zeros for values outside 0 … K-1, and so for void.
        target = ops.one_hot(labels, classes, dtype="float32")
        value = 0.0
        if loss.cross_entropy or loss.focal:
            total = ops.maximum(summed(ops.sum(seen)), 1.0)
            weight = ops.sum(target * ops.convert_to_tensor(weights, "float32"), axis=-1)
            for share, each in ((loss.cross_entropy, cross_entropy), (loss.focal, focal)):
                if share:
                    value += share * summed(ops.sum(each(target, logits) * weight)) / total
        if loss.dice or loss.tversky:
            probability = ops.softmax(logits, axis=-1) * seen[..., None]
            # One sum over the replicas for the three.
            hits, pixels, claimed = ops.unstack(
                summed(
                    ops.stack(
                        [
                            ops.sum(values, axis=(0, 1, 2))
                            for values in (probability * target, target, probability)
                        ]
                    )
                )
            )
            part = ops.cast(pixels > 0, "float32")
            if factors is not None:
                part *= ops.convert_to_tensor(factors, "float32")

            def average(score: Any) -> Any:
                whole = ops.sum(part)
                # Classes of weight 0 may be all that a batch has.
                return ops.sum((1.0 - score) * part) / ops.where(whole > 0, whole, 1.0)

            if loss.dice:
                value += loss.dice * average(2.0 * hits / ops.maximum(claimed + pixels, 1.0))
            if loss.tversky:
                wrong = loss.tversky_alpha * (claimed - hits) + loss.tversky_beta * (pixels - hits)
                # As in Dice, a sum below half a pixel does not count.
                value += loss.tversky * average(hits / ops.maximum(hits + wrong, 0.5))
        return value

    return compute
