"""An image at another size, part by part, and probabilities brought back to its own.

Both sizes cover the same ground: output pixel i of n covers the input from i·N/n to (i + 1)·N/n, as
in `core.imagery.resample`. A part is what the whole image at that size would have there, so tiles
of it meet without a seam.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.inference.blocks import Counted, Tile
from core.models.model_input import ModelInput

__all__ = [
    "ScaledImage",
    "Taps",
    "brought_back",
    "mean_of_rows",
    "no_tile",
    "own_window",
    "resampled_input",
]

_LEAST_VALID = 0.5  # share of a pixel's weights below which it has no data
_REACH = 2  # pixels at another size that a pixel between them may be made of, and one more


@dataclass(frozen=True)
class Taps:
    """Which pixels along one side make each pixel at another size, and with what weights.

    Attributes:
        indices: (n, T) intp, input pixels, rising along both axes.
        weights: (n, T) float32 that add up to 1 in each row.
    """

    indices: np.ndarray
    weights: np.ndarray

    @classmethod
    def linear(cls, length: int, count: int) -> Taps:
        """Linear interpolation between the two nearest centres, as `cv2.INTER_LINEAR` has it.

        Args:
            length: input pixels along the side.
            count: output pixels along the side.
        """
        centres = (np.arange(count) + 0.5) * length / count - 0.5
        lower = np.floor(centres)
        weights = np.stack([1 - (centres - lower), centres - lower], axis=1)
        return cls._within(lower[:, None] + np.arange(2), weights, length)

    @classmethod
    def image(cls, length: int, count: int) -> Taps:
        """The mean over what a pixel covers where the side shrinks, else linear interpolation.

        As `cv2.INTER_AREA` and `cv2.INTER_LINEAR`, and as images for a training are resampled.

        Args:
            length: input pixels along the side.
            count: output pixels along the side.
        """
        if count >= length:
            return cls.linear(length, count)
        edges = np.arange(count + 1) * length / count
        first, last = edges[:-1, None], edges[1:, None]
        pixels = np.floor(first) + np.arange(-(-length // count) + 1)
        covered = np.minimum(pixels + 1, last) - np.maximum(pixels, first)
        weights = np.maximum(covered, 0) * count / length
        return cls._within(pixels, weights, length)

    @classmethod
    def _within(cls, pixels: np.ndarray, weights: np.ndarray, length: int) -> Taps:
        indices = pixels.astype(np.intp).clip(0, length - 1)
        return cls(indices, weights.astype(np.float32))

    def __len__(self) -> int:
        return len(self.indices)

    def at(self, pixels: np.ndarray | slice) -> Taps:
        """Those of some output pixels."""
        return Taps(self.indices[pixels], self.weights[pixels])

    @property
    def span(self) -> slice:
        """The input pixels that are looked at, and those between."""
        return slice(int(self.indices.min()), int(self.indices.max()) + 1)

    def resample(self, values: np.ndarray, axis: int, start: int = 0) -> np.ndarray:
        """Values (H, W, C) float32 resampled along axis 0 or 1.

        Args:
            values: input, from input pixel `start` on along that axis.
            axis: 0 for rows, 1 for columns.
            start: first input pixel that `values` hold.
        """
        shape = (-1, 1, 1) if axis == 0 else (1, -1, 1)
        first, *others = zip(self.indices.T - start, self.weights.T, strict=True)
        total: np.ndarray = values.take(first[0], axis=axis) * first[1].reshape(shape)
        for indices, weights in others:
            total += values.take(indices, axis=axis) * weights.reshape(shape)
        return total


class ScaledImage:
    """The network's input for an image at another size, made where it is asked for.

    Args:
        model_input: the way from an image's pixels to the network's C channels.
        pixels: (H, W, bands) as in the file.
        valid: (H, W) bool; what a pixel without data holds makes no difference.
        scale: height and width as multiples of the image's.

    Attributes:
        height, width: of the image at that size, at least one pixel.
    """

    def __init__(
        self, model_input: ModelInput, pixels: np.ndarray, valid: np.ndarray | None, scale: float
    ) -> None:
        self.height, self.width = (max(1, round(side * scale)) for side in pixels.shape[:2])
        self._input, self._pixels, self._valid = model_input, pixels, valid
        self._rows = Taps.image(pixels.shape[0], self.height)
        self._columns = Taps.image(pixels.shape[1], self.width)

    @property
    def is_resized(self) -> bool:
        """Whether the size is another one than the image's."""
        return (self.height, self.width) != self._pixels.shape[:2]

    def part(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Normalised network input at some rows (h,) and columns (w,), in any order.

        Returns:
            (h, w, C) float32, see `resampled_input`.

        Raises:
            ImageError: the image has another number of bands or another dtype.
        """
        if not self.is_resized:
            return self._input.prepare(self._pixels, self._valid, np.ix_(rows, columns))
        down, across = self._rows.at(rows), self._columns.at(columns)
        window = down.span, across.span
        valid = None if self._valid is None else self._valid[window]
        values = self._input.prepare(self._pixels[window], valid)
        return resampled_input(values, valid, down, across)

    def tile(self, rows: np.ndarray, columns: np.ndarray, counted: Counted) -> Tile:
        """A tile, see `core.inference.blocks.TileImage`."""
        valid = None
        if self._valid is not None:
            own = own_window(counted, self) if self.is_resized else counted
            valid = self._valid[own]
            if not valid.any():
                return no_tile(counted)
        return Tile(self.part(rows, columns), None if self.is_resized else valid)

    @property
    def own_size(self) -> tuple[int, int]:
        """Height and width of the image itself."""
        height, width = self._pixels.shape[:2]
        return height, width

    def back_taps(self) -> tuple[Taps, Taps]:
        """Rows and columns of the image's own size from those of this one, linear."""
        height, width = self.own_size
        return Taps.linear(self.height, height), Taps.linear(self.width, width)


class Resized(Protocol):
    """An image at another size.

    Attributes:
        height, width: at that size.
        own_size: height and width of the image itself.
    """

    height: int
    width: int

    @property
    def own_size(self) -> tuple[int, int]: ...


def own_window(counted: Counted, size: Resized) -> Counted:
    """The pixels of the image itself whose probabilities a part of it at another size goes into.

    Args:
        counted: rows and columns at that size.
        size: the image at that size.
    """
    sides = zip(counted, (size.height, size.width), size.own_size, strict=True)
    rows, columns = (
        slice(
            max(0, (part.start - _REACH) * own // length),
            min(own, -(-(part.stop + _REACH) * own // length)),
        )
        for part, length, own in sides
    )
    return rows, columns


def no_tile(counted: Counted) -> Tile:
    """A tile where there is no data."""
    shape = [part.stop - part.start for part in counted]
    return Tile(None, np.broadcast_to(np.False_, shape))


def resampled_input(
    values: np.ndarray, valid: np.ndarray | None, down: Taps, across: Taps
) -> np.ndarray:
    """Network input at another size.

    The mean is of the pixels that have data; where those weigh less than half, there is none at
    that size either, and the input is 0.

    Args:
        values: (h, w, C) float32 of the pixels that `down` and `across` span, 0 without data.
        valid: (h, w) bool of those pixels; None where all have data.
        down, across: the rows and columns wanted.

    Returns:
        (rows, columns, C) float32.
    """
    window = down.span, across.span
    resampled = _resampled(values, down, across, window)
    if valid is None or valid.all():
        return resampled
    share = _resampled(valid[..., None].astype(np.float32), down, across, window)
    # Pixels without data are 0 in the input, so that the sum is of the others alone.
    return np.where(share >= _LEAST_VALID, resampled / np.maximum(share, _LEAST_VALID), 0)


def _resampled(
    values: np.ndarray, down: Taps, across: Taps, window: tuple[slice, slice]
) -> np.ndarray:
    """A window (h, w, C) of an image at the rows and columns of another size."""
    return across.resample(down.resample(values, 0, window[0].start), 1, window[1].start)


def brought_back(
    rows_of_size: Iterable[np.ndarray], rows: Taps, columns: Taps, at_once: int
) -> Iterator[np.ndarray]:
    """Probabilities at another size, from top to bottom, at the image's own.

    Args:
        rows_of_size: (h, w, K) float32, some rows each, all rows of that size in order.
        rows, columns: of the image's own size.
        at_once: rows that are handed out at once at most.

    Yields:
        (n, W, K) float32, as soon as all that they are made of is there.
    """
    held, first, done = np.empty((0, len(columns), 0), np.float32), 0, 0
    for part in rows_of_size:
        wide = columns.resample(part, 1)
        held = np.concatenate([held, wide]) if len(held) else wide
        ready = int(np.searchsorted(rows.indices[:, -1], first + len(held)))
        for start in range(done, ready, at_once):
            yield rows.at(slice(start, min(start + at_once, ready))).resample(held, 0, first)
        done = ready
        if done < len(rows):
            needed = max(first, int(rows.indices[done, 0]))
            held, first = held[needed - first :].copy(), needed


def mean_of_rows(streams: Sequence[Iterator[np.ndarray]]) -> Iterator[np.ndarray]:
    """The mean of several streams of rows, which together have as many rows each.

    A stream is asked for more when what it gave is used up: none runs ahead of the others.

    Args:
        streams: each yields (n, W, K) float32, in its own steps.

    Yields:
        (n, W, K) float32.
    """
    held: list[np.ndarray | None] = [None] * len(streams)
    while True:
        for place, stream in enumerate(streams):
            if held[place] is None:
                held[place] = next(stream, None)
        parts = [part for part in held if part is not None]
        if len(parts) < len(streams):
            return
        count = min(map(len, parts))
        total = parts[0][:count].copy()
        for part in parts[1:]:
            total += part[:count]
        total /= len(parts)
        yield total
        held = [part[count:] if len(part) > count else None for part in parts]
