"""Crops out of whole images, at random or on a grid, with a recipe's flips, turns and zoom.

These three are made here and not by Keras' layers: flips and quarter turns move whole pixels, and a
zoom out shows what really surrounds a crop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np

from core.classes import VOID
from core.datasets.dataset import Dataset, Sample
from core.datasets.patches import patch_grid
from core.datasets.recipe import Augmentation, Patch
from core.errors import ConfigError, DatasetError
from core.imagery.normalise import Normalisation
from core.imagery.window import Window

__all__ = [
    "Crop",
    "LabelledImage",
    "band_statistics",
    "check_alike",
    "class_counts",
    "crops",
    "grid_crops",
    "load_samples",
    "random_crops",
    "without_gaps",
]

_ROWS = 256
_MEMORY = 8 * 1024**3  # what the training samples may take, decoded
_RESIZED = ("uint8", "uint16", "int16", "float32", "float64")  # what cv2.resize takes


@dataclass(frozen=True)
class LabelledImage:
    """A sample in memory.

    Attributes:
        pixels: (H, W, C) as in the file.
        labels: (H, W) uint8, 255 = void; pixels without data are void.
        valid: (H, W) bool, False where the image has no data.
    """

    id: str
    pixels: np.ndarray
    labels: np.ndarray
    valid: np.ndarray


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


def load_samples(
    dataset: Dataset,
    samples: Sequence[Sample],
    progress: Callable[[int, int], None] | None = None,
) -> list[LabelledImage]:
    """Read samples into memory; pixels without data are void.

    Raises:
        DatasetError: a mask that does not fit, images that differ in bands or type, or more than
            8 GiB.
        ImageError: a file that cannot be read.
    """
    loaded: list[LabelledImage] = []
    total = 0
    for index, sample in enumerate(samples):
        raster = dataset.load_image(sample)
        labels = dataset.load_labels(sample, raster.pixels.shape[:2])
        labels[~raster.valid] = VOID
        loaded.append(LabelledImage(sample.id, raster.pixels, labels, raster.valid))
        check_alike(loaded[0], loaded[-1])
        total += raster.pixels.nbytes + labels.nbytes + raster.valid.nbytes
        if total > _MEMORY:
            raise DatasetError(
                f"the training samples need more than {_MEMORY / 1024**3:.0f} GiB of memory",
                where=str(dataset.root),
                remedy="exclude samples in the recipe, or train on a part of the dataset",
            )
        if progress:
            progress(index + 1, len(samples))
    return loaded


def check_alike(first: LabelledImage, other: LabelledImage) -> None:
    """Raise unless two samples have the same bands and type.

    Raises:
        DatasetError: they have not.
    """
    a, b = first.pixels, other.pixels
    if a.shape[-1] != b.shape[-1] or a.dtype != b.dtype:
        raise DatasetError(
            f"{first.id} has {a.shape[-1]} band(s) of {a.dtype}, this one {b.shape[-1]} of "
            f"{b.dtype}",
            where=other.id,
            remedy="a model takes one kind of image: exclude the others in the recipe",
        )


def class_counts(images: Sequence[LabelledImage], classes: int) -> np.ndarray:
    """Labelled pixels per class over all images, (classes,) int64."""
    counts = np.zeros(256, np.int64)
    for image in images:
        counts += np.bincount(image.labels.ravel(), minlength=256)
    return counts[:classes]


def band_statistics(
    images: Sequence[LabelledImage], divisor: float
) -> tuple[list[float], list[float]]:
    """Mean and standard deviation per band of ``pixels / divisor`` over all pixels with data."""
    count = 0
    total = squares = np.zeros(images[0].pixels.shape[-1])
    for image in images:
        # A row block at a time: float64 copies of a large image would take eight times its room.
        for row in range(0, len(image.pixels), _ROWS):
            seen = image.valid[row : row + _ROWS]
            values = image.pixels[row : row + _ROWS][seen].astype(np.float64) / divisor
            count += len(values)
            total = total + values.sum(axis=0)
            squares = squares + (values**2).sum(axis=0)
    mean = total / max(1, count)
    # A constant band has no spread to scale by.
    std = np.maximum(np.sqrt(np.maximum(squares / max(1, count) - mean**2, 0)), 1e-6)
    return [float(m) for m in mean], [float(s) for s in std]


def without_gaps(
    images: Sequence[LabelledImage], normalisation: Normalisation
) -> list[LabelledImage]:
    """The images with pixels without data set to what becomes 0 by normalisation.

    Prediction gives the network 0 there; a training must, too. For integer imagery it is the
    nearest whole value.
    """
    fill = normalisation.fill()
    filled = []
    for image in images:
        pixels = image.pixels
        if not image.valid.all():
            whole = np.issubdtype(pixels.dtype, np.integer)
            gap = (np.rint(fill) if whole else fill).astype(pixels.dtype)
            pixels = np.where(image.valid[..., None], pixels, gap)
        filled.append(replace(image, pixels=pixels))
    return filled


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
    usable = [image for image in images if (image.labels != VOID).any()]
    if not usable:
        raise ConfigError("every mask is void", remedy="check the class table with `audit`")
    area = np.array([image.labels.size for image in usable], np.float64)
    present = [[c for c in np.unique(image.labels) if c != VOID] for image in usable]
    while True:
        for _ in range(10):
            index = rng.choice(len(usable), p=area / area.sum())
            center = None
            if rng.random() < patch.rare:
                center = _pixel_of(usable[index].labels, rng.choice(present[index]), rng)
            side = _side(patch, augmentation, rng)
            top, left = _anywhere(usable[index].labels.shape, side, center, rng)
            crop = _cut(usable[index], patch.size, side, top, left)
            if (crop.labels != VOID).mean() >= patch.minimum_labelled:
                break
        yield _turned(crop, augmentation, rng)


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
    places: list[tuple[LabelledImage, Window]] = [
        (image, window)
        for image, grid in zip(images, grids, strict=True)
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
    members = [np.flatnonzero(column) for column in present.T if column.any()]
    while True:
        for index in rng.permutation(len(places)):
            while rng.random() < patch.rare:
                rare = rng.choice(members[rng.integers(len(members))])
                yield _of_grid(places[rare], patch, augmentation, rng)
            yield _of_grid(places[index], patch, augmentation, rng)


def _of_grid(
    place: tuple[LabelledImage, Window],
    patch: Patch,
    augmentation: Augmentation,
    rng: np.random.Generator,
) -> Crop:
    image, window = place
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
    found = np.flatnonzero(labels == value)
    row, col = divmod(int(rng.choice(found)), labels.shape[1])
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
