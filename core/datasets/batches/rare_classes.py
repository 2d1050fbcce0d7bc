"""Which image a crop for a rare class comes from, and which pixel of it.

The class is drawn first, over all images, then an image that has it: a class that one image in a
hundred has is thereby in as many crops as the recipe asks for, not in a hundredth of them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from core.classes import VOID, label_counts
from core.datasets.batches.labelled_image import LabelledImage
from core.datasets.batches.sample_store import SampleStore

__all__ = ["RareClasses", "class_pixels", "rare_classes"]

_OPEN = 8  # pairs of image and class that are drawn from at a time, where not all are in memory
_CROPS = 16  # crops from a pair before another takes its place
_TRIES = 1000  # random places looked at for a class before a whole mask is searched
_SEARCHED = 64  # searches whose result is kept
_KEPT = 2**18  # pixels kept of each


def class_pixels(images: Sequence[LabelledImage]) -> np.ndarray:
    """Labelled pixels of each image by class, (N, 255) int64.

    Of a `SampleStore` the masks of samples that were not read yet are read.
    """
    if isinstance(images, SampleStore):
        return images.class_pixels()
    counts = [label_counts(image.labels)[:VOID] for image in images]
    return np.stack(counts)


def rare_classes(pixels: np.ndarray) -> np.ndarray:
    """The classes with less than an even share of the labelled pixels, rising.

    Args:
        pixels: (N, K) of each image by class.

    Returns:
        Indices of classes; all that occur where none has less than the others.
    """
    total = pixels.sum(axis=0)
    there = np.flatnonzero(total)
    rare = there[total[there] * len(there) < total.sum()]
    return rare if rare.size else there


class RareClasses:
    """Draws a class evenly among the rare ones, then an image in proportion to its weight there.

    Args:
        weights: (N, K) how much each image has of each class: pixels, or crops; 0 where it has
            none.
        classes: those that are drawn.
        rng: says which.
        resident: whether all images are in memory. Else a few pairs of image and class are open at
            a time, each for 16 crops, so that one reading serves many crops.
    """

    def __init__(
        self, weights: np.ndarray, classes: np.ndarray, rng: np.random.Generator, resident: bool
    ) -> None:
        self._rng, self._resident = rng, resident
        self._members: dict[int, np.ndarray] = {}
        self._shares: dict[int, np.ndarray] = {}
        for value in (int(c) for c in classes):
            column = weights[:, value].astype(np.float64)
            if (members := np.flatnonzero(column)).size:
                self._members[value] = members
                self._shares[value] = column[members] / column[members].sum()
        self._open: list[list[int]] = []  # image, class, and crops left
        self._searches: OrderedDict[tuple[int, int], np.ndarray] = OrderedDict()

    def __bool__(self) -> bool:
        """Whether there is any class to draw."""
        return bool(self._members)

    def draw(self) -> tuple[int, int]:
        """Position of an image, and a class that it has."""
        if self._resident:
            return self._pair()
        while len(self._open) < _OPEN:
            self._open.append([*self._pair(), _CROPS])
        slot = int(self._rng.integers(len(self._open)))
        entry = self._open[slot]
        entry[2] -= 1
        if entry[2] == 0:
            del self._open[slot]
        return entry[0], entry[1]

    def _pair(self) -> tuple[int, int]:
        values = list(self._members)
        value = values[int(self._rng.integers(len(values)))]
        members, shares = self._members[value], self._shares[value]
        if len(members) == 1:
            return int(members[0]), value
        return int(self._rng.choice(members, p=shares)), value

    def forget(self, index: int, value: int) -> None:
        """Draw a pair no more: where the image has no data, its mask had the class alone."""
        left = self._members[value] != index
        members, shares = self._members[value][left], self._shares[value][left]
        self._open = [entry for entry in self._open if entry[:2] != [index, value]]
        if members.size:
            self._members[value], self._shares[value] = members, shares / shares.sum()
        else:
            del self._members[value], self._shares[value]

    def pixel(self, index: int, value: int, labels: np.ndarray) -> tuple[int, int] | None:
        """A random pixel of a class; places are tried first, a full search costs a crop's time.

        Args:
            index: position of the image.
            value: the class.
            labels: (H, W) uint8 of that image.

        Returns:
            Row and column; None where the image has none.
        """
        key = index, value
        if key not in self._searches:
            rows = self._rng.integers(0, labels.shape[0], _TRIES)
            columns = self._rng.integers(0, labels.shape[1], _TRIES)
            hits = np.flatnonzero(labels[rows, columns] == value)
            if hits.size:
                return int(rows[hits[0]]), int(columns[hits[0]])
            places = np.flatnonzero(labels == value)
            if places.size > _KEPT:
                places = self._rng.choice(places, _KEPT, replace=False)
            self._searches[key] = places
            if len(self._searches) > _SEARCHED:
                self._searches.popitem(last=False)
        self._searches.move_to_end(key)
        places = self._searches[key]
        if not places.size:
            return None
        row, column = divmod(int(places[self._rng.integers(places.size)]), labels.shape[1])
        return row, column
