"""The geometry of a pyramid: how large its levels are, and what of the image a tile shows. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["SIDE", "Levels"]

SIDE = 512
"""Pixels along a side of a tile."""


@dataclass(frozen=True)
class Levels:
    """The levels of an image: level 0 is the image itself, each further one half as large.

    A pixel of level k stands for 2^k × 2^k pixels of the image, at its right and lower edge for
    those that are there. The last level is one tile.

    Attributes:
        height, width: of the image in pixels.
        side: pixels along a side of a tile.
    """

    height: int
    width: int
    side: int = SIDE

    @property
    def count(self) -> int:
        """Number of levels, at least 1."""
        count = 1
        while max(self.shape(count - 1)) > self.side:
            count += 1
        return count

    def shape(self, level: int) -> tuple[int, int]:
        """Height and width of a level in its own pixels."""
        step = 1 << level
        return -(-self.height // step), -(-self.width // step)

    def grid(self, level: int) -> tuple[int, int]:
        """How many tiles a level has, down and across."""
        height, width = self.shape(level)
        return -(-height // self.side), -(-width // self.side)

    def has(self, level: int, row: int, column: int) -> bool:
        """Whether there is such a tile."""
        if not 0 <= level < self.count:
            return False
        rows, columns = self.grid(level)
        return 0 <= row < rows and 0 <= column < columns

    def window(self, level: int, row: int, column: int) -> tuple[slice, slice]:
        """Rows and columns of a tile in the pixels of its level.

        Raises:
            IndexError: there is no such tile.
        """
        if not self.has(level, row, column):
            raise IndexError(f"no tile {level}/{row}/{column}")
        height, width = self.shape(level)
        top, left = row * self.side, column * self.side
        return (
            slice(top, min(height, top + self.side)),
            slice(left, min(width, left + self.side)),
        )

    def span(self, level: int, row: int, column: int) -> tuple[slice, slice]:
        """Rows and columns of the image that a tile shows.

        Raises:
            IndexError: there is no such tile.
        """
        rows, columns = self.window(level, row, column)
        step = 1 << level
        return (
            slice(rows.start * step, min(self.height, rows.stop * step)),
            slice(columns.start * step, min(self.width, columns.stop * step)),
        )

    def children(self, level: int, row: int, column: int) -> Iterator[tuple[int, int, int]]:
        """The up to four tiles of the level below that a tile shows made smaller."""
        for down in (2 * row, 2 * row + 1):
            for across in (2 * column, 2 * column + 1):
                if self.has(level - 1, down, across):
                    yield level - 1, down, across
