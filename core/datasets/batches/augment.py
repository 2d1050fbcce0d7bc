"""Random changes to batches of crops, image and mask together, by Keras' layers.

What is done here, and in this order:

1. geometry: free rotation, shear, elastic deformation;
2. deformation of the labels alone;
3. radar speckle;
4. colour: brightness, contrast, saturation, hue;
5. noise, then cut-out.

Flips, quarter turns and zoom are made while a crop is cut (`core.datasets.batches.crops`): the
first two move whole pixels, and zooming there shows real surroundings instead of a filled border.
Objects are pasted from crop to crop right after it (`core.datasets.batches.copy_paste`).

Everything is a pure function of a batch and a seed. Keras' layers otherwise keep a counter, and
what they draw depends on which thread comes first and on how often a stream was started.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from core.classes import VOID
from core.datasets.recipes.recipe import Augmentation
from core.device import tensorflow
from core.imagery.normalise import Normalisation

__all__ = ["Augmenter"]

_NODES = 5  # of the grid a deformation is drawn on, along a side
_BEND = 1 / 16  # of the side: how far a node moves at most; neighbours lie 1/4 apart, so no folds
_WAVE = 16  # pixels between the shifts that deform labels: a border waves within a house's length
_MIN_SPECKLE = 0.02
_REACH = 5.0  # standard deviations above the mean that count as a band's range
_SIDE = (0.0, 1.0)


class Augmenter:
    """The changes a recipe asks for, and the rest of normalisation after them.

    Args:
        augmentation: what is changed and how much.
        normalisation: as it will stand in the model card.
        bands: of the images.
        dtype: of the images in the file.
        fused: compile what is done pixel by pixel into one loop (XLA), for many batches of one
            shape: half the processors' time, after half a second of compiling. What is drawn is
            the same, what comes out equal but for rounding.
    """

    def __init__(
        self,
        augmentation: Augmentation,
        normalisation: Normalisation,
        bands: int,
        dtype: np.dtype[Any] | str,
        *,
        fused: bool = False,
    ) -> None:
        self.augmentation = augmentation
        self.normalisation = normalisation
        self.whole = np.issubdtype(np.dtype(dtype), np.integer)
        # Under the normalisation of that name they are by definition.
        self.decibel = normalisation.kind == "decibel"
        self.range = _range(normalisation, self.whole)
        mean, std = normalisation.centring
        self.gap = np.array(mean or (0.0,) * bands, np.float32)
        self.spread = np.array(std or (1.0,) * bands, np.float32)
        self.geometric = _geometric(augmentation)
        self.colour = _colour(augmentation, bands)
        self._pixelwise = self._of_pixels
        if fused:
            self._pixelwise = tensorflow().function(self._of_pixels, jit_compile=True)

    def of_decibel(self, known: bool) -> Augmenter:
        """The same where images are known to be in dB by another way: see `Dataset.decibel`.

        A factor on the intensity is a sum there.
        """
        self.decibel = self.decibel or known
        return self

    def __call__(self, images: Any, labels: Any, valid: Any, seed: Any) -> tuple[Any, Any]:
        """Change a batch.

        Args:
            images: (N, S, S, C) float32 of `Normalisation.scaled` with ``cut=False``.
            labels: (N, S, S) uint8, 255 = void.
            valid: (N, S, S) bool, False where there is no data.
            seed: whole number, or a tensor of one; the same gives the same changes.

        Returns:
            Images (N, S, S, C) float32, normalised, 0 where there is no data, and labels
            (N, S, S) uint8, 255 = void; void wherever the image has no data, was turned in from
            outside, or is cut out, and where the labels' own deformation brings the outside in.
        """
        from keras import ops

        seeds = _stateless()(seed)
        if self.geometric or self.augmentation.elastic:
            images, labels, valid = self._moved(images, labels, valid, seeds)
        if self.augmentation.label_deformation:
            labels = _redrawn(labels, self.augmentation.label_deformation, seeds)
        if self.augmentation.speckle:
            images = self._speckled(images, seeds)
        # Drawn out here: XLA draws other numbers from the same seed.
        changes = [
            layer.get_random_transformation(images, training=True, seed=seeds)
            for layer in self.colour
        ]
        noise = _noise(images, self.augmentation.noise, seeds) if self.augmentation.noise else None
        if self.augmentation.cutout:
            valid = ops.logical_and(valid, _uncut(valid, self.augmentation.cutout, seeds))
        return self._pixelwise(images, labels, valid, changes, noise)

    def _of_pixels(
        self, images: Any, labels: Any, valid: Any, changes: list[Any], noise: Any
    ) -> tuple[Any, Any]:
        """Colour, noise, the rest of normalisation, and void: nothing is drawn, no pixel moves.

        Args:
            images, labels, valid: as `__call__` has them.
            changes: for each layer of colour, what its `get_random_transformation` drew.
            noise: (N, S, S, C) float32, to be added; None for none.
        """
        from keras import ops

        if self.normalisation.bounded:
            images = ops.clip(images, 0, 1)
        if self.colour or noise is not None:
            images = images / self.range
            for layer, change in zip(self.colour, changes, strict=True):
                images = layer.transform_images(images, change)
            if noise is not None:
                images = ops.clip(images + noise, 0, 1)
            images = images * self.range
        images = (images - self.gap) / self.spread
        images = ops.where(valid[..., None], images, 0.0)
        return images, ops.where(valid, labels, ops.cast(VOID, "uint8"))

    def _moved(self, images: Any, labels: Any, valid: Any, seeds: Any) -> tuple[Any, Any, Any]:
        from keras import ops

        # With void as 0, a mask is filled with void where the outside comes in. The image has its
        # edge drawn out there, so that nothing foreign is mixed into what lies beside it, and is
        # set to 0 at the end, as all that is not valid.
        codes = ops.mod(ops.cast(labels, "int32") + 1, 256)
        codes = ops.cast(ops.stack([codes, ops.cast(valid, "int32")], axis=-1), "float32")
        for of_image, of_mask in self.geometric:
            change = of_image.get_random_transformation(images, training=True, seed=seeds)
            images = of_image.transform_images(images, change)
            codes = of_mask.transform_segmentation_masks(codes, change)
        if self.augmentation.elastic:
            images, codes = _bent(images, codes, self.augmentation.elastic, seeds)
        codes = ops.cast(codes, "int32")
        labels = ops.cast(ops.mod(codes[..., 0] + 255, 256), "uint8")
        return images, labels, codes[..., 1] > 0

    def _speckled(self, images: Any, seeds: Any) -> Any:
        """Multilook speckle: a gamma-distributed factor of mean 1 on the intensity.

        Its shape is the number of looks, one over the squared standard deviation (Goodman, Speckle
        Phenomena in Optics, 2007, sec. 4.3). Each band has its own, as polarisations nearly have.
        """
        import keras
        from keras import ops

        shape = ops.shape(images)
        size = keras.random.uniform((shape[0], 1, 1, 1), _MIN_SPECKLE, 1.0, seed=seeds)
        # At most a few thousand looks: beyond, nothing is seen.
        looks = 1 / ops.square(ops.maximum(size * self.augmentation.speckle, _MIN_SPECKLE))
        drawn = keras.random.gamma(shape, ops.broadcast_to(looks, shape), seed=seeds)
        factor = ops.maximum(drawn / looks, 1e-6)
        if self.normalisation.low:
            low = np.array(self.normalisation.low, np.float64)
            span = np.array(self.normalisation.high, np.float64) - low
            if self.decibel:
                return images + 10 * ops.log10(factor) / span.astype(np.float32)
            # The factor is on the file's value, of which `low` was taken off.
            offset = (low / span).astype(np.float32)
            return (images + offset) * factor - offset
        return ops.clip(images * factor, 0, 1) if self.whole else images * factor


def _range(normalisation: Normalisation, whole: bool) -> float:
    """What `scaled` values reach, to which changes of colour are relative.

    1, except for whole numbers that use a small part of their type's range, as 16-bit imagery of 11
    or 12 bits does: there mean plus five standard deviations of the brightest band.
    """
    if not (whole and normalisation.kind == "standard"):
        return 1.0
    pairs = zip(normalisation.mean, normalisation.std, strict=True)
    return float(min(1.0, max(mean + _REACH * std for mean, std in pairs)))


def _geometric(augmentation: Augmentation) -> list[tuple[Any, Any]]:
    """Keras' layers for rotation and shear: for each one that moves the image and one for the mask.

    The same change is given to both; they differ in what they fill the outside with.
    """
    from keras import layers

    made: list[tuple[Any, Any]] = []

    def add(layer: Callable[..., Any], *settings: float) -> None:
        # Of their own type: under a policy of mixed precision 8 bits of a value would be left.
        edge = layer(*settings, fill_mode="nearest", dtype="float32")
        void = layer(*settings, fill_mode="constant", fill_value=0.0, dtype="float32")
        made.append((edge, void))

    if augmentation.rotation:
        add(layers.RandomRotation, augmentation.rotation / 360)
    if augmentation.shear:
        slant = min(1.0, math.tan(math.radians(augmentation.shear)))
        add(layers.RandomShear, slant, slant)
    return made


def _colour(augmentation: Augmentation, bands: int) -> list[Any]:
    """Keras' layers for values in 0–1; each draws one change an image."""
    from keras import layers

    common = {"value_range": _SIDE, "dtype": "float32"}
    made: list[Any] = []
    if augmentation.brightness:
        made.append(layers.RandomBrightness(augmentation.brightness, **common))
    if augmentation.contrast:
        # Given one number, Keras 3.15 only ever raises the contrast.
        made.append(layers.RandomContrast((augmentation.contrast, augmentation.contrast), **common))
    # Saturation and hue exist for red, green and blue alone.
    if bands == 3 and augmentation.saturation:
        # A factor f multiplies the saturation by f / (1 - f).
        ends = (1 - augmentation.saturation, 1 + augmentation.saturation)
        factor = tuple(end / (1 + end) for end in ends)
        made.append(layers.RandomSaturation(factor, **common))
    if bands == 3 and augmentation.hue:
        # A factor of 1 is half the circle.
        made.append(layers.RandomHue(2 * augmentation.hue, **common))
    return made


