"""What a training sees of one sample, as pictures."""

from __future__ import annotations

import numpy as np

from core.datasets.batches.augment import Augmenter
from core.datasets.batches.feed import check_photometric, scaled_batches
from core.datasets.batches.labelled_image import LabelledImage, without_gaps
from core.datasets.recipes.recipe import Recipe
from core.device import tensorflow
from core.imagery.display import CLIP, default_bands, stretch_limits
from core.imagery.normalise import Normalisation

__all__ = ["augmented_preview"]


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
    tensorflow()
    from keras import ops

    augmenter = Augmenter(recipe.augmentation, normalisation, pixels.shape[-1], pixels.dtype)
    augmenter.of_decibel(decibel)
    changed = augmenter(*(ops.convert_to_tensor(part) for part in batch))
    values, labels = (ops.convert_to_numpy(part) for part in changed)
    chosen = list(bands or default_bands(pixels.shape[-1], str(pixels.dtype)))
    shown = normalisation.unscaled(_uncentred(values, normalisation))[..., chosen]
    low, high = _limits(filled.pixels[..., chosen], valid)
    rgb = np.rint(255 * np.clip((shown - low) / (high - low), 0, 1)).astype(np.uint8)
    return list(zip(rgb, labels, strict=True))


def _uncentred(values: np.ndarray, normalisation: Normalisation) -> np.ndarray:
    mean, std = (np.array(part, np.float32) for part in normalisation.centring)
    return values * std + mean if mean.size else values


def _limits(pixels: np.ndarray, valid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What is shown as black and as white, band by band."""
    if pixels.dtype == np.uint8:
        return np.zeros(3), np.full(3, 255.0)
    low, high = stretch_limits(pixels, valid, CLIP)
    return low, np.where(high > low, high, low + 1)
