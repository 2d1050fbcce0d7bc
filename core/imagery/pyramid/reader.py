"""What gives tiles: an array in memory."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from core.classes import label_counts
from core.imagery.pyramid.levels import Levels
from core.imagery.pyramid.reduce import Kind, rank_of, reduced

__all__ = ["ArrayTiles", "Tile", "TileReader"]


class Tile(NamedTuple):
    """A tile.

    Attributes:
        pixels: (h, w, 3 or 4) uint8 RGB or RGBA, or (h, w) labels or codes; None where there is
            nothing to see: no data, all void, no value.
        sharp: whether it is made of all that the image has there; not where single places stand
            for their surroundings.
    """

    pixels: np.ndarray | None
    sharp: bool = True


class TileReader(Protocol):
    """Tiles of one image, for one thread at a time."""

    levels: Levels

    def read(self, level: int, row: int, column: int) -> Tile:
        """A tile.

        Raises:
            IndexError: there is no such tile.
            ImageError: the file is damaged.
        """


class ArrayTiles:
    """Tiles of an array.

    Args:
        pixels: see `Kind`; (h, w) codes may be uint16.
        kind: how it is made smaller.

    Attributes:
        levels: its pyramid.
    """

    def __init__(self, pixels: np.ndarray, kind: Kind) -> None:
        self.levels = Levels(pixels.shape[0], pixels.shape[1])
        self._kind = kind
        self._made = [pixels]  # level by level, as far as they were asked for
        self._rank: np.ndarray | None = None

    def read(self, level: int, row: int, column: int) -> Tile:
        """A tile; see `TileReader`."""
        window = self.levels.window(level, row, column)
        if self._rank is None:
            self._rank = rank_of(
                label_counts(self._made[0]) if self._kind == "labels" else np.zeros(256)
            )
        if self._kind == "codes":
            rows, columns = self.levels.span(level, row, column)
            pixels = reduced(self._made[0][rows, columns], level, "codes", self._rank)
        else:
            while len(self._made) <= level:
                self._made.append(reduced(self._made[-1], 1, self._kind, self._rank))
            pixels = self._made[level][window]
        return Tile(None if is_empty(pixels, self._kind) else np.ascontiguousarray(pixels))


def is_empty(pixels: np.ndarray, kind: Kind) -> bool:
    """Whether there is nothing to see."""
    if kind == "labels":
        return bool((pixels == 255).all())
    if kind == "codes":
        return not pixels.any()
    return pixels.shape[-1] == 4 and not pixels[..., 3].any()
