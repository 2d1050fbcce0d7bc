"""The stream of training batches: crops, colour jitter by Keras' layers, normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.datasets.crops import LabelledImage, random_crops
from core.datasets.recipe import Recipe
from core.device import tensorflow
from core.errors import ConfigError
from core.imagery.normalise import Normalisation

__all__ = ["check_photometric", "training_feed"]


def training_feed(
    images: Sequence[LabelledImage],
    recipe: Recipe,
    normalisation: Normalisation,
    batch: int,
    seed: int,
) -> Any:
    """Endless batches for `fit`, made while the network computes.

    Args:
        images: the training samples in memory.
        recipe: crop size and augmentation.
        normalisation: as it will stand in the model card.
        batch: crops a batch.
        seed: the same seed gives the same crops.

    Returns:
        A `tf.data.Dataset` of images (batch, size, size, C) float32, normalised, and labels
        (batch, size, size) uint8 with 255 = void.
    """
    tf = tensorflow()
    size, bands = recipe.patch.size, images[0].pixels.shape[-1]

    def draw() -> Any:
        # A generator of its own for each pass: tf.data may start it again.
        rng = np.random.default_rng(seed)
        for pixels, labels in random_crops(images, recipe.patch, recipe.augmentation, rng):
            yield normalisation.scaled(pixels), labels

    layers = _photometric(recipe, bands, seed)

    def finish(pixels: Any, labels: Any) -> tuple[Any, Any]:
        for layer in layers:
            pixels = layer(pixels, training=True)
        if normalisation.mean:
            pixels = (pixels - tf.constant(normalisation.mean)) / tf.constant(normalisation.std)
        return pixels, labels

    signature = (
        tf.TensorSpec((size, size, bands), tf.float32),
        tf.TensorSpec((size, size), tf.uint8),
    )
    stream = tf.data.Dataset.from_generator(draw, output_signature=signature)
    return stream.batch(batch, drop_remainder=True).map(finish).prefetch(2)


def check_photometric(recipe: Recipe, normalisation: Normalisation, image: LabelledImage) -> None:
    """Refuse changes of colour where values have no known range: Keras clips them to 0–1.

    Raises:
        ConfigError: the image is of a floating-point type, no normalisation brings it to 0–1, and
            the recipe changes colours.
    """
    if normalisation.bounded or np.issubdtype(image.pixels.dtype, np.integer):
        return
    names = ["brightness", "contrast"]
    if image.pixels.shape[-1] == 3:
        names += ["saturation", "hue"]
    wanted = [name for name in names if getattr(recipe.augmentation, name)]
    if wanted:
        raise ConfigError(
            f"{' and '.join(wanted)} cannot be changed in images of {image.pixels.dtype}, whose "
            "values have no fixed range",
            where=image.id,
            remedy=f"set {' and '.join(wanted)} of the recipe's augmentation to 0, or choose the "
            "normalisation minmax, percentile or decibel",
        )


def _photometric(recipe: Recipe, bands: int, seed: int) -> list[Any]:
    """Keras layers for values in 0–1; each draws one change an image."""
    from keras import layers

    wanted = recipe.augmentation
    made: list[Any] = []
    if wanted.brightness:
        made.append(layers.RandomBrightness(wanted.brightness, value_range=(0, 1), seed=seed))
    if wanted.contrast:
        made.append(layers.RandomContrast(wanted.contrast, value_range=(0, 1), seed=seed + 1))
    # Saturation and hue exist for red, green and blue alone.
    if bands == 3 and wanted.saturation:
        factor = (0.5 - wanted.saturation / 2, 0.5 + wanted.saturation / 2)
        made.append(layers.RandomSaturation(factor, value_range=(0, 1), seed=seed + 2))
    if bands == 3 and wanted.hue:
        made.append(layers.RandomHue(wanted.hue, value_range=(0, 1), seed=seed + 3))
    return made
