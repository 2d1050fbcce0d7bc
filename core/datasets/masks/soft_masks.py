"""Soft masks: JPEG, smoothing and resizing spread each class over many values near its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = [
    "Cluster",
    "cluster_values",
    "flat_pixels",
    "gap_between",
    "pixels_near",
    "soft_binary",
    "tolerance_of",
    "value_points",
]

_ENDS = 32 / 255  # of the range: how far from its end a value is near to it
_MOSTLY = 0.9  # share of the pixels that are near an end
_DISTINCT = 3  # values near either end that are not the end itself
_REACH = 32  # values that differ by so much at most, in every band, are of one cluster
_FLAT = 16  # of 255: neighbours in the area of a class differ by no more
_AREA, _AREAS = 0.001, 0.05  # shares, of all pixels and of those in between, that make an area
_LEAST = 0.002  # share of the pixels that a cluster has
_REACHED = 0.99  # share of the pixels that a tolerance is to reach
_NEAR = 0.8  # share of the pixels that are to be near to a class
_LEADERS = 256  # clusters that are looked at


@dataclass(frozen=True)
class Cluster:
    """Values near each other.

    Attributes:
        value: the commonest of them.
        pixels: pixels of all of them.
    """

    value: float
    pixels: int


def flat_pixels(bands: np.ndarray) -> np.ndarray:
    """Where a mask is much as around: in its areas, and not at edges, where values lie in between.

    Args:
        bands: (H, W, C) of any type.

    Returns:
        (H, W) bool: the neighbours above, below and beside differ by 16 of 255 at most (of 1 for
        fractions) in every band.
    """
    whole = np.issubdtype(bands.dtype, np.integer) or np.nanmax(bands, initial=0) > 1
    limit = _FLAT if whole else _FLAT / 255
    flat = np.ones(bands.shape[:2], bool)
    for axis in (0, 1):
        steps = np.abs(np.diff(bands.astype(np.float32), axis=axis)).max(axis=-1) <= limit
        one, other = (np.s_[1:], np.s_[:-1]) if axis == 0 else (np.s_[:, 1:], np.s_[:, :-1])
        flat[one] &= steps
        flat[other] &= steps
    return flat


def soft_binary(
    counts: Mapping[float, int], flat: Mapping[float, int], lossy: bool = False
) -> float:
    """The upper value of grey masks of two classes with values in between, 0 for other masks.

    Nearly all pixels are near 0 or the upper end, 255 or 1, and several values are near either, or
    one where several lie in between: class numbers with a void 255 have none just below it. What
    lies in between is at edges: a third class has areas.

    Args:
        counts: pixels of each value.
        flat: those of them that are `flat_pixels`.
        lossy: whether masks are JPEGs, which need not be near either end in many values.
    """
    if not counts or min(counts) < 0:
        return 0.0
    whole = all(float(value).is_integer() for value in counts)
    top = 255.0 if whole else 1.0
    if max(counts) > top or (whole and max(counts) < top * (1 - _ENDS)):
        return 0.0
    values, pixels = np.array([*counts], float), np.array([*counts.values()], float)
    low, high = values <= top * _ENDS, values >= top * (1 - _ENDS)
    middle = {v for v in counts if top * _ENDS < v < top * (1 - _ENDS)}
    areas = sum(flat.get(value, 0) for value in middle)
    if areas > _AREA * pixels.sum() and areas > _AREAS * sum(counts[value] for value in middle):
        return 0.0
    if not whole:
        return top
    if pixels[low | high].sum() < _MOSTLY * pixels.sum() or not low.any() or not high.any():
        return 0.0
    inner_low = np.count_nonzero(low & (values > 0))
    inner_high = np.count_nonzero(high & (values < top))
    # Smoothing leaves few values near an end, but then several at the edges in between.
    least = 1 if lossy or len(middle) > 1 else _DISTINCT
    if min(inner_low, inner_high) < least:
        return 0.0
    # The ends themselves are the commonest on their sides; of classes with numbers they are not.
    commonest = values[low][pixels[low].argmax()], values[high][pixels[high].argmax()]
    return top if commonest[0] <= 2 and commonest[1] >= top - 2 else 0.0


def cluster_values(
    counts: Mapping[float, int], flat: Mapping[float, int], colored: bool
) -> list[Cluster]:
    """The values that most of a soft mask's pixels are near to, the commonest first.

    From the commonest on, each value that is far from all clusters so far leads another one; those
    that have no areas are the in-between values of edges and go to the nearest.

    Args:
        counts: pixels of each value, colours as ``0xRRGGBB``.
        flat: those of them that are `flat_pixels`.
        colored: whether they are colours.
    """
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    values = np.array([value for value, _ in ordered])
    pixels = np.array([count for _, count in ordered], float)
    areas = np.array([flat.get(value, 0) for value, _ in ordered], float)
    points = value_points(values, colored)
    free = np.ones(len(values), bool)
    leaders: list[int] = []
    for _ in range(min(_LEADERS, len(values))):
        if not free.any():
            break
        leader = int(np.flatnonzero(free)[0])
        near = np.abs(points - points[leader]).max(axis=1) <= _REACH
        if not leaders or areas[near & free].sum() >= _LEAST * areas.sum():
            leaders.append(leader)
        free &= ~near
    distances = np.stack([np.abs(points - points[i]).max(axis=1) for i in leaders])
    nearest = distances.argmin(axis=0)
    clusters = [
        Cluster(_middle(values, pixels, nearest == place, leader, colored), int(members))
        for place, leader in enumerate(leaders)
        if (members := pixels[nearest == place].sum())
    ]
    return sorted(clusters, key=lambda cluster: -cluster.pixels)


def _middle(
    values: np.ndarray, pixels: np.ndarray, here: np.ndarray, leader: int, colored: bool
) -> float:
    """The commonest value where it has most of the pixels, else the mean of those around it."""
    if pixels[leader] >= 0.25 * pixels[here].sum():
        return values[leader].item()
    points = value_points(values, colored)
    core = here & (np.abs(points - points[leader]).max(axis=1) <= _REACH / 4)
    mean = np.rint(np.average(points[core], axis=0, weights=pixels[core])).astype(int)
    return int(mean[0] << 16 | mean[1] << 8 | mean[2]) if colored else int(mean[0])


def gap_between(points: np.ndarray) -> int:
    """The largest distance at which a value is near to one class alone.

    Args:
        points: (N, bands), the values of the classes.
    """
    distances = np.abs(points[:, None].astype(int) - points[None].astype(int)).max(axis=-1)
    between = distances[~np.eye(len(points), dtype=bool)]
    return int((between.min() - 1) // 2) if between.size else 0


def pixels_near(
    listed: Sequence[float], counts: Mapping[float, int], colored: bool, tolerance: float
) -> int:
    """How many pixels are within a tolerance of one of the values listed.

    Args:
        listed, counts, colored: as for `tolerance_of`.
        tolerance: the largest distance, in every band.
    """
    distances, pixels = _distances(listed, counts, colored)
    return int(pixels[distances <= tolerance].sum())


def _distances(
    listed: Sequence[float], counts: Mapping[float, int], colored: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Of each value the distance to the nearest one listed, and its pixels."""
    points = value_points(np.array([*counts]), colored)
    nearest = np.full(len(points), np.inf)
    for target in value_points(np.array(listed), colored):
        nearest = np.minimum(nearest, np.abs(points - target).max(axis=-1))
    return nearest, np.array([*counts.values()], float)


