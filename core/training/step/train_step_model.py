"""The training step: gradients of all replicas, their norms by block, and clipping."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras import ops

from core.device import tensorflow
from core.training.step.replicas import summed

__all__ = ["TrainStepModel", "gradient_norms"]

_NORM = "gradient_norm/"


class TrainStepModel(keras.Model):
    """A model of a network's layers whose `fit` watches and limits the gradients.

    Its metrics ``gradient_norm/BLOCK`` are the L2 norms of the gradients of a block's weights,
    before clipping, averaged over the steps of an epoch like every Keras metric.

    Args:
        network: functional model, built under the strategy that is in force now.
        block_of: name of the block that a layer belongs to, by the layer's name.
        clip_norm: largest L2 norm of all gradients together (Pascanu et al. 2013,
            arXiv:1211.5063); larger ones are scaled down to it; 0 leaves them.
    """

    def __init__(
        self, network: keras.Model, block_of: Callable[[str], str], clip_norm: float
    ) -> None:
        super().__init__(network.inputs, network.outputs, name=network.name)
        self.clip_norm = clip_norm
        self.blocks: dict[int, str] = {}  # by the identity of a variable
        for layer in network._flatten_layers(include_self=False):
            for variable in layer._trainable_variables:
                self.blocks[id(variable)] = block_of(layer.name)
        # In the order of the network.
        self.norms = {
            name: keras.metrics.Mean(name=_NORM + name)
            for name in dict.fromkeys(self.blocks.values())
        }

    def train_step(self, data: Any) -> Any:
        tf = tensorflow()
        images, labels = data
        with tf.GradientTape() as tape:
            logits = self(images, training=True)
            # Of the whole batch, on each replica: Keras leaves a loss of one number as it is.
            loss = self._compute_loss(images, labels, logits, training=True)
            self._loss_tracker.update_state(loss, sample_weight=ops.shape(images)[0])
            replicas = tf.distribute.get_strategy().num_replicas_in_sync
            # Divided, as the replicas' gradients are added up.
            scaled = self.optimizer.scale_loss(loss / replicas)
        variables = self.trainable_weights
        gradients = [summed(g) for g in tape.gradient(scaled, variables)]
        # float16 training multiplies the loss; the norms are those without that.
        scale = self.optimizer.scale_loss(ops.ones(()))
        squares: dict[str, Any] = {}
        for variable, gradient in zip(variables, gradients, strict=True):
            block = self.blocks[id(variable)]
            square = ops.sum(ops.square(ops.cast(gradient, "float32")))
            squares[block] = squares.get(block, 0.0) + square
        for block, square in squares.items():
            # float16 training tries scales that overflow, and skips those steps.
            finite = ops.where(ops.isfinite(square), square, 0.0)
            self.norms[block].update_state(ops.sqrt(finite) / scale)
        factor = 1.0 / replicas  # the optimizer adds the replicas' gradients once more
        if self.clip_norm:
            norm = ops.sqrt(sum(squares.values())) / scale
            factor *= self.clip_norm / ops.maximum(norm, self.clip_norm)
        self.optimizer.apply([g * factor for g in gradients], variables)
        return self.compute_metrics(images, labels, logits)


def gradient_norms(logs: Mapping[str, Any], model: TrainStepModel) -> dict[str, float]:
    """The norms by block among Keras' logs, without infinite ones and those of frozen blocks.

    Args:
        logs: as a callback gets them, which Keras sorts by name.
        model: model that is trained, whose order of blocks the norms get.
    """
    norms = {name: float(logs[_NORM + name]) for name in model.norms if _NORM + name in logs}
    return {block: norm for block, norm in norms.items() if 0 < norm < math.inf}
