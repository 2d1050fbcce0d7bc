"""Regions of one label as flat arrays: a noisy map has a million of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import numpy as np
from rasterio.features import shapes

__all__ = ["Regions", "concatenated", "enclosed", "less_holes", "offsets", "regions", "seams"]

_AT_ONCE = 4096  # regions that are Python objects at a time


@dataclass(frozen=True)
class Regions:
    """Polygons along the edges of pixels, or along fewer corners of them.

    Attributes:
        corners: (N, 2) int32, columns and rows of the corners of all rings, one after another. A
            ring ends where it begins.
        rings: (R + 1,) int64, where each ring begins in `corners`, and their number.
        polygons: (P + 1,) int64, where each polygon begins in `rings`, and their number. Its outer
            ring is the first.
        labels: (P,) uint8.
    """

    corners: np.ndarray
    rings: np.ndarray
    polygons: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def parts(self, corners: int) -> Iterator[tuple[int, int]]:
        """First and last polygon, the latter excluded, of parts of about so many corners each."""
        ends = self.rings[self.polygons[1:]]
        start = 0
        while start < len(self):
            before = self.rings[self.polygons[start]]
            end = max(start + 1, int(np.searchsorted(ends, before + corners, side="right")))
            yield start, end
            start = end

    def slice(self, start: int, end: int) -> Regions:
        """The polygons from `start` up to `end`; the corners are a view."""
        polygons = self.polygons[start : end + 1]
        rings = self.rings[polygons[0] : polygons[-1] + 1]
        return Regions(
            self.corners[rings[0] : rings[-1]],
            rings - rings[0],
            polygons - polygons[0],
            self.labels[start:end],
        )

    def select(self, chosen: np.ndarray) -> Regions:
        """The polygons that `chosen`, (P,) bool, names."""
        ring_chosen = np.repeat(chosen, np.diff(self.polygons))
        sizes = np.diff(self.rings)
        return Regions(
            self.corners[np.repeat(ring_chosen, sizes)],
            offsets(sizes[ring_chosen]),
            offsets(np.diff(self.polygons)[chosen]),
            self.labels[chosen],
        )


def regions(labels: np.ndarray, void: int, top: int = 0) -> Regions:
    """The 4-connected regions of one label.

    Args:
        labels: (H, W) uint8.
        void: label of which no region is made.
        top: row of the image at which `labels` begin.
    """
    outlined = shapes(labels, mask=labels != void, connectivity=4)
    corners, rings, polygons, values = [], [], [], []
    while batch := list(islice(outlined, _AT_ONCE)):
        outlines = [geometry["coordinates"] for geometry, _ in batch]
        each = list(chain.from_iterable(outlines))
        corners.append(np.array(list(chain.from_iterable(each)), np.int32))
        rings.append(np.fromiter(map(len, each), np.int64, len(each)))
        polygons.append(np.fromiter(map(len, outlines), np.int64, len(outlines)))
        values.append(np.array([value for _, value in batch], np.uint8))
    points = _joined(corners, (0, 2), np.int32)
    points[:, 1] += top
    return Regions(
        points,
        offsets(_joined(rings, (0,), np.int64)),
        offsets(_joined(polygons, (0,), np.int64)),
        _joined(values, (0,), np.uint8),
    )


def concatenated(parts: Sequence[Regions]) -> Regions:
    """Regions of several parts, at least one, one after another."""
    if len(parts) == 1:
        return parts[0]
    return Regions(
        np.concatenate([part.corners for part in parts]),
        offsets(np.concatenate([np.diff(part.rings) for part in parts])),
        offsets(np.concatenate([np.diff(part.polygons) for part in parts])),
        np.concatenate([part.labels for part in parts]),
    )


def _joined(arrays: list[np.ndarray], empty: tuple[int, ...], dtype: Any) -> np.ndarray:
    return np.concatenate(arrays) if arrays else np.empty(empty, dtype)


def offsets(sizes: np.ndarray) -> np.ndarray:
    """Where each of several parts begins, and the end of the last: (N,) to (N + 1,) int64."""
    return np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])


def seams(rings: np.ndarray) -> np.ndarray:
    """Of the steps from each point to the next, those from one ring to another.

    Args:
        rings: (R + 1,) int64, see `Regions`.

    Returns:
        (R - 1,) int64 places in the (N - 1,) steps.
    """
    return rings[1:-1] - 1


def enclosed(points: np.ndarray, rings: np.ndarray) -> np.ndarray:
    """Shoelace of each ring, positive for counter-clockwise with y upwards.

    Args:
        points: (N, 2), of all rings.
        rings: (R + 1,) int64, see `Regions`; at least one ring.

    Returns:
        (R,) float64, in squared coordinates.
    """
    # Around the first corner: far from the origin the products would swallow the differences.
    first = np.repeat(points[rings[:-1]].astype(np.float64), np.diff(rings), axis=0)
    x, y = (points - first).T
    # A step from one ring to the next ends at that ring's first corner, (0, 0): its product is 0.
    products = x[:-1] * y[1:] - x[1:] * y[:-1]
    return np.asarray(np.add.reduceat(products, rings[:-1])) / 2


def less_holes(areas: np.ndarray, polygons: np.ndarray) -> np.ndarray:
    """Areas of polygons from the areas of their rings.

    Args:
        areas: (R,) float64, of either sign.
        polygons: (P + 1,) int64, see `Regions`; at least one polygon.

    Returns:
        (P,) float64.
    """
    holes = np.abs(areas)
    outer = holes[polygons[:-1]]
    holes[polygons[:-1]] = 0
    return np.asarray(outer - np.add.reduceat(holes, polygons[:-1]))
