"""Copy-paste: objects of rare classes from some crops put onto others, image and label together.

Simple Copy-Paste (Ghiasi et al. 2021, arXiv:2012.07177) pastes instances with hard edges, which did
as well as blended ones there. Semantic masks have no instances: here an object is an 8-connected
component of one class, and the classes are those that are rare.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import NamedTuple

import cv2
import numpy as np

from core.classes import label_counts

__all__ = ["LARGEST", "SMALLEST", "CopyPaste"]

SMALLEST = 16
"""Pixels of an object, at least: what is smaller is as likely a slip of the mask."""

LARGEST = 0.25
"""Share of a crop that an object covers, at most."""

_KEPT = 16  # objects of a class to choose from
_OF_ONE_CROP = 2  # among them, so that a crop full of houses does not drive out all the others
_PASTED = 3  # objects a crop gets at most


class _Component(NamedTuple):
    """An object: of which crop it is, where it lay there, its outline and its pixels.

    Attributes:
        crop: number of the crop since the start.
        top, left: of its box.
        mask: (h, w) bool, True where it is.
        values: (pixels of the mask, C) in rising order of row and column.
        cut: whether it touches the upper or lower border of its crop, and the left or right one,
            beyond which it may go on.
    """

    crop: int
    top: int
    left: int
    mask: np.ndarray
    values: np.ndarray
    cut: tuple[bool, bool]


class CopyPaste:
    """Pastes objects between the crops of a batch; the last objects of earlier batches serve too.

    A crop is given one to three objects with probability `probability`. Each is drawn by its class
    first, evenly among the rare ones that there are, then evenly among the last 16 objects of that
    class from other crops; a batch of one crop has those of the batches before, and the first none.
    Of each crop at most two objects are kept, of one rare class that it has.

    - Objects have 16 pixels or more and cover a quarter of a crop or less.
    - One that lies within its crop gets a random place within the other. One that touches a border
      of its crop is cut off there: it is moved along that border only, so that the cut stays at it.
    - Void is never pasted. Where an object comes to lie on void, image and label are both the
      object's: it is labelled there.
    - Where a crop has no data it stays without: nothing is pasted there.

    Args:
        probability: of a crop, 0 to 1.
        classes: the rare classes, from 0 to 254.
        rng: says what is drawn; of its own, so that the crops are the same with and without.
    """

    def __init__(self, probability: float, classes: np.ndarray, rng: np.random.Generator) -> None:
        self._probability, self._rng = probability, rng
        self._classes = [int(value) for value in classes]
        self._pool: dict[int, deque[_Component]] = defaultdict(lambda: deque(maxlen=_KEPT))
        self._crops = 0

    def __call__(self, pixels: np.ndarray, labels: np.ndarray, valid: np.ndarray) -> None:
        """Change a batch in place.

        Args:
            pixels: (N, H, W, C) of any dtype, the same for all batches.
            labels: (N, H, W) uint8, 255 = void.
            valid: (N, H, W) bool, False where there is no data.
        """
        numbers = range(self._crops, self._crops + len(labels))
        self._crops = numbers.stop
        # All are looked at before any is changed: what was pasted is not pasted on.
        for number, *crop in zip(numbers, pixels, labels, valid, strict=True):
            self._collect(number, *crop)
        for number, *crop in zip(numbers, pixels, labels, valid, strict=True):
            if self._rng.random() < self._probability:
                for _ in range(int(self._rng.integers(1, _PASTED + 1))):
                    self._paste(number, *crop)

    def _collect(
        self, number: int, pixels: np.ndarray, labels: np.ndarray, valid: np.ndarray
    ) -> None:
        """Keep some of a crop's objects, all of one class: to look for each takes a while."""
        height, width = labels.shape
        counts = label_counts(labels)
        there = [value for value in self._classes if counts[value] >= SMALLEST]
        if not there:
            return
        value = there[int(self._rng.integers(len(there)))]
        here = ((labels == value) & valid).astype(np.uint8)
        _, regions, statistics, _ = cv2.connectedComponentsWithStats(here, connectivity=8)
        areas = statistics[:, cv2.CC_STAT_AREA]
        fit = np.flatnonzero((areas >= SMALLEST) & (areas <= LARGEST * labels.size))
        fit = fit[fit > 0]  # 0 is what is of no object
        for region in self._rng.permutation(fit)[:_OF_ONE_CROP]:
            left, top, w, h = (int(side) for side in statistics[region, :4])
            box = slice(top, top + h), slice(left, left + w)
            mask = regions[box] == region
            cut = (top == 0 or top + h == height, left == 0 or left + w == width)
            self._pool[value].append(_Component(number, top, left, mask, pixels[box][mask], cut))

    def _paste(
        self, number: int, pixels: np.ndarray, labels: np.ndarray, valid: np.ndarray
    ) -> None:
        """Put one object of another crop onto this one; nothing where there is none."""
        others = {
            value: [component for component in self._pool[value] if component.crop != number]
            for value in self._classes
        }
        values = [value for value, components in others.items() if components]
        if not values:
            return
        value = values[int(self._rng.integers(len(values)))]
        component = others[value][int(self._rng.integers(len(others[value])))]
        (h, w), top, left = component.mask.shape, component.top, component.left
        if not component.cut[0]:
            top = int(self._rng.integers(labels.shape[0] - h + 1))
        if not component.cut[1]:
            left = int(self._rng.integers(labels.shape[1] - w + 1))
        box = slice(top, top + h), slice(left, left + w)
        here = component.mask & valid[box]
        pixels[box][here] = component.values[here[component.mask]]
        labels[box][here] = value
