"""Whether the colours of a palette are those of a class table, though a little different."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from core.datasets.masks.soft_masks import value_points

__all__ = ["color_distance"]

_NEAR = 8  # of 255 in each band, by which programs change the colours of a palette


def color_distance(seen: Collection[float], known: Collection[int]) -> int | None:
    """How far colours in use are from those of a table, in the band that differs most.

    Args:
        seen: colours of the masks as ``0xRRGGBB``.
        known: colours of the table.

    Returns:
        None where they are others: not all of them, nor two or more, are near a colour of the
        table, or two are near the same, as in a ramp of greys.
    """
    points, targets = (value_points(np.array([*c]), colored=True) for c in (seen, known))
    distances = np.abs(points[:, None] - targets[None]).max(axis=-1)
    nearest, least = distances.argmin(axis=1), distances.min(axis=1)
    near = least <= _NEAR
    count = np.count_nonzero(near)
    if count < min(2, len(points)) or len({*nearest[near]}) < count:
        return None
    return int(least[near].max())
