"""Which blocks a TIFF holds: those that a sparse one leaves out have no data."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.imagery.source.tiff_tags import read_tags

__all__ = ["StoredBlocks", "stored_blocks"]

# Tags of TIFF 6.0.
_WIDTH, _LENGTH, _ROWS, _PLANAR = 256, 257, 278, 284
_TILE_WIDTH, _TILE_LENGTH = 322, 323
_STRIP_COUNTS, _TILE_COUNTS = 279, 325
_WANTED = {
    *(_WIDTH, _LENGTH, _ROWS, _PLANAR, _TILE_WIDTH, _TILE_LENGTH, _STRIP_COUNTS, _TILE_COUNTS)
}
_MOST_BLOCKS = 2**26


@dataclass(frozen=True)
class StoredBlocks:
    """The blocks of an image in a file.

    Attributes:
        height, width: of a block in pixels.
        stored: (rows, columns) bool, whether the file holds a block, of any band.
    """

    height: int
    width: int
    stored: np.ndarray

    def any(self, rows: slice, columns: slice) -> bool:
        """Whether a part of the image lies on a block that is stored."""
        down = slice(rows.start // self.height, -(-rows.stop // self.height))
        across = slice(columns.start // self.width, -(-columns.stop // self.width))
        return bool(self.stored[down, across].any())

    def mask(self, rows: slice, columns: slice, shape: tuple[int, int] | None = None) -> np.ndarray:
        """(h, w) bool, where a part of the image lies on blocks that are stored.

        Args:
            rows, columns: of the part.
            shape: h and w to which it is made smaller, by the nearest; by default its own.
        """
        height, width = shape or (rows.stop - rows.start, columns.stop - columns.start)
        down = _nearest(rows, height) // self.height
        across = _nearest(columns, width) // self.width
        return np.asarray(self.stored[np.ix_(down, across)])

    def count(self, rows: slice, columns: slice) -> int:
        """How many of the blocks that a part of the image lies on are stored."""
        down = slice(rows.start // self.height, -(-rows.stop // self.height))
        across = slice(columns.start // self.width, -(-columns.stop // self.width))
        return int(self.stored[down, across].sum())


def _nearest(places: slice, count: int) -> np.ndarray:
    """The middle place of each of so many equal parts, as GDAL takes the nearest."""
    length = places.stop - places.start
    return places.start + ((np.arange(count) + 0.5) * length / count).astype(int)


def stored_blocks(source: Path | bytes) -> StoredBlocks | None:
    """The blocks of a TIFF's first image; None where it holds all of them, or is no TIFF.

    A block of no bytes is one that was never written: GDAL's sparse files.
    """
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
            tags = read_tags(file, _WANTED, _MOST_BLOCKS)
    except (OSError, struct.error, OverflowError):
        return None
    sizes = tags.get(_TILE_COUNTS) or tags.get(_STRIP_COUNTS)
    if not sizes or all(sizes) or _WIDTH not in tags or _LENGTH not in tags:
        return None
    width, length = int(tags[_WIDTH][0]), int(tags[_LENGTH][0])
    block_width = int(tags.get(_TILE_WIDTH, (width,))[0])
    block_height = int(tags.get(_TILE_LENGTH, tags.get(_ROWS, (length,)))[0])
    if min(width, length, block_width, block_height) < 1:
        return None
    block_height = min(block_height, length) if _TILE_LENGTH not in tags else block_height
    shape = (-(-length // block_height), -(-width // block_width))
    stored = np.array(sizes) > 0
    if stored.size % (shape[0] * shape[1]):
        return None  # a broken table, of which reading the image says more
    by_place = np.asarray(stored.reshape(-1, *shape).any(axis=0))
    return StoredBlocks(block_height, block_width, by_place)
