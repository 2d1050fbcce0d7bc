"""Feature maps as colours: scaled to 8 bits, coloured, enlarged, and laid out as a sheet."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

__all__ = ["Ends", "colour", "enlarge", "sheet", "span", "thumbnail", "to_codes", "to_heat"]

_GAP, _CAPTION = 4, 16  # pixels between tiles, and for the number above each
_PERCENTILES = (0.5, 99.5)
_PAPER, _INK = 255, (60, 60, 60)

Ends = tuple[float, float]
"""Values of the first and the last colour."""


def span(values: np.ndarray) -> Ends:
    """Values of a map's first and last colour: its 0.5th and 99.5th percentile.

    A few extreme pixels would leave everything else dark. A map so sparse that both are equal
    keeps its whole range.

    Args:
        values: (h, w) of any real dtype.
    """
    low, high = (float(value) for value in np.percentile(values, _PERCENTILES))
    return (low, high) if low < high else (float(values.min()), float(values.max()))


def to_heat(values: np.ndarray, ends: Ends | None = None) -> np.ndarray:
    """Scale a map to 0–255.

    Args:
        values: (h, w) of any real dtype.
        ends: values that become 0 and 255, by default the map's `span`. Values beyond are clipped;
            where both are equal everything is 0.

    Returns:
        (h, w) uint8.
    """
    low, high = ends or span(values)
    if high <= low:
        return np.zeros(values.shape, np.uint8)
    share = (values.astype(np.float32) - low) / (high - low)
    return (np.clip(share, 0, 1) * 255 + 0.5).astype(np.uint8)


def to_codes(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """A map as codes of the viewer's layers of numbers.

    Args:
        values: (h, w) of any real dtype.
        low, high: values that become 1 and 65,535; where both are equal everything is 1.

    Returns:
        (h, w) uint16; 0, which stands for no value, where a value is none.
    """
    share = (values.astype(np.float64) - low) / ((high - low) or 1.0)
    known = np.isfinite(share)
    codes = np.rint(1 + 65_534 * np.clip(np.where(known, share, 0), 0, 1))
    return np.where(known, codes, 0).astype(np.uint16)


def colour(heat: np.ndarray) -> np.ndarray:
    """(h, w) uint8 as (h, w, 3) uint8 RGB, dark violet for 0 to yellow for 255.

    The map is viridis (van der Walt and Smith, 2015): it rises evenly in lightness, and is read
    alike with impaired colour vision.
    """
    return np.ascontiguousarray(cv2.applyColorMap(heat, cv2.COLORMAP_VIRIDIS)[..., ::-1])


def enlarge(
    values: np.ndarray, shape: tuple[int, int], stride: tuple[float, float] | None = None
) -> np.ndarray:
    """Bring a map to the size of its window, every value as a crisp rectangle.

    Args:
        values: (h, w) or (h, w, C).
        shape: height and width of the result in pixels.
        stride: pixels a value covers, down and across; by default the map covers `shape` exactly.
    """
    stride = stride or (shape[0] / values.shape[0], shape[1] / values.shape[1])
    rows, columns = (
        np.minimum(((np.arange(count) + 0.5) / step).astype(np.intp), length - 1)
        for count, step, length in zip(shape, stride, values.shape[:2], strict=True)
    )
    return values[np.ix_(rows, columns)]


def thumbnail(heat: np.ndarray, side: int) -> np.ndarray:
    """A map whose longer side is `side` pixels or a little less: enlarged crisply, or averaged.

    Args:
        heat: (h, w) uint8.
        side: longest side of the result in pixels.
    """
    height, width = heat.shape
    longer = max(height, width)
    if longer > side:
        size = (max(1, width * side // longer), max(1, height * side // longer))
        return np.asarray(cv2.resize(heat, size, interpolation=cv2.INTER_AREA), np.uint8)
    times = side // longer
    return heat.repeat(times, axis=0).repeat(times, axis=1)


def sheet(heats: Sequence[np.ndarray], numbers: Sequence[int], side: int = 192) -> np.ndarray:
    """Maps in rows, each under its number.

    Args:
        heats: maps (h, w) uint8, all of one size.
        numbers: number of each map, written above it.
        side: longest side of a tile in pixels.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    tiles = [colour(thumbnail(heat, side)) for heat in heats]
    height, width = tiles[0].shape[:2]
    across = int(np.ceil(np.sqrt(len(tiles))))
    down = -(-len(tiles) // across)
    step = (height + _CAPTION + _GAP, width + _GAP)
    page = np.full((down * step[0] + _GAP, across * step[1] + _GAP, 3), _PAPER, np.uint8)
    for index, (tile, number) in enumerate(zip(tiles, numbers, strict=True)):
        row, column = divmod(index, across)
        top, left = _GAP + row * step[0], _GAP + column * step[1]
        at = (left, top + _CAPTION - 4)
        cv2.putText(page, str(number), at, cv2.FONT_HERSHEY_SIMPLEX, 0.42, _INK, 1, cv2.LINE_AA)
        page[top + _CAPTION : top + _CAPTION + height, left : left + width] = tile
    return page
