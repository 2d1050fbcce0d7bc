"""Crops out of whole images, at random or on a grid, with a recipe's flips, turns and zoom.

These three are made here and not by Keras' layers: flips and quarter turns move whole pixels, and a
zoom out shows what really surrounds a crop.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from core.classes import VOID
from core.datasets.batches.labelled_image import LabelledImage
from core.datasets.batches.patch_grid import patch_grid
from core.datasets.batches.pool import ImagePool, chunks
from core.datasets.recipes.recipe import Augmentation, Patch
from core.errors import ConfigError
from core.imagery.window import Window

__all__ = ["Crop", "crops", "grid_crops", "random_crops", "random_windows"]

_RESIZED = ("uint8", "uint16", "int16", "float32", "float64")  # what cv2.resize takes


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
    pool = ImagePool(images, rng)
    while True:
        for _ in range(10):
            image, present = pool.draw()
            side, top, left = _random_place(image, present, patch, augmentation, rng)
            crop = _cut(image, patch.size, side, top, left)
            if (crop.labels != VOID).mean() >= patch.minimum_labelled:
                break
        yield _turned(crop, augmentation, rng)


def random_windows(
    image: LabelledImage,
    patch: Patch,
    augmentation: Augmentation,
    rng: np.random.Generator,
    count: int,
) -> tuple[Window, ...]:
    """Where `random_crops` would cut an image: x, y, width, height in its pixels.

    Those that are labelled too little are left out, as they are drawn again there.
    """
    present = [int(c) for c in np.unique(image.labels) if c != VOID]
    windows: list[Window] = []
    for _ in range(10 * count):
        side, top, left = _random_place(image, present, patch, augmentation, rng)
        labels = image.labels[top : top + side, left : left + side]
        # What a crop has beyond a smaller image counts as void.
        if (labels != VOID).sum() / side**2 >= patch.minimum_labelled:
            windows.append((left, top, labels.shape[1], labels.shape[0]))
        if len(windows) == count:
            break
    return tuple(windows)


def _random_place(
    image: LabelledImage,
    present: Sequence[int],
    patch: Patch,
    augmentation: Augmentation,
    rng: np.random.Generator,
) -> tuple[int, int, int]:
    """Side, top and left of a crop in the image's pixels."""
    center = None
    if rng.random() < patch.rare and present:
        center = _pixel_of(image.labels, int(rng.choice(present)), rng)
    side = _side(patch, augmentation, rng)
    return side, *_anywhere(image.labels.shape, side, center, rng)


def grid_crops(
    images: Sequence[LabelledImage],
    patch: Patch,
    augmentation: Augmentation,
    rng: np.random.Generator,
) -> Iterator[Crop]:
    """The crops of a grid for ever, all of them in a new order each time.

    Between them, so that they make up the share `Patch.rare`, come crops drawn by class: a class
    evenly among those of all crops, then a crop evenly among those it is in. A zoom is about the
    middle of a crop, within the image.

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
            f"no crop of the grid is labelled to {100 * patch.minimum_labelled:g} % or more",
            remedy="set minimum_labelled of the recipe's patch lower, or check the masks with "
            "`audit`",
        )
    present = np.concatenate([grid.present[grid.kept] for grid in grids])
    numbers = np.array([number for number, _ in places])
    while True:
        # All at once where they are in memory; else some images' crops after the others'.
        for chosen in chunks(images, rng):
            inside = np.flatnonzero(np.isin(numbers, chosen))
            by_class = present[inside].T
            members = [inside[column] for column in by_class if column.any()]
            for index in rng.permutation(inside):
                while rng.random() < patch.rare:
                    rare = rng.choice(members[rng.integers(len(members))])
                    yield _of_grid(images, places[rare], patch, augmentation, rng)
                yield _of_grid(images, places[index], patch, augmentation, rng)


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


def _pixel_of(labels: np.ndarray, value: int, rng: np.random.Generator) -> tuple[int, int]:
    """A random pixel of a class; places are tried first, a full search costs a crop's time."""
    rows = rng.integers(0, labels.shape[0], 2000)
    cols = rng.integers(0, labels.shape[1], 2000)
    hits = np.flatnonzero(labels[rows, cols] == value)
    if hits.size:
        return int(rows[hits[0]]), int(cols[hits[0]])
    places = np.flatnonzero(labels == value)
    row, col = divmod(int(rng.choice(places)), labels.shape[1])
    return row, col


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
        if pixels.dtype not in _RESIZED:
            pixels = pixels.astype(np.float32)
        # cv2.INTER_AREA averages when shrinking; labels are never mixed.
        how = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
        pixels = cv2.resize(pixels, (size, size), interpolation=how).reshape(size, size, -1)
        nearest = cv2.INTER_NEAREST
        labels = cv2.resize(labels, (size, size), interpolation=nearest)
        seen = cv2.resize(valid.view(np.uint8), (size, size), interpolation=nearest)
        valid = seen.view(bool)
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
