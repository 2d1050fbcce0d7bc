"""Overlapping tiles over an image of any size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["OVERLAP", "TileGrid", "blend_window", "fitting_size", "reflected"]

OVERLAP = 0.3
"""Share of a tile that neighbours share: of 768 pixels, enough for at most 0.05 % of the labels of
a trained network to differ from one pass over the image (`bench.seams`)."""

_RISE = 32  # pixels over which one tile's weight gives way to its neighbour's
_LEAST = 1e-6
_GRAIN = 64  # pixels between two sizes of tiles


def reflected(start: int, count: int, length: int) -> np.ndarray:
    """Indices start … start+count-1 of an axis of `length` continued by mirroring at its ends.

    The edge value is not repeated (like numpy's ``reflect``); works for any distance, also where
    the axis is shorter than what is asked for.

    Returns:
        (count,) int64 in 0 … length-1.
    """
    if length == 1:
        return np.zeros(count, np.int64)
    period = 2 * (length - 1)
    folded = np.abs(np.arange(start, start + count)) % period
    return np.where(folded < length, folded, period - folded)


@dataclass(frozen=True)
class TileGrid:
    """Where tiles begin, so that they cover `length` pixels with a margin beyond both ends.

    Attributes:
        starts: first pixel of every tile, in image coordinates, rising; the first is negative by
            the margin.
        size: pixels of a tile.
    """

    starts: tuple[int, ...]
    size: int

    @classmethod
    def over(
        cls, length: int, size: int, overlap: int, multiple: int, *, whole: bool = False
    ) -> TileGrid:
        """Spread tiles evenly over an axis.

        All tiles begin a multiple of `multiple` from each other: a network with pooling gives
        other answers to an image moved by less, and neighbours would disagree where they meet.

        Args:
            length: pixels of the axis.
            size: largest tile, a multiple of `multiple`.
            overlap: pixels two neighbours share at least, a multiple of `multiple` below `size`;
                half of it, rounded to one, is the mirrored margin.
            multiple: what the network's input must be a multiple of.
            whole: whether a tile is of that size also where the axis is shorter.
        """
        margin, span = _extent(length, overlap, multiple)
        if span <= size:
            fitting = size if whole else -(-span // multiple) * multiple
            return cls((-margin,), fitting)
        count = _count(span, size, overlap)
        step = -(-(span - size) // (count - 1) // multiple) * multiple
        return cls(tuple(-margin + index * step for index in range(count)), size)


def fitting_size(length: int, size: int, overlap: int, multiple: int) -> int:
    """The smallest tile, in steps of 64 pixels, of which an axis needs no more than of `size`.

    A large tile has few borders, but would compute much in vain where the axis is a little longer
    than a tile; the steps keep the number of sizes small.

    Args:
        length, overlap, multiple: as in `TileGrid.over`.
        size: largest tile.
    """
    _, span = _extent(length, overlap, multiple)
    if span <= size:
        return size
    count = _count(span, size, overlap)
    grain = -(-_GRAIN // multiple) * multiple
    least = -(-(span + (count - 1) * overlap) // count)
    return min(size, -(-least // grain) * grain)


def _extent(length: int, overlap: int, multiple: int) -> tuple[int, int]:
    """The mirrored margin beyond an axis, and the axis with both margins."""
    margin = overlap // 2 // multiple * multiple
    return margin, length + 2 * margin


def _count(span: int, size: int, overlap: int) -> int:
    """Tiles of `size` that cover `span`, which is longer, sharing at least `overlap`."""
    return -(-(span - size) // (size - overlap)) + 1


def blend_window(height: int, width: int, overlap: int) -> np.ndarray:
    """Weights (height, width) float32: a margin that does not count, then a smooth rise to 1.

    Near a tile's border a network sees zeros beyond the edge, and a trained one answers otherwise
    there: as far as neighbours share enough, the border has no say. The rise, a squared sine in
    the middle of the overlap, is long enough for the eye; neighbours' weights add up without a
    step. Measured by `bench.seams`.
    """

    def ramp(length: int) -> np.ndarray:
        rise = min(overlap, _RISE)
        # Half the tile at most, or the two ramps would meet below 1.
        margin = min((overlap - rise) // 2, length // 2 - rise)
        margin, rise = max(0, margin), min(rise, length // 2)
        weights = np.ones(length)
        if rise:
            slope = np.sin(np.pi / 2 * (np.arange(rise) + 0.5) / rise) ** 2
            weights[: margin + rise] = np.concatenate((np.zeros(margin), slope))
            weights[length - margin - rise :] = weights[: margin + rise][::-1]
        # Never quite 0: in a corner covered once the sum is what the probabilities are divided by.
        return np.maximum(weights, _LEAST)

    return np.outer(ramp(height), ramp(width)).astype(np.float32)
