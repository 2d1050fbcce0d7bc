"""Crops with parts cut out, for a network that learns to fill them in: images alone, no labels.

Context encoders, their reconstruction part (Pathak et al. 2016, arXiv:1604.07379): random
rectangles of a crop are set to what no data is to a network, 0 after normalisation, and the crop
as it was is what is to come out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from core.classes import VOID
from core.datasets.batches.labelled_image import LabelledImage, images_alone
from core.datasets.batches.sample_store import MEMORY, SampleStore
from core.datasets.dataset import Sample
from core.datasets.recipes.recipe import Recipe
from core.device import tensorflow

__all__ = ["SHARES", "SIDES", "ImageStore", "cut_out_feed", "cut_outs", "without_labels"]

SIDES = (1 / 16, 1 / 4)
"""Least and greatest side of a rectangle, as a share of the crop's."""

SHARES = (0.25, 0.5)
"""Least and greatest share of a crop that is cut out."""

_CUTTING = 2  # beside the seed: numbers of its own


class ImageStore(SampleStore):
    """The images of a store, and others without masks, by position; no mask is ever read.

    A label says whether there is data: 0 where there is, 255 where there is none. Images that the
    store holds are not read again; where it cannot hold all of them it lets go of what it has, so
    that memory is taken once.

    Args:
        labelled: the training samples, their gaps filled.
        unlabelled: samples without masks.
        memory: bytes to hold at most.
    """

    def __init__(
        self, labelled: SampleStore, unlabelled: Sequence[Sample], memory: int = MEMORY
    ) -> None:
        super().__init__(labelled.dataset, (*labelled.samples, *unlabelled), memory)
        self._labelled = labelled if labelled.resident else None
        self.unlabelled = len(unlabelled)
        if self._labelled is None:
            labelled.let_go()
        if labelled.normalisation is not None:
            self.fill_gaps(labelled.normalisation)

    def _read(self, index: int) -> LabelledImage:
        if self._labelled is not None and index < len(self._labelled):
            return images_alone(self._labelled[index])
        sample = self.samples[index]
        raster = self.dataset.load_image(sample)
        named = raster.header.named_bands
        labels = np.zeros(raster.valid.shape, np.uint8)
        return images_alone(LabelledImage(sample.id, raster.pixels, labels, raster.valid, named))


def without_labels(recipe: Recipe) -> Recipe:
    """The recipe for crops of images alone: at random places, and nothing that goes by classes.

    `Patch.minimum_labelled` is then the least share with data. Cut-out is left out, as it would
    leave less to fill in.
    """
    patch = recipe.patch.model_copy(update={"stride": 0, "rare": 0.0})
    changes = {"copy_paste": 0.0, "label_deformation": 0, "cutout": 0.0}
    augmentation = recipe.augmentation.model_copy(update=changes)
    return recipe.model_copy(update={"patch": patch, "augmentation": augmentation})


def cut_outs(batch: int, size: int, seed: int) -> Iterator[np.ndarray]:
    """What is cut out of batches of crops, for ever.

    Rectangles of random sides (`SIDES`) at random places, as many as it takes to reach a share that
    is drawn for each crop; all shares lie within `SHARES`.

    Args:
        batch: crops a batch.
        size: side of a crop in pixels.
        seed: the same seed gives the same rectangles.

    Yields:
        (batch, size, size) bool, True where it is cut out.
    """
    rng = np.random.default_rng((seed, _CUTTING))
    while True:
        yield np.stack([_cut_out(size, rng) for _ in range(batch)])


def _cut_out(size: int, rng: np.random.Generator) -> np.ndarray:
    least, most = (max(1, round(share * size)) for share in SIDES)
    # The last rectangle goes beyond the share that was drawn by less than its area.
    wanted = rng.uniform(SHARES[0], SHARES[1] - (most / size) ** 2) * size**2
    cut = np.zeros((size, size), bool)
    while cut.sum() < wanted:
        height, width = rng.integers(least, most + 1, 2)
        top, left = rng.integers(0, size - height + 1), rng.integers(0, size - width + 1)
        cut[top : top + height, left : left + width] = True
    return cut


def cut_out_feed(feed: Any, batch: int, size: int, seed: int) -> Any:
    """What a network learns filling in from, of the batches of `training_feed`.

    Args:
        feed: endless batches of an `ImageStore`, whose labels are 255 where there is no data.
        batch: crops a batch.
        size: side of a crop in pixels.
        seed: the same seed gives the same rectangles.

    Returns:
        A `tf.data.Dataset` of images (batch, size, size, C) float32, 0 where they are cut out, and
        of targets (batch, size, size, C + 1) float32: the images as they were, and 1 where a pixel
        counts, which was cut out and has data.
    """
    tf = tensorflow()
    drawn = tf.data.Dataset.from_generator(
        lambda: cut_outs(batch, size, seed),
        output_signature=tf.TensorSpec((batch, size, size), tf.bool),
    )

    def joined(crops: tuple[Any, Any], cut: Any) -> tuple[Any, Any]:
        images, labels = crops
        counted = tf.cast(cut & (labels != VOID), tf.float32)[..., None]
        return tf.where(cut[..., None], 0.0, images), tf.concat([images, counted], axis=-1)

    return tf.data.Dataset.zip((feed, drawn)).map(joined).prefetch(2)
