"""The samples of a training, in memory as far as they fit and read again where they do not."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import overload

import numpy as np

from core.classes import VOID, label_counts
from core.datasets.batches.labelled_image import (
    LabelledImage,
    check_alike,
    load_samples,
    without_gaps,
)
from core.datasets.dataset import Dataset, Sample
from core.imagery.header import read_header
from core.imagery.normalise import Normalisation

__all__ = ["MEMORY", "SURVEYED", "SampleStore"]

MEMORY = 4 * 1024**3
"""Bytes of decoded samples that are held."""

SURVEYED = 256
"""Samples from which statistics come where not all of them fit into memory."""


class SampleStore(Sequence[LabelledImage]):
    """Samples by position; the longest unused make room for others.

    Several threads may read. Nothing is decoded before it is asked for.

    Args:
        dataset: prepared by the recipe.
        samples: those of one side of the split, all with masks.
        memory: bytes to hold at most; one sample is held in any case.
    """

    def __init__(self, dataset: Dataset, samples: Sequence[Sample], memory: int = MEMORY) -> None:
        self.dataset, self.samples, self.memory = dataset, tuple(samples), memory
        self.normalisation: Normalisation | None = None
        self._kept: OrderedDict[int, LabelledImage] = OrderedDict()
        self._bytes = 0
        self._first: LabelledImage | None = None
        self._lock = threading.Lock()
        self._areas: np.ndarray | None = None
        self._class_pixels: dict[int, np.ndarray] = {}
        self._dropped = False

    def __len__(self) -> int:
        return len(self.samples)

    @overload
    def __getitem__(self, index: int) -> LabelledImage: ...
    @overload
    def __getitem__(self, index: slice) -> list[LabelledImage]: ...
    def __getitem__(self, index: int | slice) -> LabelledImage | list[LabelledImage]:
        """The sample, with gaps filled once `fill_gaps` was called.

        Raises:
            DatasetError: a mask that does not fit, or other bands or another type than the first.
            ImageError: a file that cannot be read.
        """
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        with self._lock:
            if index in self._kept:
                self._kept.move_to_end(index)
                return self._kept[index]
        image = self._read(index)
        counts = None if index in self._class_pixels else _counts(image.labels)
        with self._lock:
            if counts is not None:
                self._class_pixels[index] = counts
            check_alike(self._first or image, image)
            self._first = self._first or image
            if self.normalisation is not None:
                image = without_gaps([image], self.normalisation)[0]
            if index not in self._kept:
                self._kept[index] = image
                self._bytes += _size(image)
            while self._bytes > self.memory and len(self._kept) > 1:
                self._bytes -= _size(self._kept.popitem(last=False)[1])
                self._dropped = True
        return image

    def _read(self, index: int) -> LabelledImage:
        return load_samples(self.dataset, [self.samples[index]])[0]

    def __iter__(self) -> Iterator[LabelledImage]:
        for index in range(len(self)):
            yield self[index]

    @property
    def areas(self) -> np.ndarray:
        """Pixels of each image, (N,) float64, from the headers."""
        if self._areas is None:
            areas = []
            for sample in self.samples:
                if window := self.dataset.windows.get(sample.id):
                    areas.append(window[2] * window[3])
                else:
                    header = read_header(sample.image)
                    areas.append(header.width * header.height)
            self._areas = np.array(areas, np.float64)
        return self._areas

    @property
    def resident(self) -> bool:
        """Whether all of them fit into memory; known once they were read."""
        return not self._dropped and len(self._kept) == len(self)

    def class_pixels(self, progress: Callable[[int, int], None] | None = None) -> np.ndarray:
        """Labelled pixels of each sample by class, (N, 255) int64.

        The masks of samples that were not read yet are read alone, without their images: what has
        no data is counted there.

        Args:
            progress: called with (masks read, masks to read).

        Raises:
            DatasetError: a mask with values outside the class table.
            ImageError: a mask that cannot be read.
        """
        missing = [i for i in range(len(self)) if i not in self._class_pixels]
        for done, index in enumerate(missing):
            counts = _counts(self.dataset.load_labels(self.samples[index]))
            with self._lock:
                self._class_pixels.setdefault(index, counts)
            if progress:
                progress(done + 1, len(missing))
        return np.stack([self._class_pixels[i] for i in range(len(self))])

    def survey(self, progress: Callable[[int, int], None] | None = None) -> list[LabelledImage]:
        """The samples that statistics come from: all of them where they fit into memory, else up
        to 256 evenly spread ones, as many as fit.

        Args:
            progress: called with (samples read, samples to read).
        """
        first = self[0]
        count = len(self)
        if self.areas.sum() * _size(first) / first.labels.size > self.memory:
            count = min(count, SURVEYED, max(1, int(self.memory // _size(first))))
        wanted = [int(i) for i in np.linspace(0, len(self) - 1, count)]
        chosen = []
        for done, index in enumerate(wanted):
            chosen.append(self[index])
            if progress:
                progress(done + 1, len(wanted))
        return chosen

    def let_go(self) -> None:
        """Hold nothing; what is asked for is read again."""
        with self._lock:
            self._kept.clear()
            self._bytes, self._dropped = 0, True

    def fill_gaps(self, normalisation: Normalisation) -> None:
        """From now on give pixels without data what becomes 0 by normalisation."""
        with self._lock:
            self.normalisation = normalisation
            for index, image in self._kept.items():
                self._kept[index] = without_gaps([image], normalisation)[0]


def _size(image: LabelledImage) -> int:
    return image.pixels.nbytes + image.labels.nbytes + image.valid.nbytes


def _counts(labels: np.ndarray) -> np.ndarray:
    """Pixels by class, (255,) int64."""
    return label_counts(labels)[:VOID]
