"""Which image the next crop comes from, and around which class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from core.classes import VOID
from core.datasets.batches.labelled_image import LabelledImage
from core.datasets.batches.rare_classes import RareClasses, class_pixels, rare_classes
from core.datasets.batches.sample_store import SampleStore
from core.errors import ConfigError

__all__ = ["Draw", "ImagePool", "chunks"]

_POOL = 32  # images that crops are drawn from at a time, where not all are in memory
_CROPS = 16  # crops from an image before another takes its place: a reading serves two batches


class Draw(NamedTuple):
    """An image to cut a crop from.

    Attributes:
        image: the image.
        position: its position.
        rare: the class that the crop is to hold; None for any place.
        center: row and column of a pixel of that class.
    """

    image: LabelledImage
    position: int
    rare: int | None = None
    center: tuple[int, int] | None = None


class ImagePool:
    """Images for crops, for ever: in proportion to their area, or by the classes they have.

    Where all are in memory each draw is from all of them. Else a few are open at a time, and after
    16 crops each makes room for another, so that a set of any size is trained on, with one reading
    for 16 crops.

    Args:
        images: a list, or a store; of a store that is not in memory all masks are read once where
            `rare` is not 0.
        rng: says which.
        rare: how often, 0 to 1, a class is drawn first, evenly among the `rare_classes`, and then
            an image in proportion to that class's pixels in it.

    Raises:
        ConfigError: all are in memory and none has a labelled pixel.
    """

    def __init__(
        self, images: Sequence[LabelledImage], rng: np.random.Generator, rare: float = 0.0
    ) -> None:
        self._images, self._rng, self._rare = images, rng, rare
        self._open: list[list[int]] = []  # index and crops left
        self._all: list[int] = []
        resident = not isinstance(images, SampleStore) or images.resident
        if isinstance(images, SampleStore) and not resident:
            shares = images.areas / images.areas.sum()
        else:
            labelled = [i for i, image in enumerate(images) if (image.labels != VOID).any()]
            if not labelled:
                raise ConfigError("every mask is void", remedy="check the class table in the audit")
            self._all = labelled
            area = np.array([images[i].labels.size for i in labelled], np.float64)
            shares = area / area.sum()
        self._shares = shares
        self._classes: RareClasses | None = None
        if rare:
            pixels = class_pixels(images)
            self._classes = RareClasses(pixels, rare_classes(pixels), rng, resident)

    def draw(self) -> Draw:
        """An image and, as often as asked for, a class that it has."""
        if self._rng.random() < self._rare:
            while self._classes:
                index, value = self._classes.draw()
                image = self._images[index]
                if center := self._classes.pixel(index, value, image.labels):
                    return Draw(image, index, value, center)
                self._classes.forget(index, value)
        return self._anything()

    def again(self, draw: Draw) -> Draw:
        """Another draw of the same sort: any image, or the same image and class."""
        if draw.rare is None or self._classes is None:
            return self._anything()
        center = self._classes.pixel(draw.position, draw.rare, draw.image.labels)
        return draw._replace(center=center)

    def _anything(self) -> Draw:
        index = self._next()
        return Draw(self._images[index], index)

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
