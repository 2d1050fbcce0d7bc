"""Where a confusion happens: connected regions of one true class taken for one other."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import cv2
import numpy as np

from core.classes import VOID

__all__ = [
    "MOST_REGIONS",
    "MOST_REGIONS_PER_CELL",
    "Region",
    "RegionList",
    "by_kind",
    "regions_of",
]

MOST_REGIONS = 5_000
"""Regions that are kept of an evaluation, and one of every kind of confusion at least."""

MOST_REGIONS_PER_CELL = 50
"""Regions that are kept of one true and one predicted class."""

_SORTED = 4_000_000  # pixels


class Region(NamedTuple):
    """Connected pixels (8 neighbours) of one true class that are predicted as one other.

    Attributes:
        area: in pixels.
        sample: number of the sample.
        x, y, width, height: its box in the sample's image, in pixels.
        truth, prediction: labels.
    """

    area: int
    sample: int
    x: int
    y: int
    width: int
    height: int
    truth: int
    prediction: int


def regions_of(
    cells: np.ndarray, classes: int, sample: int, most: int = MOST_REGIONS_PER_CELL
) -> Iterator[Region]:
    """The regions of one image, of every cell the largest.

    Args:
        cells: (H, W) int32: true label × K + predicted label, and −1 where there is no confusion.
        classes: number of classes K.
        sample: number of the sample, for the regions.
        most: of a cell at most.
    """
    for kind, left, top, own in by_kind(cells):
        _, _, boxes, _ = cv2.connectedComponentsWithStats(own, connectivity=8)
        boxes = boxes[1:]
        truth, prediction = divmod(kind, classes)
        largest = np.argsort(-boxes[:, cv2.CC_STAT_AREA], kind="stable")[:most]
        for box_left, box_top, width, height, area in boxes[largest].tolist():
            place = left + box_left, top + box_top, width, height
            yield Region(area, sample, *place, truth, prediction)


def by_kind(cells: np.ndarray) -> Iterator[tuple[int, int, int, np.ndarray]]:
    """Every kind of confusion, and within its box (left and top) its pixels, (h, w) uint8."""
    wrong = cells >= 0
    if np.count_nonzero(wrong) > _SORTED:  # numbers of pixels would take many times the image
        for kind in np.flatnonzero(np.bincount(cells[wrong])).tolist():
            here = (cells == kind).view(np.uint8)
            left, top, width, height = cv2.boundingRect(here)
            yield kind, left, top, here[top : top + height, left : left + width].copy()
        return
    # Sorted once, so that every kind is looked at within its own box alone.
    rows, columns = np.nonzero(wrong)
    kinds = cells[rows, columns]
    order = np.argsort(kinds, kind="stable")
    rows, columns, kinds = rows[order], columns[order], kinds[order]
    starts: list[int] = np.flatnonzero(np.diff(kinds, prepend=-1)).tolist()
    for start, end in zip(starts, [*starts[1:], len(kinds)][: len(starts)], strict=True):
        y, x = rows[start:end], columns[start:end]
        top, left = int(y.min()), int(x.min())
        own = np.zeros((int(y.max()) - top + 1, int(x.max()) - left + 1), np.uint8)
        own[y - top, x - left] = 1
        yield int(kinds[start]), left, top, own


class RegionList:
    """The largest regions of every kind of confusion, over any number of images.

    Of each at most `MOST_REGIONS_PER_CELL`, and fewer where there are many kinds, so that about
    `MOST_REGIONS` are in memory.
    """

    def __init__(self, classes: int, regions: Iterator[Region] | tuple[Region, ...] = ()) -> None:
        self.classes = classes
        self._by_cell: dict[tuple[int, int], list[Region]] = {}
        for region in regions:
            self._add(region)

    def add(self, truth: np.ndarray, prediction: np.ndarray, sample: int) -> None:
        """Look through an image.

        Args:
            truth, prediction: (H, W) uint8, 255 = void.
            sample: number of the sample.
        """
        wrong = (truth != VOID) & (prediction != VOID) & (truth != prediction)
        cells = np.where(wrong, truth.astype(np.int32) * self.classes + prediction, -1)
        for region in regions_of(cells, self.classes, sample, self._most):
            self._add(region)

    @property
    def _most(self) -> int:
        return max(1, min(MOST_REGIONS_PER_CELL, MOST_REGIONS // max(1, len(self._by_cell))))

    def _add(self, region: Region) -> None:
        kept = self._by_cell.setdefault((region.truth, region.prediction), [])
        # Of two of one area the earlier sample is kept, whatever the order they come in.
        heapq.heappush(kept, region._replace(sample=-region.sample))
        while len(kept) > self._most:
            heapq.heappop(kept)

    @property
    def by_cell(self) -> Mapping[tuple[int, int], tuple[Region, ...]]:
        """By true and predicted label the regions, the largest first."""
        most = self._most
        return {
            cell: tuple(r._replace(sample=-r.sample) for r in sorted(kept, reverse=True)[:most])
            for cell, kept in self._by_cell.items()
        }
