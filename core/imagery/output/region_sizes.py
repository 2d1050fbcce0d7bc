"""Pixels and ground of regions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.imagery.ground_area import GroundAreas, NoGroundAreas
from core.imagery.output.regions import Regions, enclosed, less_holes

__all__ = ["RegionSizes", "region_sizes"]

_CORNERS = 20_000  # of regions that are measured at once


@dataclass(frozen=True)
class RegionSizes:
    """Pixels (P,) int64 and, where there are any, areas in m² (P,) float64 of regions."""

    pixels: np.ndarray
    square_metres: np.ndarray | None

    @property
    def measure(self) -> np.ndarray:
        """What a smallest area is compared with: m² where there are any, else pixels."""
        return self.pixels if self.square_metres is None else self.square_metres

    def select(self, chosen: np.ndarray) -> RegionSizes:
        """Those that `chosen`, (P,) bool, names."""
        ground = self.square_metres
        return RegionSizes(self.pixels[chosen], None if ground is None else ground[chosen])


def region_sizes(whole: Regions, areas: GroundAreas | NoGroundAreas) -> RegionSizes:
    """Pixels and ground of regions along the pixels' edges.

    Args:
        whole: regions.
        areas: of their image.
    """
    pixels, ground = [np.empty(0, np.int64)], [np.empty(0)]
    for start, end in whole.parts(_CORNERS):
        part = whole.slice(start, end)
        inside = less_holes(enclosed(part.corners, part.rings), part.polygons)
        pixels.append(np.round(inside).astype(np.int64))
        if isinstance(areas, GroundAreas):
            inside = less_holes(areas.of_rings(part.corners, part.rings), part.polygons)
            # Python's rounding is that of the decimal number; NumPy's multiplies first.
            ground.append(np.array([round(area, 2) for area in inside.tolist()]))
    located = isinstance(areas, GroundAreas)
    return RegionSizes(np.concatenate(pixels), np.concatenate(ground) if located else None)
