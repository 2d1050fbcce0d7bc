"""Tiles predicted one after another and blended, handed out block by block.

A block is what no later tile has a say in: as wide and high as tiles are apart. Beside the tiles
that are computed at once only the rows that a row of tiles shares with the next are held.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from core.imagery.tiles import Shares, TileGrid, reflected

__all__ = ["Blending", "Block", "TileImage"]


class TileImage(Protocol):
    """An image that tiles are cut from, in memory or in a file.

    Attributes:
        height, width: in pixels.
    """

    height: int
    width: int

    def tile(self, rows: np.ndarray, columns: np.ndarray, counted: Counted) -> Tile:
        """Network input at some rows (h,) and columns (w,), in any order.

        Args:
            rows, columns: of the tile; those beyond the image are mirrored into it.
            counted: the part of the image that the tile has a say in.
        """
        ...


Counted = tuple[slice, slice]
"""Rows and columns of an image."""


class Tile(NamedTuple):
    """A tile as the network sees it.

    Attributes:
        pixels: (h, w, C) float32; None where nothing that it counts for has data.
        valid: (n, m) bool, where the part that it counts for has data; None where all of it has.
    """

    pixels: np.ndarray | None
    valid: np.ndarray | None


@dataclass(frozen=True)
class Block:
    """A finished part of a prediction.

    Attributes:
        tile_row: number of the row of tiles that it comes with.
        row, column: of its upper left pixel.
        height, width: in pixels.
        probabilities: (height, width, K) float32; None where no pixel of it has data.
        valid: (height, width) bool; None where all pixels have data.
    """

    tile_row: int
    row: int
    column: int
    height: int
    width: int
    probabilities: np.ndarray | None
    valid: np.ndarray | None


class _Place(NamedTuple):
    """A tile: its row and column in the grid, and the part of the image that it counts for."""

    down: int
    across: int
    counted: Counted


Stream = Callable[
    [Iterator[tuple[list[_Place], list[Tile]]]], Iterable[tuple[list[_Place], list[Tile]]]
]


def _as_it_is(
    tiles: Iterator[tuple[list[_Place], list[Tile]]],
) -> Iterable[tuple[list[_Place], list[Tile]]]:
    return tiles


class Blending:
    """The tiles of an image, and how they are put together.

    Args:
        image: to cut tiles from.
        down, across: where they begin.
        overlap: pixels that neighbours share at least.
        classes: number of classes K.
    """

    def __init__(
        self, image: TileImage, down: TileGrid, across: TileGrid, overlap: int, classes: int
    ) -> None:
        self.image, self.classes = image, classes
        self._down, self._across = down, across
        self._rows = Shares.of(down, overlap, image.height)
        self._columns = Shares.of(across, overlap, image.width)
        self._used = [_used(shares) for shares in (self._rows, self._columns)]

    @property
    def tile_rows(self) -> int:
        """Number of rows of tiles that count for a part of the image."""
        return len(self._used[0])

    @property
    def tiles(self) -> int:
        """Number of tiles."""
        return len(self._used[0]) * len(self._used[1])

    def row_of(self, row: int) -> int:
        """Number of the row of tiles whose blocks hold a row of the image."""
        starts = [self._rows.spans[down][0] for down in self._used[0]]
        return bisect_right(starts, row) - 1

    @property
    def description(self) -> str:
        """Where all tiles lie, in words: two that are equal give equal blocks."""
        return "; ".join(
            f"{len(grid.starts)} of {grid.size} px from {grid.starts[0]} to {grid.starts[-1]}"
            for grid in (self._down, self._across)
        )

    def blocks(
        self,
        softmax: Callable[[np.ndarray], np.ndarray],
        step: Callable[[int], None],
        *,
        batch: int = 1,
        first_row: int = 0,
        stream: Stream = _as_it_is,
    ) -> Iterator[Block]:
        """Predict from top to bottom, and in each row of tiles from left to right.

        Args:
            softmax: from tiles (N, h, w, C) to probabilities (N, h, w, K).
            step: called with the number of tiles done since it last was.
            batch: tiles that are computed at once.
            first_row: row of tiles whose blocks come first; what it shares with those above is
                computed, and not handed out.
            stream: what the tiles go through on their way from the image, as a thread that reads
                ahead.
        """
        downs = self._used[0]
        if first_row >= len(downs):
            return
        begin = downs.index(self._rows.first_needed(downs[first_row]))
        step(begin * len(self._used[1]))
        # What a row of tiles leaves for the next, from left to right.
        above: list[np.ndarray | None] = [None] * len(self._used[1])
        canvas = _Canvas(self)
        for places, tiles in stream(self.tile_batches(batch, begin)):
            inputs = [tile.pixels for tile in tiles if tile.pixels is not None]
            scores = iter(softmax(np.stack(inputs)) if inputs else ())
            for place, tile in zip(places, tiles, strict=True):
                if place.across == self._used[1][0]:
                    canvas.begin_row()
                canvas.add(place, None if tile.pixels is None else next(scores))
                block = canvas.block(place, tile, above)
                row = downs.index(place.down)
                if row >= first_row:
                    yield Block(row, *block)
            step(len(places))

    def tile_batches(self, batch: int, begin: int = 0) -> Iterator[tuple[list[_Place], list[Tile]]]:
        """Batches of places and tiles, none of which is of two rows.

        Args:
            batch: tiles in each, at most.
            begin: number of the first row of tiles.
        """
        across = self._used[1]
        for down in self._used[0][begin:]:
            rows = reflected(self._down.starts[down], self._down.size, self.image.height)
            for first in range(0, len(across), batch):
                places = [
                    _Place(
                        down, k, (slice(*self._rows.spans[down]), slice(*self._columns.spans[k]))
                    )
                    for k in across[first : first + batch]
                ]
                yield places, [self._tile(rows, place) for place in places]

    def _tile(self, rows: np.ndarray, place: _Place) -> Tile:
        start = self._across.starts[place.across]
        columns = reflected(start, self._across.size, self.image.width)
        return self.image.tile(rows, columns, place.counted)


class _Canvas:
    """Where the tiles of a row are added up, as wide as those that lie over a pixel."""

    def __init__(self, blending: Blending) -> None:
        self._of = blending
        self._sums: np.ndarray | None = None  # (h, w, K), from column `_first` on
        self._first = 0

    def begin_row(self) -> None:
        self._sums = None

    def add(self, place: _Place, scores: np.ndarray | None) -> None:
        """Add the probabilities (h, w, K) of a tile, as far as it counts."""
        of = self._of
        rows, columns = place.counted
        height, width = rows.stop - rows.start, columns.stop - columns.start
        if self._sums is None:
            self._first = columns.start
            self._sums = np.zeros((height, 0, of.classes), np.float32)
        if scores is None:
            return
        self._widen(columns.stop - self._first)
        top = rows.start - of._down.starts[place.down]
        left = columns.start - of._across.starts[place.across]
        part = scores[top : top + height, left : left + width]
        down = of._rows.weights[place.down][:, None, None]
        across = of._columns.weights[place.across][None, :, None]
        at = columns.start - self._first
        assert self._sums is not None
        self._sums[:, at : at + width] += part * (down * across)

    def _widen(self, width: int) -> None:
        """Have room for so many columns."""
        assert self._sums is not None
        height, there, classes = self._sums.shape
        if there < width:
            more = np.zeros((height, width - there, classes), np.float32)
            self._sums = np.concatenate([self._sums, more], axis=1)

    def block(
        self, place: _Place, tile: Tile, above: list[np.ndarray | None]
    ) -> tuple[int, int, int, int, np.ndarray | None, np.ndarray | None]:
        """Take out what is complete, and leave in `above` what the next row of tiles adds to.

        Returns:
            What a `Block` has after its first member.
        """
        of = self._of
        assert self._sums is not None
        rows, columns = place.counted
        end, bottom = of._columns.end(place.across), of._rows.end(place.down)
        width, height = end - self._first, bottom - rows.start
        first, self._first = self._first, end
        number = of._used[1].index(place.across)
        shared = above[number]
        if not self._sums.shape[1] and shared is None:  # as in all of an empty part of a scene
            return rows.start, first, height, width, None, None
        self._widen(width)
        sums, self._sums = self._sums[:, :width], self._sums[:, width:]
        if shared is not None:
            sums[: len(shared)] += shared
        rest = sums[height:]
        above[number] = rest.copy() if rest.size and rest.any() else None
        valid = tile.valid
        if valid is not None:
            at = first - columns.start
            valid = valid[:height, at : at + width]
            if tile.pixels is None or not valid.any():
                return rows.start, first, height, width, None, None
            valid = None if valid.all() else valid
        return rows.start, first, height, width, sums[:height], valid


def _used(shares: Shares) -> list[int]:
    """Numbers of the tiles that count for something."""
    return [number for number, (first, last) in enumerate(shares.spans) if last > first]
