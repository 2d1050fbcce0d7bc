"""What the network says of one pixel, block by block, and which channels push it there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.device import tensorflow
from core.errors import ModelError
from core.explain.layers import last_activations, layer_output, list_layers
from core.explain.observation.observed_model import memory_errors

if TYPE_CHECKING:
    import keras

    from core.explain.window import ImageView

__all__ = ["BlockEvidence", "Probe", "probe_pixel"]


@dataclass(frozen=True)
class BlockEvidence:
    """A block's channels for one pixel.

    Attributes:
        layer: name of the block's last activation.
        stride: pixels, in one direction, per value of the block; None where that is not one number.
        values: (C,) float32, what the channels say at the pixel.
        push: (C,) float32, activation times gradient of the predicted class's logit less the other
            class's, summed over the block's maps: above 0 it pushes towards the predicted class,
            below 0 towards the other.
        here: (C,) float32, the part of `push` that lies at the pixel itself.
    """

    layer: str
    stride: float | None
    values: np.ndarray
    push: np.ndarray
    here: np.ndarray

    def strongest(self, count: int = 5, *, towards_other: bool = False) -> list[int]:
        """Channels that push most.

        Args:
            count: how many at most; those that do not push in that direction are left out.
            towards_other: to the other class instead of the predicted one.
        """
        push = -self.push if towards_other else self.push
        order = np.argsort(-push, kind="stable")[:count]
        return [int(channel) for channel in order if push[channel] > 0]


@dataclass(frozen=True)
class Probe:
    """What the network says of a pixel.

    Attributes:
        row, column: of the pixel in the whole image.
        probabilities: (K,) float32.
        predicted: value of the class that is predicted.
        other: value of the class that it is compared with: the true one where it is another, else
            the next most likely.
        margin: logit of the predicted class less the other's.
        blocks: the network's blocks from input to output.
        influence: (h, w) float32, how strongly the margin answers to a change of each pixel of the
            window, the largest gradient over the bands: the effective receptive field.
        place: row and column of the pixel in `influence`.
    """

    row: int
    column: int
    probabilities: np.ndarray
    predicted: int
    other: int
    margin: float
    blocks: tuple[BlockEvidence, ...]
    influence: np.ndarray
    place: tuple[int, int]

    def field_side(self, share: float = 0.95) -> int:
        """Side in pixels of the square around the pixel that has so much of the influence.

        Args:
            share: of the sum of squares of `influence`.
        """
        height, width = self.influence.shape
        energy = self.influence.astype(np.float64) ** 2
        rows, columns = np.indices((height, width))
        row, column = self.place
        ring = np.maximum(np.abs(rows - row), np.abs(columns - column))
        by_ring = np.cumsum(np.bincount(ring.reshape(-1), weights=energy.reshape(-1)))
        if by_ring[-1] <= 0:
            return 0
        return 2 * int(np.searchsorted(by_ring, share * by_ring[-1])) + 1


def probe_pixel(
    model: keras.Model, view: ImageView, row: int, column: int, true_label: int | None = None
) -> Probe:
    """What every block says of a pixel, and which channels push it to its class.

    Args:
        model: network with logits; it is not changed.
        view: part of the image, as of `view_image`.
        row, column: of the pixel in the whole image.
        true_label: its true class; None or void where it is not known.

    Raises:
        ModelError: the pixel lies outside the view, there is no such class, the network has one
            class alone, or the memory does not suffice.
    """
    window = view.window
    place = (row - window.row, column - window.column)
    if not (0 <= place[0] < window.height and 0 <= place[1] < window.width):
        raise ModelError(
            f"pixel ({column}, {row}) lies outside the part of the image that is looked at",
            remedy="choose a window around it",
        )
    classes = model.output_shape[-1]
    if classes < 2:
        raise ModelError("a network of one class has nothing to decide between")
    known = true_label is not None and true_label != 255
    if known and not 0 <= (true_label or 0) < classes:
        raise ModelError(f"the model has {classes} classes, there is none of number {true_label}")
    layers = last_activations(list_layers(model))
    logits, margin, (by_image, *by_maps), maps = _pass(
        model, view.batch, place, true_label if known else None, [layer.name for layer in layers]
    )
    exponent = np.exp(logits - logits.max())
    predicted, other = _pair(logits, true_label if known else None)
    blocks = []
    for layer, values, gradient in zip(layers, maps, by_maps, strict=True):
        strides = [view.batch.shape[axis + 1] / values.shape[axis] for axis in (0, 1)]
        at = tuple(int(p / stride) for p, stride in zip(place, strides, strict=True))
        pushes = values.astype(np.float64) * gradient
        blocks.append(
            BlockEvidence(
                layer.name,
                layer.stride,
                values[at],
                pushes.sum(axis=(0, 1)).astype(np.float32),
                pushes[at].astype(np.float32),
            )
        )
    influence = np.abs(by_image).max(axis=-1)[: window.height, : window.width]
    return Probe(
        row,
        column,
        (exponent / exponent.sum()).astype(np.float32),
        predicted,
        other,
        margin,
        tuple(blocks),
        np.ascontiguousarray(influence),
        place,
    )


def _pair(logits: np.ndarray, true_label: int | None) -> tuple[int, int]:
    """The predicted class and the one it is compared with."""
    order = np.argsort(-logits, kind="stable")
    predicted = int(order[0])
    if true_label is not None and true_label != predicted:
        return predicted, true_label
    return predicted, int(order[1])


def _pass(
    model: keras.Model,
    batch: np.ndarray,
    place: tuple[int, int],
    true_label: int | None,
    names: list[str],
) -> tuple[np.ndarray, float, list[np.ndarray], list[np.ndarray]]:
    """Logits, margin, gradients of it by image and maps, and the maps: one pass there and back."""
    import keras

    tf = tensorflow()
    part = keras.Model(model.inputs, [model.output, *(layer_output(model, n) for n in names)])

    def run(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs, *maps = part([x], training=False)
            logits = tf.cast(outputs[0, place[0], place[1]], tf.float32)
            # As `_pair` chooses them; equal logits in the order of the classes.
            order = tf.argsort(-logits, stable=True)
            other = order[1]
            if true_label is not None:
                other = tf.where(order[0] == true_label, order[1], true_label)
            margin = logits[order[0]] - tf.gather(logits, other)
        zero = tf.UnconnectedGradients.ZERO
        gradients = tape.gradient(margin, [x, *maps], unconnected_gradients=zero)
        cast = [tf.cast(value[0], tf.float32) for value in [*gradients, *maps]]
        return logits, margin, cast

    with memory_errors():
        # Traced by hand: TensorFlow would warn that every pixel is traced anew, which is meant.
        traced = tf.function(run, autograph=False)
        spec = tf.TensorSpec(batch.shape, tf.float32)
        logits, margin, both = traced.get_concrete_function(spec)(tf.constant(batch))
        arrays = [value.numpy() for value in both]
        count = len(names) + 1
        return logits.numpy(), float(margin), arrays[:count], arrays[count:]
