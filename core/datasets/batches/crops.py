"""Crops out of whole images, at random or on a grid, with a recipe's flips, turns and zoom.

These three are made here and not by Keras' layers: flips and quarter turns move whole pixels, and a
zoom out shows what really surrounds a crop.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from core.classes import VOID
from core.datasets.batches.labelled_image import LabelledImage
from core.datasets.batches.patch_grid import PatchGrid, patch_grid
from core.datasets.batches.pool import ImagePool, chunks
from core.datasets.batches.rare_classes import RareClasses, class_pixels, rare_classes
from core.datasets.batches.sample_store import SampleStore
from core.datasets.recipes.recipe import Augmentation, Patch
from core.errors import ConfigError
from core.formats import percent
from core.imagery.resample import resample_image, resample_labels
from core.imagery.window import Window

__all__ = ["Crop", "crops", "grid_crops", "random_crops", "random_windows"]

_TRIES = 10  # draws of a crop until one is labelled enough


class Crop(NamedTuple):
    """A square part of an image.

    Attributes:
        pixels: (size, size, C) in the image's dtype; zoomed whole numbers of 32 bit are float32.
        labels: (size, size) uint8, 255 = void.
        valid: (size, size) bool, False where the image has no data.
    """

    pixels: np.ndarray
    labels: np.ndarray
    valid: np.ndarray


def crops(
    images: Sequence[LabelledImage],
    patch: Patch,
    augmentation: Augmentation,
    rng: np.random.Generator,
) -> Iterator[Crop]:
    """Crops for ever: `grid_crops` where the recipe has a stride, else `random_crops`."""
    draw = grid_crops if patch.stride else random_crops
    return draw(images, patch, augmentation, rng)


def random_crops(
    images: Sequence[LabelledImage],
    patch: Patch,
    augmentation: Augmentation,
    rng: np.random.Generator,
) -> Iterator[Crop]:
    """Draw crops for ever, large images in proportion to their area.

    Raises:
        ConfigError: no image has a labelled pixel.
    """
    pool = ImagePool(images, rng, patch.rare)
    while True:
        draw = pool.draw()
        for _ in range(_TRIES):
            side = _side(patch, augmentation, rng)
            top, left = _anywhere(draw.image.labels.shape, side, draw.center, rng)
            crop = _cut(draw.image, patch.size, side, top, left)
            if (crop.labels != VOID).mean() >= patch.minimum_labelled:
                break
            # Of the same sort, or crops that are refused would change the share of rare classes.
            draw = pool.again(draw)
        yield _turned(crop, augmentation, rng)


def random_windows(
    image: LabelledImage,
    patch: Patch,
    augmentation: Augmentation,
    rng: np.random.Generator,
    count: int,
) -> tuple[Window, ...]:
    """Where `random_crops` would cut an image: x, y, width, height in its pixels.

    Those that are labelled too little are left out, as they are drawn again there. Rare classes are
    those of this image. None where it has no label.
    """
    if not (image.labels != VOID).any():
        return ()
    pool = ImagePool([image], rng, patch.rare)
    windows: list[Window] = []
    for _ in range(count):
        draw = pool.draw()
        for _ in range(_TRIES):
            side = _side(patch, augmentation, rng)
            top, left = _anywhere(image.labels.shape, side, draw.center, rng)
            labels = image.labels[top : top + side, left : left + side]
            # What a crop has beyond a smaller image counts as void.
            if (labels != VOID).sum() / side**2 >= patch.minimum_labelled:
                windows.append((left, top, labels.shape[1], labels.shape[0]))
                break
            draw = pool.again(draw)
    return tuple(windows)


def grid_crops(
    images: Sequence[LabelledImage],
    patch: Patch,
    augmentation: Augmentation,
    rng: np.random.Generator,
) -> Iterator[Crop]:
    """The crops of a grid for ever, all of them in a new order each time.

    Between them, so that they make up the share `Patch.rare`, come crops drawn by class: a class
    evenly among the `rare_classes` of all crops, then a crop evenly among those it is in. A zoom
    is about the middle of a crop, within the image.

    Raises:
        ConfigError: no crop is labelled enough.
    """
    grids = [patch_grid(image.labels, patch) for image in images]
    places = [
        (number, window)
        for number, grid in enumerate(grids)
        for window, kept in zip(grid.windows, grid.kept, strict=True)
        if kept
    ]
    if not places:
        raise ConfigError(
            f"no crop of the grid is labelled to {percent(patch.minimum_labelled)} or more",
            key="recipe.patch.minimum_labelled",
            where="",
            remedy="set the least labelled share of a crop lower, or check the masks in the audit",
        )
    numbers = np.array([number for number, _ in places])
    by_class = _GridClasses(images, grids, rng) if patch.rare else None
    while True:
        # All at once where they are in memory; else some images' crops after the others'.
        for chosen in chunks(images, rng):
            for index in rng.permutation(np.flatnonzero(np.isin(numbers, chosen))):
                while by_class and rng.random() < patch.rare:
                    yield _of_grid(images, by_class.draw(), patch, augmentation, rng)
                yield _of_grid(images, places[index], patch, augmentation, rng)


class _GridClasses:
    """Draws crops of a grid by the classes they have."""

    def __init__(
        self,
        images: Sequence[LabelledImage],
        grids: Sequence[PatchGrid],
        rng: np.random.Generator,
    ) -> None:
        self._grids, self._rng = grids, rng
        crops_of = np.stack([grid.present[grid.kept].sum(axis=0) for grid in grids])
        pixels = np.where(crops_of > 0, class_pixels(images), 0)
        resident = not isinstance(images, SampleStore) or images.resident
        self._classes = RareClasses(crops_of, rare_classes(pixels), rng, resident)

    def draw(self) -> tuple[int, Window]:
        """Position of an image, and a window."""
        number, value = self._classes.draw()
        grid = self._grids[number]
        there = np.flatnonzero(grid.kept & grid.present[:, value])
        return number, grid.windows[int(self._rng.choice(there))]


def _of_grid(
    images: Sequence[LabelledImage],
    place: tuple[int, Window],
    patch: Patch,
    augmentation: Augmentation,
    rng: np.random.Generator,
) -> Crop:
    image, window = images[place[0]], place[1]
    side = _side(patch, augmentation, rng)
    height, width = image.labels.shape
    shift = (patch.size - side) // 2
    top = int(np.clip(window[1] + shift, 0, max(0, height - side)))
    left = int(np.clip(window[0] + shift, 0, max(0, width - side)))
    return _turned(_cut(image, patch.size, side, top, left), augmentation, rng)


def _side(patch: Patch, augmentation: Augmentation, rng: np.random.Generator) -> int:
    """Of the part of an image that becomes a crop, in its pixels."""
    zoom = np.exp(rng.uniform(*np.log(augmentation.zoom)))
    return max(2, round(patch.size / zoom))


def _anywhere(
    shape: tuple[int, ...],
    side: int,
    center: tuple[int, int] | None,
    rng: np.random.Generator,
) -> tuple[int, int]:
    tops, lefts = max(0, shape[0] - side), max(0, shape[1] - side)
    if center is None:
        return int(rng.integers(0, tops + 1)), int(rng.integers(0, lefts + 1))
    # The pixel lies somewhere in the window, not always in its middle.
    top = int(np.clip(center[0] - rng.integers(0, side), 0, tops))
    left = int(np.clip(center[1] - rng.integers(0, side), 0, lefts))
    return top, left


def _cut(image: LabelledImage, size: int, side: int, top: int, left: int) -> Crop:
    pixels = image.pixels[top : top + side, left : left + side]
    labels = image.labels[top : top + side, left : left + side]
    valid = image.valid[top : top + side, left : left + side]
    missing = (side - labels.shape[0], side - labels.shape[1])
    if any(missing):
        edges = ((0, missing[0]), (0, missing[1]))
        pixels = np.pad(pixels, (*edges, (0, 0)), mode="reflect")
        valid = np.pad(valid, edges, mode="reflect")
        # What is mirrored was labelled once already.
        labels = np.pad(labels, edges, constant_values=VOID)
    if side != size:
        pixels = resample_image(pixels, size, size)
        labels = resample_labels(labels, size, size)
        # Whole crops have data, as a rule: to say so is quicker than to take every pixel.
        valid = np.ones(labels.shape, bool) if valid.all() else resample_labels(valid, size, size)
    return Crop(pixels, labels, valid)


def _turned(crop: Crop, augmentation: Augmentation, rng: np.random.Generator) -> Crop:
    arrays: tuple[np.ndarray, ...] = crop
    if augmentation.flips and rng.random() < 0.5:
        arrays = tuple(array[:, ::-1] for array in arrays)
    if augmentation.flips and rng.random() < 0.5:
        arrays = tuple(array[::-1] for array in arrays)
    if augmentation.quarter_turns:
        turns = int(rng.integers(0, 4))
        arrays = tuple(np.rot90(array, turns) for array in arrays)
    return Crop(*(np.ascontiguousarray(array) for array in arrays))
