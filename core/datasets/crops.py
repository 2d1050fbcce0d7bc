"""Random crops out of whole images, with the flips, turns and zoom of a recipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from core.classes import VOID
from core.datasets.dataset import Dataset, Sample
from core.datasets.recipe import Augmentation, Patch
from core.errors import ConfigError, DatasetError
from core.imagery.normalise import Normalisation

__all__ = [
    "LabelledImage",
    "band_statistics",
    "class_counts",
    "load_samples",
    "random_crops",
    "without_gaps",
]

_ROWS = 256
_MEMORY = 8 * 1024**3  # what the training samples may take, decoded


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
        _check_alike(loaded[0], loaded[-1])
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


def _check_alike(first: LabelledImage, other: LabelledImage) -> None:
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


def random_crops(
    images: Sequence[LabelledImage],
    patch: Patch,
    augmentation: Augmentation,
    rng: np.random.Generator,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Draw crops for ever, large images in proportion to their area.

    Yields:
        Pixels (size, size, C) in the images' dtype and labels (size, size) uint8.

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
            zoom = np.exp(rng.uniform(*np.log(augmentation.zoom)))
            pixels, labels = _window(usable[index], patch.size, zoom, center, rng)
            if (labels != VOID).mean() >= patch.minimum_labelled:
                break
        yield _turned(pixels, labels, augmentation, rng)


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


def _window(
    image: LabelledImage,
    size: int,
    zoom: float,
    center: tuple[int, int] | None,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    side = max(2, round(size / zoom))
    height, width = image.labels.shape
    tops = max(0, height - side)
    lefts = max(0, width - side)
    if center is None:
        top, left = int(rng.integers(0, tops + 1)), int(rng.integers(0, lefts + 1))
    else:
        # The pixel lies somewhere in the window, not always in its middle.
        top = int(np.clip(center[0] - rng.integers(0, side), 0, tops))
        left = int(np.clip(center[1] - rng.integers(0, side), 0, lefts))
    pixels = image.pixels[top : top + side, left : left + side]
    labels = image.labels[top : top + side, left : left + side]
    missing = (side - labels.shape[0], side - labels.shape[1])
    if any(missing):
        edges = ((0, missing[0]), (0, missing[1]))
        pixels = np.pad(pixels, (*edges, (0, 0)), mode="reflect")
        # What is mirrored was labelled once already.
        labels = np.pad(labels, edges, constant_values=VOID)
    if side != size:
        # cv2.INTER_AREA averages when shrinking; labels are never mixed.
        how = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
        pixels = cv2.resize(pixels, (size, size), interpolation=how).reshape(size, size, -1)
        labels = cv2.resize(labels, (size, size), interpolation=cv2.INTER_NEAREST)
    return pixels, labels


def _turned(
    pixels: np.ndarray, labels: np.ndarray, augmentation: Augmentation, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    if augmentation.flips and rng.random() < 0.5:
        pixels, labels = pixels[:, ::-1], labels[:, ::-1]
    if augmentation.flips and rng.random() < 0.5:
        pixels, labels = pixels[::-1], labels[::-1]
    if augmentation.quarter_turns:
        turns = int(rng.integers(0, 4))
        pixels, labels = np.rot90(pixels, turns), np.rot90(labels, turns)
    return np.ascontiguousarray(pixels), np.ascontiguousarray(labels)
