"""How much of a label map the smallest area of its polygons leaves out."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from core.classes import VOID, label_counts
from core.formats import counted
from core.imagery.ground_area import GroundAreas, ground_areas
from core.imagery.header import Georeference

__all__ = ["SmallRegions", "small_regions"]


class SmallRegions(NamedTuple):
    """Regions below the smallest area.

    Attributes:
        polygons: number of them.
        pixels: pixels in all of them.
    """

    polygons: int
    pixels: int

    def __str__(self) -> str:
        """In words, for a line of its own."""
        polygons = counted(self.polygons, "polygon")
        return f"{polygons} of {counted(self.pixels, 'pixel')} below the smallest area left out"


def small_regions(
    labels: np.ndarray, georeference: Georeference | None, min_area: float
) -> SmallRegions:
    """Count the 4-connected regions of one class whose area is smaller.

    Args:
        labels: (H, W) uint8, 255 = void, which has no regions.
        georeference: grid of the image; None where it has none.
        min_area: in m² where the image has a place on Earth, else in pixels, as in
            `OutlineSettings`.
    """
    if min_area <= 0:
        return SmallRegions(0, 0)
    height, width = labels.shape
    ground = ground_areas(georeference, width, height)
    polygons = pixels = 0
    for value in np.flatnonzero(label_counts(labels)):
        if value == VOID:
            continue
        here = (labels == value).astype(np.uint8)
        count, regions, statistics, _ = cv2.connectedComponentsWithStats(here, connectivity=4)
        sizes = statistics[:, cv2.CC_STAT_AREA]
        areas = sizes
        if isinstance(ground, GroundAreas):
            areas = ground.by_label(regions, count).round(2)  # as the polygons say it
        small = areas < min_area
        small[0] = False  # what is of no region
        polygons += int(small.sum())
        pixels += int(sizes[small].sum())
    return SmallRegions(polygons, pixels)
