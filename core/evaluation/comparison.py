"""Two models on the same pixels: what one gets right and the other wrong, by class and place."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import numpy as np

from core.classes import VOID
from core.errors import ImageError
from core.evaluation.regions import MOST_REGIONS_PER_CELL, Region, regions_of

__all__ = ["FIRST_ALONE", "SECOND_ALONE", "Comparison", "compare_maps"]

FIRST_ALONE, SECOND_ALONE = 0, 1
"""The predicted label of a region here: which of the two models alone is right there."""

_BOTH_WRONG, _FIRST, _SECOND, _BOTH = range(4)


@dataclass
class Comparison:
    """Counts of two models over any number of images.

    Attributes:
        classes: number of classes K.
        counts: (4, K) int64 pixels by true class: both models wrong, the first alone right, the
            second alone right, both right.
        by_sample: the same summed over the classes, (4,) int64, by sample number.
    """

    classes: int
    counts: np.ndarray = field(init=False)
    by_sample: dict[int, np.ndarray] = field(default_factory=dict)
    _regions: dict[tuple[int, int], list[Region]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.counts = np.zeros((4, self.classes), np.int64)

    def add(self, truth: np.ndarray, first: np.ndarray, second: np.ndarray, sample: int) -> None:
        """Count an image.

        Args:
            truth, first, second: (H, W) uint8, 255 = void; pixels void in one of them do not count.
            sample: number of the sample.

        Raises:
            ImageError: they differ in size.
        """
        kinds = compare_maps(truth, first, second)
        counted = kinds != VOID
        at = kinds[counted].astype(np.int64) * self.classes + truth[counted]
        own = np.bincount(at, minlength=4 * self.classes).reshape(4, self.classes)
        self.counts += own
        self.by_sample[sample] = own.sum(axis=1)
        alone = (kinds == _FIRST) | (kinds == _SECOND)
        cells = np.where(alone, truth.astype(np.int32) * 2 + (kinds == _SECOND), -1)
        for region in regions_of(cells, 2, sample):
            kept = self._regions.setdefault((region.truth, region.prediction), [])
            heapq.heappush(kept, region)
            if len(kept) > MOST_REGIONS_PER_CELL:
                heapq.heappop(kept)

    def regions(self, model: int) -> list[Region]:
        """Where one model alone is right, the largest regions first.

        Args:
            model: `FIRST_ALONE` or `SECOND_ALONE`.
        """
        kept = [r for (_, alone), some in self._regions.items() if alone == model for r in some]
        return sorted(kept, reverse=True)


def compare_maps(truth: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Which of two models is right at every pixel.

    Args:
        truth, first, second: (H, W) uint8, 255 = void.

    Returns:
        (H, W) uint8: 0 neither, 1 the first alone, 2 the second alone, 3 both; 255 where one of
        the three is void.

    Raises:
        ImageError: they differ in size.
    """
    if not truth.shape == first.shape == second.shape:
        raise ImageError(
            f"label maps of one image differ in size: {truth.shape}, {first.shape} and "
            f"{second.shape}",
            remedy="evaluate both models anew on the same samples",
        )
    kinds = (truth == first).astype(np.uint8) + 2 * (truth == second).astype(np.uint8)
    void = (truth == VOID) | (first == VOID) | (second == VOID)
    return np.where(void, np.uint8(VOID), kinds)