def tolerance_of(listed: Sequence[float], counts: Mapping[float, int], colored: bool) -> float:
    """How far from a class's value those of a soft mask may be; 0 where they are near to none.

    The least distance that reaches nearly all pixels, and no further than where two classes could
    be meant.

    Args:
        listed: the values of the classes, colours as ``0xRRGGBB``.
        counts: pixels of each value in the masks.
        colored: whether they are colours.
    """
    targets = value_points(np.array(listed), colored)
    distances, pixels = _distances(listed, counts, colored)
    order = distances.argsort()
    total = np.cumsum(pixels[order])
    if distances.max() <= (gap := gap_between(targets)):
        return float(distances.max())
    reach = float(distances[order][np.searchsorted(total, _REACHED * total[-1])])
    near = float(min(reach, gap))
    return near if pixels[distances <= near].sum() >= _NEAR * total[-1] else 0.0


def value_points(values: np.ndarray, colored: bool) -> np.ndarray:
    """Values as points that can be near each other, colours by red, green and blue.

    Args:
        values: (N,), colours as ``0xRRGGBB``.
        colored: whether they are colours.

    Returns:
        (N, 1) or (N, 3) float64.
    """
    if not colored:
        return values.astype(float)[:, None]
    packed = values.astype(np.int64)
    return np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=-1).astype(float)
