"""The stream of training batches: crops, changed by Keras' layers and normalised."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from core.datasets.batches.augment import Augmenter
from core.datasets.batches.copy_paste import CopyPaste
from core.datasets.batches.crops import crops
from core.datasets.batches.labelled_image import LabelledImage
from core.datasets.batches.rare_classes import class_pixels, rare_classes
from core.datasets.recipes.recipe import Recipe
from core.device import tensorflow
from core.errors import ConfigError, DSIError
from core.imagery.normalise import Normalisation

__all__ = ["check_photometric", "scaled_batches", "training_feed"]

_PASTING = 1  # beside the seed: numbers of its own, so that the crops are the same without it


def training_feed(
    images: Sequence[LabelledImage],
    recipe: Recipe,
    normalisation: Normalisation,
    batch: int,
    seed: int,
    failed: list[DSIError | MemoryError] | None = None,
    *,
    decibel: bool = False,
) -> Any:
    """Endless batches for `fit`, made while the network computes.

    Args:
        images: the training samples in memory.
        recipe: crop size and augmentation.
        normalisation: as it will stand in the model card.
        batch: crops a batch.
        seed: the same seed gives the same batches, however often the stream is started.
        failed: where the error goes that ends the stream, such as a file that has vanished;
            TensorFlow raises one of its own in its place.
        decibel: whether the images are in dB (`Dataset.decibel`).

    Returns:
        A `tf.data.Dataset` of images (batch, size, size, C) float32, normalised, and labels
        (batch, size, size) uint8 with 255 = void.
    """
    tf = tensorflow()
    size, first = recipe.patch.size, images[0].pixels
    bands = first.shape[-1]
    augmenter = Augmenter(recipe.augmentation, normalisation, bands, first.dtype, fused=True)
    augmenter.of_decibel(decibel)

    def drawn() -> Iterator[Any]:
        try:
            yield from scaled_batches(images, recipe, normalisation, batch, seed)
        except (DSIError, MemoryError) as error:
            if failed is not None:
                failed.append(error)
            raise

    # By the batch: one by one, a crop of 256² costs TensorFlow half a millisecond more.
    stream = tf.data.Dataset.from_generator(
        drawn,
        output_signature=(
            tf.TensorSpec((batch, size, size, bands), tf.float32),
            tf.TensorSpec((batch, size, size), tf.uint8),
            tf.TensorSpec((batch, size, size), tf.bool),
            tf.TensorSpec((), tf.int32),
        ),
    )
    # Two batches at a time: what they hold stays bounded, and their order is kept.
    return stream.map(augmenter, num_parallel_calls=2, deterministic=True).prefetch(2)


def scaled_batches(
    images: Sequence[LabelledImage],
    recipe: Recipe,
    normalisation: Normalisation,
    batch: int,
    seed: int,
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.int32]]:
    """What `Augmenter` takes, a batch at a time, for ever, with copy-paste done.

    Rare classes are those of all `images`; of a `SampleStore` masks that were not read yet are read
    for it.

    Yields:
        Pixels (batch, size, size, C) float32 scaled and not cut off, labels (batch, size, size)
        uint8, valid (batch, size, size) bool, and a seed.
    """
    rng = np.random.default_rng(seed)
    drawn = crops(images, recipe.patch, recipe.augmentation, rng)
    paste = None
    if probability := recipe.augmentation.copy_paste:
        rare = rare_classes(class_pixels(images))
        paste = CopyPaste(probability, rare, np.random.default_rng((seed, _PASTING)))
    shape = (batch, recipe.patch.size, recipe.patch.size)
    bands = images[0].pixels.shape[-1]
    while True:
        pixels = np.empty((*shape, bands), np.float32)
        labels, valid = np.empty(shape, np.uint8), np.empty(shape, bool)
        for place, crop in enumerate(islice(drawn, batch)):
            pixels[place] = normalisation.scaled(crop.pixels, cut=False)
            labels[place], valid[place] = crop.labels, crop.valid
        if paste:
            paste(pixels, labels, valid)
        yield pixels, labels, valid, np.int32(rng.integers(2**31 - 1))


def check_photometric(
    recipe: Recipe, normalisation: Normalisation, image: LabelledImage, *, decibel: bool = False
) -> None:
    """Refuse changes of values that have no known range: the layers cut them off at 0 and 1.

    Args:
        recipe: its augmentation.
        normalisation: fitted to the training split.
        image: one of them.
        decibel: whether the images are in dB (`Dataset.decibel`).

    Raises:
        ConfigError: the image is of a floating-point or signed type, no normalisation brings it to
            0–1, and the recipe changes colours or adds noise; or speckle, which multiplies an
            intensity, is wanted of values below 0 that are not known to be dB.
    """
    known = decibel or normalisation.kind == "decibel"
    if recipe.augmentation.speckle and not known and any(low < 0 for low in normalisation.low):
        raise ConfigError(
            "speckle multiplies an intensity, and these images have values below 0",
            where=image.id,
            remedy="choose the normalisation decibel if they are in dB, or set speckle to 0",
        )
    if normalisation.bounded or np.issubdtype(image.pixels.dtype, np.unsignedinteger):
        return
    names = ["brightness", "contrast", "noise", "speckle"]
    if image.pixels.shape[-1] == 3:
        names += ["saturation", "hue"]
    wanted = [name for name in names if getattr(recipe.augmentation, name)]
    if wanted:
        listed = " and ".join(wanted)
        raise ConfigError(
            f"{listed} cannot be changed in images of {image.pixels.dtype}, whose values have no "
            "fixed range",
            where=image.id,
            remedy=f"set {listed} of the recipe's augmentation to 0, or choose the normalisation "
            "minmax, percentile or decibel",
        )
