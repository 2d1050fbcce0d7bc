"""The segmentation loss: a weighted sum of losses on labelled pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from core.classes import VOID
from core.training.config import Loss
from core.training.step.replicas import summed

__all__ = ["SegmentationLoss", "class_weights"]


def class_weights(
    counts: np.ndarray, balance: float, factors: Sequence[float] | None = None
) -> list[float]:
    """Pixel weights factor · (1 / share)^balance, scaled so that the mean over pixels is 1.

    Args:
        counts: (K,) labelled pixels per class; a class without pixels gets weight 1.
        balance: exponent.
        factors: K numbers, by default 1.
    """
    share = counts / max(1, counts.sum())
    raw = np.where(counts > 0, np.maximum(share, 1e-6) ** -balance, 0.0)
    if factors is not None:
        raw = raw * np.asarray(factors)
    mean = float((raw * share).sum()) or 1.0
    return [float(w) if n else 1.0 for w, n in zip(raw / mean, counts, strict=True)]


class SegmentationLoss(keras.losses.Loss):
    """Loss of labels (N, H, W) uint8 with 255 = void and logits (N, H, W, K) float32.

    With p the probabilities, t the one-hot truth, both of the labelled pixels alone:

    - cross-entropy, `keras.losses.CategoricalCrossentropy`, and focal loss (1 − p)^γ times it
      (Lin et al. 2017, arXiv:1708.02002), weighted by class and averaged over the pixels;
    - Dice 1 − 2·Σpt / Σ(p+t) (Milletari et al. 2016, arXiv:1606.04797, with first powers) and
      Tversky 1 − Σpt / (Σpt + α·Σp(1−t) + β·Σ(1−p)t) (Salehi et al. 2017, arXiv:1706.05721) per
      class over the pixels of the batch, averaged over the classes the batch has.

    All are 0 for a batch without labels. In several replicas the sums are those of the whole
    batch, so that the loss does not depend on how it was divided.

    Args:
        loss: the weight of each part, and its parameters.
        weights: K pixel weights of cross-entropy and focal loss.
        factors: K weights of the classes in the average of Dice and Tversky, by default 1.
    """

    def __init__(
        self, loss: Loss, weights: Sequence[float], factors: Sequence[float] | None = None
    ) -> None:
        super().__init__(name="segmentation_loss")
        self.loss, self.weights, self.factors = loss, weights, factors
        self.cross_entropy = keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=loss.label_smoothing, reduction="none"
        )

    def call(self, y_true: Any, y_pred: Any) -> Any:
        labels = ops.cast(y_true, "int32")
        labelled = ops.cast(ops.not_equal(labels, VOID), "float32")
        # one_hot gives zeros for values outside 0 … K-1, and so for void.
        target = ops.one_hot(labels, len(self.weights), dtype="float32")
        terms = [
            *self._pixelwise(labelled, target, y_pred),
            *self._classwise(labelled, target, y_pred),
        ]
        return sum(terms)

    def _pixelwise(self, labelled: Any, target: Any, logits: Any) -> list[Any]:
        """Cross-entropy and focal loss, weighted."""
        shares = (
            (self.loss.cross_entropy, self.cross_entropy),
            (self.loss.focal, self._focal),
        )
        if not any(share for share, _ in shares):
            return []
        total = ops.maximum(summed(ops.sum(labelled)), 1.0)
        weight = ops.sum(target * ops.convert_to_tensor(self.weights, "float32"), axis=-1)
        return [
            share * summed(ops.sum(each(target, logits) * weight)) / total
            for share, each in shares
            if share
        ]

    def _focal(self, target: Any, logits: Any) -> Any:
        """Focal loss of each pixel, from logarithms of probabilities.

        Keras' `CategoricalFocalCrossentropy` cuts probabilities off at 10⁻⁷: a pixel that is wrong
        by more has no gradient there, and is never put right.
        """
        logarithms = ops.log_softmax(ops.cast(logits, "float32"), axis=-1)
        # At 0 the power has no derivative where gamma is below 1.
        rest = ops.maximum(-ops.expm1(logarithms), 1e-7)
        return -ops.sum(target * rest**self.loss.focal_gamma * logarithms, axis=-1)

    def _classwise(self, labelled: Any, target: Any, logits: Any) -> list[Any]:
        """Dice and Tversky, weighted."""
        loss = self.loss
        if not (loss.dice or loss.tversky):
            return []
        probability = ops.softmax(logits, axis=-1) * labelled[..., None]
        products = probability * target, target, probability
        # One sum over the replicas for the three.
        hits, pixels, claimed = ops.unstack(
            summed(ops.stack([ops.sum(values, axis=(0, 1, 2)) for values in products]))
        )
        terms = []
        if loss.dice:
            dice = 2.0 * hits / ops.maximum(claimed + pixels, 1.0)
            terms.append(loss.dice * self._average(1.0 - dice, pixels))
        if loss.tversky:
            wrong = loss.tversky_alpha * (claimed - hits) + loss.tversky_beta * (pixels - hits)
            # As in Dice, a sum below half a pixel does not count.
            tversky = hits / ops.maximum(hits + wrong, 0.5)
            terms.append(loss.tversky * self._average(1.0 - tversky, pixels))
        return terms

    def _average(self, values: Any, pixels: Any) -> Any:
        """The mean of values (K,) over the classes that the batch has."""
        weight = ops.cast(pixels > 0, "float32")
        if self.factors is not None:
            weight *= ops.convert_to_tensor(self.factors, "float32")
        total = ops.sum(weight)
        # Classes of weight 0 may be all that a batch has.
        return ops.sum(values * weight) / ops.where(total > 0, total, 1.0)
