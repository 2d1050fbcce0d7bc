"""Which channel of a layer is a detector of which class: network dissection.

After Bau and others 2017 (arXiv 1704.05796), with two changes for dense labels: a channel's most
active area is as large as the class, so that a perfect detector reaches an IoU of 1 whatever the
class's share; and what an IoU is worth is said by label maps that are shifted against the image,
which keep their shapes and only lose their place.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.classes import VOID
from core.errors import ModelError
from core.explain.activations import layer_outputs
from core.explain.window import view_image

if TYPE_CHECKING:
    import keras

    from core.imagery.raster import Raster
    from core.models.card import ModelCard

__all__ = ["Dissection", "LayerSample", "dissect", "sample_layers"]

_SIDE = 512  # pixels of the part of an image that is looked at
_BLOCK = 256  # channels at once


@dataclass(frozen=True)
class LayerSample:
    """A layer's values and the labels at the same places, on a grid in each image.

    Attributes:
        values: (n, g, g, C) float32.
        labels: (n, g, g) uint8, 255 = void.
    """

    values: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Dissection:
    """How much each channel alone is each class.

    Attributes:
        iou: (C, K) float64, of the channel's most active area and the class; NaN for a class that
            does not occur.
        p: (C, K) float64, how often a shifted label map reaches that IoU with any channel of the
            layer: corrected for the number of channels.
        share: (K,) float64, of the class among the labelled places.
    """

    iou: np.ndarray
    p: np.ndarray
    share: np.ndarray

    def detectors(self, label: int, most_p: float = 0.05) -> list[int]:
        """Channels that are detectors of a class, the best first.

        Args:
            label: value of the class.
            most_p: p-value up to which an IoU counts.
        """
        order = np.argsort(-np.nan_to_num(self.iou[:, label], nan=-1), kind="stable")
        return [int(channel) for channel in order if self.p[channel, label] <= most_p]


def sample_layers(
    model: keras.Model,
    card: ModelCard,
    images: Iterable[tuple[Raster, np.ndarray]],
    layers: list[str],
    grid: int = 32,
) -> dict[str, LayerSample]:
    """Values of layers at places of labelled images.

    Of each image the middle is looked at, 512 pixels a side at most, on a grid of places.

    Args:
        model: network of `card`.
        card: the model's card.
        images: rasters with their labels (H, W) uint8 in the model's classes, 255 = void.
        layers: names of layers with 4-D outputs.
        grid: places down and across.

    Raises:
        ImageError: an image has other bands or another dtype than those of the training.
        ModelError: there is no image, no such layer, or one without maps.
    """
    values: dict[str, list[np.ndarray]] = {layer: [] for layer in layers}
    marks: list[np.ndarray] = []
    for raster, labels in images:
        view = view_image(card, raster, _SIDE)
        inside = view.window.crop(np.where(raster.valid, labels, VOID))
        # The middle pixel of each of grid × grid equal parts.
        rows, columns = (
            ((np.arange(grid) + 0.5) * side / grid).astype(int) for side in inside.shape
        )
        marks.append(inside[np.ix_(rows, columns)])
        for layer, output in layer_outputs(model, view.batch, layers).items():
            if output.ndim != 4:
                raise ModelError(
                    f"layer {layer!r} has no maps",
                    remedy="choose layers whose shape is H × W × channels",
                )
            strides = [view.batch.shape[axis] / output.shape[axis] for axis in (1, 2)]
            down, across = (
                (places / stride).astype(int)
                for places, stride in zip((rows, columns), strides, strict=True)
            )
            values[layer].append(output[0][np.ix_(down, across)])
    if not marks:
        raise ModelError("there is no labelled image", remedy="choose a split that has some")
    labels = np.stack(marks)
    return {layer: LayerSample(np.stack(maps), labels) for layer, maps in values.items()}


def dissect(sample: LayerSample, classes: int, shifts: int = 99) -> Dissection:
    """The IoU of every channel's most active area with every class.

    Args:
        sample: values and labels.
        classes: number of classes K.
        shifts: number of random shifts of the label maps against the images, seeded.
    """
    labelled = sample.labels != VOID
    flat = sample.values[labelled]
    shifted = _shifted(sample.labels, shifts)
    counts = np.bincount(sample.labels[labelled], minlength=classes)[:classes]
    channels = flat.shape[1]
    iou = np.full((channels, classes), np.nan)
    p = np.full((channels, classes), np.nan)
    # Equal values, such as the zeros of a ReLU, are one rank: none of them is more active.
    for label in np.flatnonzero(counts):
        truth = (sample.labels == label)[labelled]
        null = (shifted == label)[:, labelled].astype(np.float32)
        most = np.zeros(shifts)
        for first in range(0, channels, _BLOCK):
            block = slice(first, first + _BLOCK)
            active = _most_active(flat[:, block], int(counts[label]))
            iou[block, label] = _iou(active, truth[None].astype(np.float32))[:, 0]
            most = np.maximum(most, _iou(active, null).max(axis=0))
        reached = (most[None] >= iou[:, label, None] - 1e-12).sum(axis=1)
        p[:, label] = (1 + reached) / (shifts + 1)
    return Dissection(iou, p, counts / max(1, counts.sum()))


def _most_active(values: np.ndarray, count: int) -> np.ndarray:
    """(N, C) float32, 1 at the `count` largest values of each channel, fewer where some tie."""
    threshold = np.partition(values, len(values) - count, axis=0)[len(values) - count]
    above = values > threshold
    # Those at the threshold count only where all of them fit.
    at = values == threshold
    fits = above.sum(axis=0) + at.sum(axis=0) <= count
    return (above | (at & fits)).astype(np.float32)


def _iou(active: np.ndarray, truths: np.ndarray) -> np.ndarray:
    """(C, P) of C areas (N, C) and P classes (P, N), as 0 and 1."""
    both = active.T @ truths.T
    either = active.sum(axis=0)[:, None] + truths.sum(axis=1)[None] - both
    result: np.ndarray = both / np.maximum(either, 1)
    return result


def _shifted(labels: np.ndarray, shifts: int) -> np.ndarray:
    """(shifts, n, g, g): labels moved around; what leaves an image comes in on the other side."""
    rng = np.random.default_rng(0)
    n, height, width = labels.shape
    results = np.empty((shifts, *labels.shape), labels.dtype)
    for result in results:
        for image in range(n):
            down, across = rng.integers(height), rng.integers(width)
            result[image] = np.roll(labels[image], (down, across), axis=(0, 1))
    return results
