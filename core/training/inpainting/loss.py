"""The loss of what was filled in."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from core.training.step.replicas import summed

__all__ = ["InpaintingLoss"]


class InpaintingLoss(keras.losses.Loss):
    """Mean absolute error over the pixels that were cut out and have data.

    Of targets (N, H, W, C + 1) float32 as `core.datasets.batches.inpainting.cut_out_feed` makes
    them, and outputs (N, H, W, C) float32. Pathak et al. 2016 (arXiv:1604.07379, section 3.2) take
    the squared error and saw no difference to the absolute one, which bright roofs and radar's
    tails disturb less. 0 for a batch in which nothing counts. In several replicas the sums are
    those of the whole batch.
    """

    def __init__(self) -> None:
        super().__init__(name="inpainting_loss")

    def call(self, y_true: Any, y_pred: Any) -> Any:
        counted = y_true[..., -1:]
        errors = ops.abs(ops.cast(y_pred, "float32") - y_true[..., :-1]) * counted
        values = summed(ops.sum(counted)) * y_pred.shape[-1]
        return summed(ops.sum(errors)) / ops.maximum(values, 1.0)
