"""Images, label maps and validity at another size, all on one and the same grid.

Output pixel i of n covers the input from i·N/n to (i + 1)·N/n, as `cv2.INTER_AREA` and
`cv2.INTER_LINEAR` have it. `cv2.INTER_NEAREST` takes the corner of that span, and
`cv2.INTER_NEAREST_EXACT` always the later of two pixels that are equally near; both shift a mask
against its image.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.imagery.header import Georeference

if TYPE_CHECKING:
    from affine import Affine

__all__ = [
    "covered_on_grid",
    "farthest_off",
    "labels_on_grid",
    "nearest_positions",
    "onto_image",
    "resample_image",
    "resample_labels",
]

_RESIZED = ("uint8", "uint16", "int16", "float32", "float64")  # what cv2.resize takes


def nearest_positions(length: int, count: int) -> np.ndarray:
    """The input pixel at the centre of each of `count` output pixels, along one side.

    Where a centre lies between two pixels they are taken in turn, so that on average nothing moves.

    Args:
        length: input pixels along the side.
        count: output pixels along the side.

    Returns:
        (count,) intp, rising.
    """
    # In whole numbers: floating point would decide the ties.
    at, rest = np.divmod((2 * np.arange(count) + 1) * length, 2 * count)
    ties = np.flatnonzero(rest == 0)
    at[ties[::2]] -= 1
    return at.astype(np.intp)


def resample_labels(labels: np.ndarray, height: int, width: int) -> np.ndarray:
    """The value at the centre of each output pixel; values are names, and are never averaged.

    Args:
        labels: (H, W) or (H, W, C) of any dtype: labels, validity, colours that have a meaning.
        height, width: of the result.

    Returns:
        (height, width) or (height, width, C) of the same dtype; only values that were there.
    """
    if labels.shape[:2] == (height, width):
        return labels
    rows = nearest_positions(labels.shape[0], height)
    columns = nearest_positions(labels.shape[1], width)
    # Positions are in range: without a check, and by side, it is several times as fast.
    return labels.take(rows, axis=0, mode="clip").take(columns, axis=1, mode="clip")


def labels_on_grid(
    labels: np.ndarray, own: Georeference, grid: Georeference, height: int, width: int
) -> np.ndarray | None:
    """Labels of one grid at the centres of another's pixels, in the same reference system.

    Where a centre lies between two labels they are taken in turn, so that on average nothing moves.

    Args:
        labels: (H, W) or (H, W, C) of any dtype.
        own: grid of the labels.
        grid: grid of the result.
        height, width: of the result.

    Returns:
        (height, width) or (height, width, C) of the same dtype; None where the systems differ or a
        pixel's centre lies outside the labels.
    """
    if own.crs != grid.crs:
        return None
    rows, columns = _centres(~own.transform @ grid.transform, labels.shape[:2], height, width)
    if not _inside(rows, labels.shape[0]).all() or not _inside(columns, labels.shape[1]).all():
        return None
    moved: np.ndarray = labels[rows, columns]
    return moved


def onto_image(
    labels: np.ndarray, own: Georeference | None, grid: Georeference | None, size: tuple[int, int]
) -> np.ndarray | None:
    """Labels of another grid on the same ground, on an image's; None where nothing is to do.

    Masks are often delivered on a coarser grid, and some from south to north.

    Args:
        labels: (H, W) or (H, W, C) of any dtype.
        own: grid of the labels; None for a plain picture.
        grid: grid of the image; None for a plain picture.
        size: height and width of the image.
    """
    if own is None or grid is None:
        return None
    step = ~own.transform @ grid.transform
    same_way = step.a > 0 and step.e > 0 and max(abs(step.b), abs(step.d)) < abs(step.a)
    if labels.shape[:2] == size and same_way:  # the audit says so if it lies elsewhere
        return None
    return labels_on_grid(labels, own, grid, *size)


def farthest_off(own: Georeference, grid: Georeference, height: int, width: int) -> float:
    """Pixels by which the corners of one grid lie off those of another with as many pixels."""
    step = ~own.transform @ grid.transform
    corners = [(0, 0), (width, 0), (0, height), (width, height)]
    return max(abs(a - b) for at in corners for a, b in zip(step @ at, at, strict=True))


def covered_on_grid(mask: np.ndarray, step: Affine, height: int, width: int) -> np.ndarray:
    """A mask (H, W) bool at the centres of another grid's pixels; False beyond it.

    Args:
        mask: on its own grid.
        step: from columns and rows of the other grid to those of the mask.
        height, width: of the result.
    """
    rows, columns = _centres(step, mask.shape, height, width)
    inside = _inside(rows, mask.shape[0]) & _inside(columns, mask.shape[1])
    moved = mask[rows.clip(0, mask.shape[0] - 1), columns.clip(0, mask.shape[1] - 1)]
    return np.asarray(moved & inside)


_TIE = 1e-3  # pixels; rounded coordinates leave as much to chance


def _centres(
    step: Affine, shape: Sequence[int], height: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns, in a grid of some shape, at the centres of another's pixels."""
    # Broadcast only where the grids are turned against one another.
    rows, columns = np.ogrid[0.5:height, 0.5:width]
    at_row = (step.d * columns if step.d else 0) + step.e * rows + step.f
    at_column = step.a * columns + (step.b * rows if step.b else 0) + step.c
    return _in_turn(at_row, shape[0]), _in_turn(at_column, shape[1])


def _in_turn(at: np.ndarray, length: int) -> np.ndarray:
    """Pixels at some places along a side of a grid; on the border of two, one and the other."""
    border = np.round(at)
    ties = np.abs(at - border) < _TIE
    pixels = np.where(ties, border, np.floor(at)).astype(np.intp)
    if ties.any():
        odd = np.add.outer(np.arange(at.shape[0]), np.arange(at.shape[1])) % 2 == 1
        # The grid's own border has a pixel on one side alone.
        pixels[ties] = (pixels - odd)[ties]
        pixels[ties & (pixels == -1) & (border == 0)] = 0
        pixels[ties & (pixels == length)] = length - 1
    return pixels


def _inside(pixels: np.ndarray, length: int) -> np.ndarray:
    return (pixels >= 0) & (pixels < length)


def resample_image(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """The mean over each output pixel where an image shrinks, linear interpolation where it grows.

    Args:
        pixels: (H, W, C) of any real dtype.
        height, width: of the result.

    Returns:
        (height, width, C) of the same dtype; whole numbers of 32 bit and more come as float32.
    """
    if pixels.shape[:2] == (height, width):
        return pixels
    if pixels.dtype not in _RESIZED:
        pixels = pixels.astype(np.float32)
    shrinks = height * width < pixels.shape[0] * pixels.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(pixels, (width, height), interpolation=how).reshape(height, width, -1)
