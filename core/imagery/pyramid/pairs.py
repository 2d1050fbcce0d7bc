"""Two label maps of one grid compared pixel by pixel, tile by tile."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from core.imagery.pyramid.reader import TileReader

__all__ = ["PairCounts", "count_pairs"]

_VOID = 255


class PairCounts(NamedTuple):
    """Pixels by pairs of labels.

    Attributes:
        height, width: of the level that was counted, in its pixels.
        counts: (256, 256) int64 by label in the first and in the second, 255 = void.
    """

    height: int
    width: int
    counts: np.ndarray


def count_pairs(
    first: TileReader,
    second: TileReader,
    most_pixels: int,
    stop: Callable[[], bool] = lambda: False,
) -> PairCounts | None:
    """Count them at the finest level that has no more pixels than allowed.

    Args:
        first, second: of labels, of the same size.
        most_pixels: of the level.
        stop: asked before each tile; None is returned when it says so.

    Raises:
        ValueError: they are of different sizes.
        ImageError: a file is damaged.
    """
    levels = first.levels
    if levels != second.levels:
        raise ValueError("two label maps of different sizes")
    level = 0
    while np.prod(levels.shape(level), dtype=float) > most_pixels and level + 1 < levels.count:
        level += 1
    height, width = levels.shape(level)
    counts = np.zeros(65536, np.int64)
    for row in range(levels.grid(level)[0]):
        for column in range(levels.grid(level)[1]):
            if stop():
                return None
            parts = [reader.read(level, row, column).pixels for reader in (first, second)]
            rows, columns = levels.window(level, row, column)
            if parts[0] is None and parts[1] is None:
                counts[-1] += (rows.stop - rows.start) * (columns.stop - columns.start)
                continue
            a, b = (np.uint16(_VOID) if part is None else part for part in parts)
            pairs = np.asarray(a, np.uint16) * np.uint16(256) + np.asarray(b, np.uint16)
            counts += np.bincount(pairs.ravel(), minlength=65536)
    return PairCounts(height, width, counts.reshape(256, 256))
