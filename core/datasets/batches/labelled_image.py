"""Samples in memory: pixels, labels, and what is counted over them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.classes import VOID, label_counts
from core.datasets.dataset import Dataset, Sample
from core.errors import DatasetError
from core.formats import binary_size, counted
from core.imagery.header import Georeference
from core.imagery.normalise import Normalisation

__all__ = [
    "LabelledImage",
    "band_statistics",
    "check_alike",
    "class_counts",
    "images_alone",
    "load_samples",
    "without_gaps",
]

_ROWS = 256
_MEMORY = 8 * 1024**3  # what a list of samples may take, decoded


@dataclass(frozen=True)
class LabelledImage:
    """A sample in memory.

    Attributes:
        pixels: (H, W, C) as in the file.
        labels: (H, W) uint8, 255 = void; pixels without data are void.
        valid: (H, W) bool, False where the image has no data.
        named_bands: what the file calls its bands, see `Header.named_bands`.
        georeference: where the image lies; None where that is unknown.
    """

    id: str
    pixels: np.ndarray
    labels: np.ndarray
    valid: np.ndarray
    named_bands: tuple[str, ...] = ()
    georeference: Georeference | None = None


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
        named = raster.header.named_bands
        loaded.append(
            LabelledImage(
                sample.id, raster.pixels, labels, raster.valid, named, raster.georeference
            )
        )
        check_alike(loaded[0], loaded[-1])
        total += raster.pixels.nbytes + labels.nbytes + raster.valid.nbytes
        if total > _MEMORY:
            raise DatasetError(
                f"the training samples need more than {binary_size(_MEMORY)} of memory",
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
            f"{first.id} has {counted(a.shape[-1], 'band')} of {a.dtype}, this one "
            f"{b.shape[-1]} of {b.dtype}",
            where=other.id,
            remedy="a model takes one kind of image: exclude the others in the recipe",
        )


def class_counts(images: Sequence[LabelledImage], classes: int) -> np.ndarray:
    """Labelled pixels per class over all images, (classes,) int64."""
    counts = np.zeros(256, np.int64)
    for image in images:
        counts += label_counts(image.labels)
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


def images_alone(image: LabelledImage) -> LabelledImage:
    """The image without what its mask says: its labels are 0 where there is data, else 255."""
    return replace(image, labels=np.where(image.valid, 0, VOID).astype(np.uint8))


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
            gap = fill
            if np.issubdtype(pixels.dtype, np.integer):
                # What pretrained weights take for 0 may lie beyond what the type holds.
                limits = np.iinfo(pixels.dtype)
                gap = np.clip(np.rint(fill), limits.min, limits.max)
            pixels = np.where(image.valid[..., None], pixels, gap.astype(pixels.dtype))
        filled.append(replace(image, pixels=pixels))
    return filled
