"""What masks are painted in: colours, index values or attributes, counted to be named."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

import numpy as np

from core.classes import pack_rgb
from core.errors import ImageError
from core.imagery.raster import read_header, read_raster

__all__ = ["MAX_VALUES", "are_colored", "spread", "value_counts"]

MAX_VALUES = 64
"""More colours than this are no classes but what JPEG or smoothing makes of them."""


def spread(masks: Sequence[Path], limit: int) -> list[Path]:
    """At most `limit` masks: by turns the largest file left, and one evenly spread.

    A mask with much in it compresses less than one of background alone: a rare class is not
    missed for being in few masks.
    """
    sizes = {path: path.stat().st_size for path in masks if path.is_file()}
    large = sorted(sizes, key=lambda path: -sizes[path])
    step = max(1.0, len(masks) / max(1, limit // 2))
    even = [masks[int(i * step)] for i in range(int(len(masks) / step))]
    mixed = (path for pair in zip_longest(large, even) for path in pair if path is not None)
    return list(dict.fromkeys(mixed))[:limit]


def are_colored(masks: Sequence[Path]) -> bool:
    """Whether the first mask that opens has colours; a palette counts as such."""
    for mask in masks:
        try:
            return (
                read_header(mask).bands >= 3
                or read_raster(mask, as_stored=True).pixels.shape[-1] >= 3
            )
        except ImageError:
            continue
    return False


def value_counts(mask: Path, colored: bool) -> dict[int, int]:
    """Pixels of each colour (``0xRRGGBB``) or value of a mask.

    Raises:
        ImageError: it cannot be read, or is of the other kind.
    """
    pixels = read_raster(mask, as_stored=True).pixels
    if colored != (pixels.shape[-1] >= 3) or (colored and pixels.dtype != np.uint8):
        raise ImageError(
            "the masks are not all of one kind",
            where=str(mask),
            remedy="export all masks in the same way, with class indices or with class colours",
        )
    values = (pack_rgb(pixels[..., :3]) if colored else pixels[..., 0]).ravel()
    if np.issubdtype(values.dtype, np.floating):
        values = values[np.isfinite(values)]
    if not values.size:
        return {}
    # Masks are areas: their runs of equal values are far fewer than their pixels.
    starts = np.concatenate([[0], np.flatnonzero(values[1:] != values[:-1]) + 1])
    lengths = np.diff(np.append(starts, values.size))
    distinct, place = np.unique(values[starts], return_inverse=True)
    totals = np.bincount(place, weights=lengths)
    return {int(value): int(total) for value, total in zip(distinct, totals, strict=True)}
