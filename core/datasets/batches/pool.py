"""Which image the next crop comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from core.classes import VOID
from core.datasets.batches.labelled_image import LabelledImage
from core.datasets.batches.sample_store import SampleStore
from core.errors import ConfigError

__all__ = ["ImagePool", "chunks"]

_POOL = 32  # images that crops are drawn from at a time, where not all are in memory
_CROPS = 16  # crops from an image before another takes its place: a reading serves two batches


class ImagePool:
    """Images drawn in proportion to their area, for ever.

    Where all are in memory each draw is from all of them. Else a few are open at a time, and after
    16 crops each makes room for another, so that a set of any size is trained on, with one reading
    for 16 crops.

    Args:
        images: a list, or a store.
        rng: says which.

    Raises:
        ConfigError: all are in memory and none has a labelled pixel.
    """

    def __init__(self, images: Sequence[LabelledImage], rng: np.random.Generator) -> None:
        self._images, self._rng = images, rng
        self._present: dict[int, list[int]] = {}
        self._open: list[list[int]] = []  # index and crops left
        self._all: list[int] = []
        if isinstance(images, SampleStore) and not images.resident:
            shares = images.areas / images.areas.sum()
        else:
            labelled = [i for i, image in enumerate(images) if (image.labels != VOID).any()]
            if not labelled:
                raise ConfigError("every mask is void", remedy="check the class table with `audit`")
            self._all = labelled
            area = np.array([images[i].labels.size for i in labelled], np.float64)
            shares = area / area.sum()
        self._shares = shares

    def draw(self) -> tuple[LabelledImage, list[int]]:
        """An image and the classes it has, rising."""
        index = self._next()
        image = self._images[index]
        if index not in self._present:
            self._present[index] = [int(c) for c in np.unique(image.labels) if c != VOID]
        return image, self._present[index]

    def _next(self) -> int:
        if self._all:
            return self._all[int(self._rng.choice(len(self._all), p=self._shares))]
        while len(self._open) < min(_POOL, len(self._images)):
            self._open.append([int(self._rng.choice(len(self._shares), p=self._shares)), _CROPS])
        slot = int(self._rng.integers(len(self._open)))
        entry = self._open[slot]
        entry[1] -= 1
        if entry[1] == 0:
            del self._open[slot]
        return entry[0]


def chunks(images: Sequence[LabelledImage], rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Positions of all images once: together where they are in memory, else 32 at a time."""
    count = len(images)
    if isinstance(images, SampleStore) and not images.resident:
        order = rng.permutation(count)
        yield from (order[start : start + _POOL] for start in range(0, count, _POOL))
    else:
        yield np.arange(count)