def _bent(images: Any, codes: Any, strength: float, seeds: Any) -> tuple[Any, Any]:
    """A smooth random deformation.

    Keras' `RandomElasticTransform` draws another displacement for the mask than for the image (of
    Keras 3.15: its seed is a generator, and is asked twice), and one strength for a whole batch.
    Here a coarse grid of random shifts is enlarged to one displacement, used for both.
    """
    import keras
    from keras import ops

    count, size = ops.shape(images)[0], images.shape[1]
    reach = keras.random.uniform((count, 1, 1, 1), 0, strength * _BEND * size, seed=seeds)
    nodes = reach * keras.random.uniform((count, _NODES, _NODES, 2), -1, 1, seed=seeds)
    shift = ops.image.resize(nodes, (size, size), interpolation="bicubic")
    steps = ops.arange(size, dtype="float32")
    rows = steps[None, :, None] + shift[..., 0]
    columns = steps[None, None, :] + shift[..., 1]
    inside = _within(rows, size) & _within(columns, size)
    codes = ops.where(inside[..., None], _nearest(codes, rows, columns), 0.0)
    return _bilinear(images, rows, columns), codes


def _redrawn(labels: Any, largest: int, seeds: Any) -> Any:
    """(N, S, S) uint8 labels after a smooth random deformation of their own; void from outside.

    NSegment (Kim et al. 2025, arXiv:2504.19634) smooths noise by a Gaussian. Here as in `_bent` a
    coarse grid of random shifts is enlarged, and each image's is scaled so that its largest shift
    is a random one up to `largest`, along each axis: whole pixels, as labels are names.
    """
    import keras
    from keras import ops

    count, size = ops.shape(labels)[0], labels.shape[1]
    grid = (count, size // _WAVE + 1, size // _WAVE + 1, 2)
    reach = keras.random.uniform((count, 1, 1, 1), 0, largest, seed=seeds)
    nodes = keras.random.uniform(grid, -1, 1, seed=seeds)
    shift = ops.image.resize(nodes, (size, size), interpolation="bicubic")
    shift = shift * reach / ops.max(ops.abs(shift), axis=(1, 2, 3), keepdims=True)
    steps = ops.arange(size, dtype="float32")
    rows = steps[None, :, None] + ops.round(shift[..., 0])
    columns = steps[None, None, :] + ops.round(shift[..., 1])
    inside = _within(rows, size) & _within(columns, size)
    moved = _nearest(labels[..., None], rows, columns)[..., 0]
    return ops.where(inside, moved, ops.cast(VOID, "uint8"))


def _within(at: Any, size: int) -> Any:
    return (at >= -0.5) & (at < size - 0.5)


def _bilinear(images: Any, rows: Any, columns: Any) -> Any:
    """(N, S, S, C) at (N, S, S) places; outside, the edge drawn out."""
    from keras import ops

    size = images.shape[1]
    rows, columns = ops.clip(rows, 0, size - 1), ops.clip(columns, 0, size - 1)
    top, left = ops.floor(rows), ops.floor(columns)
    down, right = (rows - top)[..., None], (columns - left)[..., None]
    upper = (1 - right) * _nearest(images, top, left) + right * _nearest(images, top, left + 1)
    lower = (1 - right) * _nearest(images, top + 1, left)
    lower = lower + right * _nearest(images, top + 1, left + 1)
    return (1 - down) * upper + down * lower


def _nearest(images: Any, rows: Any, columns: Any) -> Any:
    """(N, S, S, C) at the pixels nearest to (N, S, S) places; outside, the edge drawn out."""
    from keras import ops

    count, size = ops.shape(images)[0], images.shape[1]
    rows, columns = (ops.clip(ops.round(at), 0, size - 1) for at in (rows, columns))
    place = ops.cast(rows, "int32") * size + ops.cast(columns, "int32")
    place = place + ops.arange(count)[:, None, None] * size * size
    return ops.take(ops.reshape(images, (-1, images.shape[-1])), place, axis=0)


def _noise(images: Any, largest: float, seeds: Any) -> Any:
    """(N, S, S, C) normal, of one random strength for each image."""
    import keras
    from keras import ops

    shape = ops.shape(images)
    size = keras.random.uniform((shape[0], 1, 1, 1), 0, largest, seed=seeds)
    return size * keras.random.normal(shape, seed=seeds)


def _uncut(valid: Any, largest: float, seeds: Any) -> Any:
    """(N, S, S) bool, False within a random square of each image.

    Keras' `RandomErasing` leaves the mask alone, and cuts rectangles.
    """
    import keras
    from keras import ops

    count, size = ops.shape(valid)[0], valid.shape[1]
    side = keras.random.uniform((count, 1), 0, largest * size, seed=seeds)
    start = keras.random.uniform((count, 2), 0, 1, seed=seeds) * (size - side)
    steps = ops.arange(size, dtype="float32")[None]
    rows = (steps >= start[:, :1]) & (steps < start[:, :1] + side)
    columns = (steps >= start[:, 1:]) & (steps < start[:, 1:] + side)
    return ops.logical_not(rows[:, :, None] & columns[:, None, :])


@lru_cache(maxsize=1)
def _stateless() -> Callable[[Any], Any]:
    """A class of seed generators that count from a given seed and keep nothing in Keras.

    Made on demand, because its base is Keras'.
    """
    import keras
    from keras import ops

    class Stateless(keras.random.SeedGenerator):
        def __init__(self, seed: Any) -> None:
            # Keras' own would make a variable, which a tf.data pipeline cannot.
            self.seed, self.drawn = ops.cast(seed, "int32"), 0

        def next(self, ordered: bool = True) -> Any:
            self.drawn += 1
            return ops.stack([self.seed, ops.cast(self.drawn, "int32")])

    return Stateless
