"""What a training sees of one sample, as pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.classes import VOID
from core.datasets.batches.augment import Augmenter
from core.datasets.batches.feed import check_photometric, scaled_batches
from core.datasets.batches.inpainting import cut_outs, without_labels
from core.datasets.batches.labelled_image import LabelledImage, images_alone, without_gaps
from core.datasets.recipes.recipe import Recipe
from core.device import tensorflow
from core.imagery.display import CLIP, default_bands, stretch_limits
from core.imagery.normalise import Normalisation

__all__ = ["augmented_preview", "inpainting_preview"]

_CUT = 6  # crops that show what is cut out


def augmented_preview(
    pixels: np.ndarray,
    labels: np.ndarray,
    valid: np.ndarray,
    recipe: Recipe,
    normalisation: Normalisation,
    count: int,
    seed: int,
    bands: tuple[int, int, int] | None = None,
    *,
    decibel: bool = False,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Crops of one sample, changed as in training, by the very same code.

    They are the first batch of `count` that `training_feed` would give of this sample, its
    normalisation undone. Imports TensorFlow.

    Args:
        pixels: (H, W, C) as in the file.
        labels: (H, W) uint8, 255 = void.
        valid: (H, W) bool, False where the image has no data.
        recipe: patch and augmentation.
        normalisation: of the training split.
        count: how many.
        seed: the same seed gives the same crops.
        bands: shown as red, green and blue; by default as `core.imagery.display` has it.
        decibel: whether the images are in dB (`Dataset.decibel`).

    Returns:
        For each, RGB (size, size, 3) uint8, one stretch for all of them, and labels (size, size)
        uint8, 255 = void.

    Raises:
        ConfigError: the sample's mask is void, no crop is labelled enough, or colours are changed
            of values without a fixed range.
    """
    sample = LabelledImage("preview", pixels, labels, valid)
    check_photometric(recipe, normalisation, sample, decibel=decibel)
    (filled,) = without_gaps([sample], normalisation)
    batch = next(scaled_batches([filled], recipe, normalisation, count, seed))
    values, labels = _changed(batch, recipe, normalisation, pixels.dtype, decibel=decibel)
    return list(zip(_shown(values, filled, normalisation, bands), labels, strict=True))


def inpainting_preview(
    image: LabelledImage,
    recipe: Recipe,
    normalisation: Normalisation,
    seed: int,
    *,
    decibel: bool = False,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Crops of one image with what inpainting cuts out of them, by the very same code.

    They are the first batch of six that a network would be given of this image; what is cut out,
    and what has no data, is shown as the value that it gets there. Imports TensorFlow.

    Args:
        image: the image; its labels are not looked at.
        recipe: patch and augmentation.
        normalisation: of the training split.
        seed: the same seed gives the same crops.
        decibel: whether the images are in dB (`Dataset.decibel`).

    Returns:
        For each, RGB (size, size, 3) uint8, one stretch for all of them, and what counts in the
        loss (size, size) bool: it was cut out, and has data.

    Raises:
        ConfigError: the image has no data, or colours are changed of values without a fixed range.
    """
    check_photometric(recipe, normalisation, image, decibel=decibel)
    (filled,) = without_gaps([images_alone(image)], normalisation)
    recipe = without_labels(recipe)
    batch = next(scaled_batches([filled], recipe, normalisation, _CUT, seed))
    values, labels = _changed(batch, recipe, normalisation, image.pixels.dtype, decibel=decibel)
    cut = next(cut_outs(_CUT, recipe.patch.size, seed))
    shown = _shown(np.where(cut[..., None], 0, values), filled, normalisation, None)
    return list(zip(shown, cut & (labels != VOID), strict=True))


def _changed(
    batch: tuple[np.ndarray, np.ndarray, np.ndarray, np.int32],
    recipe: Recipe,
    normalisation: Normalisation,
    dtype: np.dtype[Any],
    *,
    decibel: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """What the augmentation makes of a batch: normalised pixels and labels."""
    tensorflow()
    from keras import ops

    augmenter = Augmenter(recipe.augmentation, normalisation, batch[0].shape[-1], dtype)
    augmenter.of_decibel(decibel)
    changed = augmenter(*(ops.convert_to_tensor(part) for part in batch))
    values, labels = (ops.convert_to_numpy(part) for part in changed)
    return values, labels


def _shown(
    values: np.ndarray,
    image: LabelledImage,
    normalisation: Normalisation,
    bands: tuple[int, int, int] | None,
) -> np.ndarray:
    """Normalised crops (N, S, S, C) of an image as RGB (N, S, S, 3) uint8."""
    pixels = image.pixels
    chosen = list(bands or default_bands(pixels.shape[-1], str(pixels.dtype)))
    shown = normalisation.unscaled(_uncentred(values, normalisation))[..., chosen]
    low, high = _limits(pixels[..., chosen], image.valid)
    return np.rint(255 * np.clip((shown - low) / (high - low), 0, 1)).astype(np.uint8)


def _uncentred(values: np.ndarray, normalisation: Normalisation) -> np.ndarray:
    mean, std = (np.array(part, np.float32) for part in normalisation.centring)
    return values * std + mean if mean.size else values


def _limits(pixels: np.ndarray, valid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What is shown as black and as white, band by band."""
    if pixels.dtype == np.uint8:
        return np.zeros(3), np.full(3, 255.0)
    low, high = stretch_limits(pixels, valid, CLIP)
    return low, np.where(high > low, high, low + 1)
