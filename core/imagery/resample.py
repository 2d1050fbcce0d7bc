"""Images, label maps and validity at another size, all on one and the same grid.

Output pixel i of n covers the input from i·N/n to (i + 1)·N/n, as `cv2.INTER_AREA` and
`cv2.INTER_LINEAR` have it. `cv2.INTER_NEAREST` takes the corner of that span, and
`cv2.INTER_NEAREST_EXACT` always the later of two pixels that are equally near; both shift a mask
against its image.
"""

from __future__ import annotations

import cv2
import numpy as np

from core.imagery.header import Georeference

__all__ = ["labels_on_grid", "nearest_positions", "resample_image", "resample_labels"]

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

    Args:
        labels: (H, W) of any dtype.
        own: grid of the labels.
        grid: grid of the result.
        height, width: of the result.

    Returns:
        (height, width) of the same dtype; None where the systems differ or a pixel's centre lies
        outside the labels.
    """
    if own.crs != grid.crs:
        return None
    step = ~own.transform @ grid.transform
    # Broadcast only where the grids are turned against one another.
    rows, columns = np.ogrid[0.5:height, 0.5:width]
    at_column = np.floor(step.a * columns + (step.b * rows if step.b else 0) + step.c)
    at_row = np.floor((step.d * columns if step.d else 0) + step.e * rows + step.f)
    at_column, at_row = at_column.astype(np.intp), at_row.astype(np.intp)
    inside = (at_column >= 0).all() and (at_column < labels.shape[1]).all()
    if not inside or (at_row < 0).any() or (at_row >= labels.shape[0]).any():
        return None
    moved: np.ndarray = labels[at_row, at_column]
    return moved


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
