"""Overlapping tiles over an image of any size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["OVERLAP", "Shares", "TileGrid", "blend_window", "fitting_size", "reflected"]

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
        cls,
        length: int,
        size: int,
        overlap: int,
        multiple: int,
        phase: int = 0,
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
            phase: pixels by which the grid begins earlier, so that it lies on another image's.
        """
        margin, span = _extent(length, overlap, multiple, phase)
        if span <= size:
            return cls((-margin,), -(-span // multiple) * multiple)
        count = _count(span, size, overlap)
        step = -(-(span - size) // (count - 1) // multiple) * multiple
        return cls(tuple(-margin + index * step for index in range(count)), size)

    @classmethod
    def anchored(
        cls, length: int, size: int, overlap: int, multiple: int, *, start: int = 0
    ) -> TileGrid:
        """Tiles of one size, as far apart as they can be, from a fixed place on.

        A part of a scene has the same tiles as the scene, but for those at its edges.

        Args:
            length, size, overlap, multiple: as in `over`.
            start: where the first pixel of the axis lies, counted from where all grids begin.
        """
        margin, step = overlap // 2 // multiple * multiple, size - overlap
        first = -(start % step)
        # The tile before serves where its neighbour's margin has no say over the first pixels.
        count = -(-max(1, length - first + 2 * margin - overlap) // step)
        return cls(tuple(first - margin + index * step for index in range(count)), size)


def fitting_size(length: int, size: int, overlap: int, multiple: int, phase: int = 0) -> int:
    """The smallest tile, in steps of 64 pixels, of which an axis needs no more than of `size`.

    A large tile has few borders, but would compute much in vain where the axis is a little longer
    than a tile; the steps keep the number of sizes small.

    Args:
        length, overlap, multiple, phase: as in `TileGrid.over`.
        size: largest tile.
    """
    _, span = _extent(length, overlap, multiple, phase)
    if span <= size:
        return size
    count = _count(span, size, overlap)
    grain = -(-_GRAIN // multiple) * multiple
    least = -(-(span + (count - 1) * overlap) // count)
    return min(size, -(-least // grain) * grain)


def _extent(length: int, overlap: int, multiple: int, phase: int) -> tuple[int, int]:
    """The margin before an axis, mirrored, and the axis with those at both ends."""
    margin = overlap // 2 // multiple * multiple
    return margin + phase, length + 2 * margin + phase


def _count(span: int, size: int, overlap: int) -> int:
    """Tiles of `size` that cover `span`, which is longer, sharing at least `overlap`."""
    return -(-(span - size) // (size - overlap)) + 1


@dataclass(frozen=True)
class Shares:
    """What each tile along an axis has a say in, and with what weight.

    Attributes:
        spans: first pixel of the image and the one after the last that each tile counts for.
        weights: (n,) float32 of each tile over its span; those of all tiles add up to 1 everywhere.
    """

    spans: tuple[tuple[int, int], ...]
    weights: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, grid: TileGrid, overlap: int, length: int) -> Shares:
        """Those of a grid over `length` pixels, blended as `blend_window` has it."""
        ramp = _ramp(grid.size, overlap)
        total = np.zeros(length)
        inside = []
        for start in grid.starts:
            first, end = max(0, start), min(length, start + grid.size)
            inside.append((first, max(first, end)))
            total[first:end] += ramp[first - start : end - start]
        spans, weights = [], []
        for start, (first, end) in zip(grid.starts, inside, strict=True):
            share = ramp[first - start : end - start] / total[first:end]
            counts = np.flatnonzero(share > 10 * _LEAST)
            low, high = (counts[0], counts[-1] + 1) if len(counts) else (0, 0)
            spans.append((first + int(low), first + int(high)))
            weights.append(share[low:high].astype(np.float32))
        return cls(tuple(spans), tuple(weights))

    def end(self, tile: int) -> int:
        """The pixel from which on a later tile has a say, and before which none has."""
        later = [first for first, last in self.spans[tile + 1 :] if last > first]
        return min(later) if later else max(last for _, last in self.spans)

    def first_needed(self, tile: int) -> int:
        """The first tile that has a say in pixels from where this one's begin."""
        begin = self.spans[tile][0]
        return next(index for index, (_, last) in enumerate(self.spans) if last > begin)


def blend_window(height: int, width: int, overlap: int) -> np.ndarray:
    """Weights (height, width) float32: a margin that does not count, then a smooth rise to 1.

    Near a tile's border a network sees zeros beyond the edge, and a trained one answers otherwise
    there: as far as neighbours share enough, the border has no say. The rise, a squared sine in
    the middle of the overlap, is long enough for the eye; neighbours' weights add up without a
    step. Measured by `bench.seams`.
    """
    return np.outer(_ramp(height, overlap), _ramp(width, overlap)).astype(np.float32)


def _ramp(length: int, overlap: int) -> np.ndarray:
    """`blend_window` along one side, (length,) float64."""
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
