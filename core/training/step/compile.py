"""A network made ready for training: its loss, its optimiser, and the step that joins them."""

from __future__ import annotations

from functools import partial

import keras
import numpy as np

from core.classes import VOID
from core.models.network import block_of, encoder_layers
from core.models.spec import ModelSpec
from core.training.config import TrainConfig
from core.training.step.losses import SegmentationLoss, class_weights
from core.training.step.optimizers import optimizer
from core.training.step.train_step_model import TrainStepModel

__all__ = ["compile_model"]


def compile_model(
    network: keras.Model,
    spec: ModelSpec,
    config: TrainConfig,
    counts: np.ndarray,
    factors: list[float],
) -> TrainStepModel:
    """A model of the same layers, compiled, with all optimizer variables made.

    Args:
        network: built from `spec`, under the strategy that is in force now.
        spec: specification of the network.
        config: loss, optimiser and clipping.
        counts: labelled pixels per class of the training samples, (K,).
        factors: the recipe's class weights, K numbers.
    """
    compiled = TrainStepModel(network, partial(block_of, spec), config.clip_norm)
    weights = class_weights(counts, config.loss.balance, factors)
    encoder = [v for layer in encoder_layers(network, spec) for v in layer.trainable_variables]
    compiled.compile(
        optimizer(config, encoder),
        SegmentationLoss(config.loss, weights, factors),
        metrics=[
            keras.metrics.MeanIoU(
                len(counts), name="mean_iou", ignore_class=VOID, sparse_y_pred=False
            )
        ],
    )
    # Of all weights, also those that are frozen at first.
    compiled.optimizer.build(compiled.trainable_variables)
    return compiled
