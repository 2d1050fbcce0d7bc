"""What is explained: the score of a class over a pixel, a rectangle or a region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.device import tensorflow
from core.errors import ModelError
from core.explain.observation.observed_model import memory_errors

if TYPE_CHECKING:
    import keras

    from core.explain.window import ImageView

__all__ = ["ScoreGradient", "Target"]


@dataclass(frozen=True)
class Target:
    """The mean logit of a class over a region, less that of another class where one is named.

    The logit, not the probability: where a network is sure, the probability's gradient is zero.

    Attributes:
        label: value of the class.
        region: (h, w) bool, pixels of the window.
        against: value of another class; None for none. "Why road and not building?" is asked so.
    """

    label: int
    region: np.ndarray
    against: int | None = None

    @classmethod
    def rectangle(
        cls, label: int, view: ImageView, rows: slice, columns: slice, against: int | None = None
    ) -> Target:
        """The class over a rectangle of the whole image, such as a single pixel.

        Args:
            label, against: as the attributes.
            view: part of the image that the network is given.
            rows, columns: of the rectangle, in pixels of the whole image.

        Raises:
            ModelError: the rectangle has no pixel within the window.
        """
        region = np.zeros((view.window.height, view.window.width), bool)
        down, across = (
            slice(max(part.start - first, 0), max(part.stop - first, 0))
            for part, first in ((rows, view.window.row), (columns, view.window.column))
        )
        region[down, across] = True
        return cls(label, region, against)


class ScoreGradient:
    """The score of a target and its gradients by the image and by a layer.

    Not for several threads at once.

    Args:
        model: a functional network with one input (1, h, w, C) and logits (1, h, w, K); it is
            not changed.
        target: what is scored.
        layer: output of a layer, symbolic; None where only the gradient by the image is wanted.

    Raises:
        ModelError: the region is empty, or the network has no such class.
    """

    def __init__(self, model: keras.Model, target: Target, layer: Any = None) -> None:
        import keras

        classes = model.output_shape[-1]
        labels = [target.label] + ([] if target.against is None else [target.against])
        if not all(0 <= label < classes for label in labels):
            raise ModelError(f"the model has {classes} classes, there is none of number {labels}")
        if not target.region.any():
            raise ModelError(
                "no pixel of the region lies in the part of the image that is looked at",
                remedy="choose another window, or another region",
            )
        # One output is followed, so that what leads to others is not computed.
        outputs = model.output if layer is None else [layer, model.output]
        self._part = keras.Model(model.inputs, outputs)
        self._has_layer = layer is not None
        weights = np.zeros((classes,), np.float32)
        weights[target.label] = 1
        if target.against is not None:
            weights[target.against] -= 1
        self._weights = weights
        self._region = target.region.astype(np.float32) / target.region.sum()
        self._traced: Any = None

    def by_image(self, batch: np.ndarray) -> tuple[float, np.ndarray]:
        """Score, and its gradient by the image.

        Args:
            batch: (1, h, w, C) float32, normalised.

        Returns:
            The score, without unit, and (h, w, C) float32, its change for one of the input's units.
        """
        score, gradient, *_ = self._run(batch)
        return float(score), gradient[0]

    def by_layer(self, batch: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Score, the layer's maps, and its gradient by them.

        Args:
            batch: (1, h, w, C) float32, normalised.

        Returns:
            The score and twice (h', w', c) float32.
        """
        score, _, maps, gradient = self._run(batch)
        return float(score), maps[0], gradient[0]

    def _run(self, batch: np.ndarray) -> list[np.ndarray]:
        tf = tensorflow()
        if self._traced is None:
            self._traced = tf.function(self._function, autograph=False)
        with memory_errors():
            return [value.numpy() for value in self._traced(tf.constant(batch))]

    def _function(self, batch: Any) -> list[Any]:
        tf = tensorflow()
        height, width = self._region.shape
        with tf.GradientTape() as tape:
            tape.watch(batch)
            outputs = self._part([batch], training=False)
            maps, logits = outputs if self._has_layer else (None, outputs)
            logits = tf.cast(logits[0, :height, :width], tf.float32)
            score = tf.reduce_sum(tf.tensordot(logits, self._weights, 1) * self._region)
        if maps is None:
            return [score, tape.gradient(score, batch)]
        by_batch, by_maps = tape.gradient(
            score, [batch, maps], unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        return [score, by_batch, tf.cast(maps, tf.float32), tf.cast(by_maps, tf.float32)]
