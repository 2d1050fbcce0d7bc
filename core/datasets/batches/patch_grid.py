"""Where crops lie on a grid, told from sizes and masks; no image is needed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from core.classes import VOID
from core.datasets.recipes.recipe import Patch
from core.errors import ConfigError
from core.imagery.window import Window

__all__ = ["PatchGrid", "count_patches", "grid_windows", "patch_grid"]


@dataclass(frozen=True)
class PatchGrid:
    """The crops of one image, row by row.

    Attributes:
        windows: x, y, width, height in pixels; smaller than the patch where the image is.
        labelled: (N,) float64, the labelled share of a crop, 0 to 1; what a crop has beyond a
            smaller image counts as void.
        kept: (N,) bool, False where that is too little.
        present: (N, 255) bool, which labels a crop has.
    """

    windows: tuple[Window, ...]
    labelled: np.ndarray
    kept: np.ndarray
    present: np.ndarray


def grid_windows(height: int, width: int, patch: Patch) -> tuple[Window, ...]:
    """The windows of a grid over an image, row by row.

    The last of a row and of a column is moved back to the edge, so that up to a stride of the
    crop's side every pixel is covered. An image smaller than a crop is one window.

    Args:
        height, width: of the image in pixels.
        patch: its size and stride.

    Raises:
        ConfigError: the patch has no stride, its crops lie anywhere.
    """
    _check(patch)
    rows = _starts(height, patch.size, patch.stride)
    columns = _starts(width, patch.size, patch.stride)
    tall, wide = min(height, patch.size), min(width, patch.size)
    return tuple((x, y, wide, tall) for y in rows for x in columns)


def count_patches(sizes: Iterable[tuple[int, int]], patch: Patch) -> int:
    """How many crops a grid has over images of these sizes, before the labelled share is asked.

    Args:
        sizes: (height, width) of each image in pixels.
        patch: its size and stride.

    Raises:
        ConfigError: the patch has no stride.
    """
    _check(patch)
    return sum(
        math.prod(len(_starts(length, patch.size, patch.stride)) for length in size)
        for size in sizes
    )


def patch_grid(labels: np.ndarray, patch: Patch) -> PatchGrid:
    """The crops of one image and which of them are kept.

    A crop without any labelled pixel is never kept.

    Args:
        labels: (H, W) uint8, 255 = void.
        patch: its size, stride and smallest labelled share.

    Raises:
        ConfigError: the patch has no stride.
    """
    windows = grid_windows(labels.shape[0], labels.shape[1], patch)
    present = np.zeros((len(windows), VOID), bool)
    counts = np.zeros(len(windows), np.int64)
    for value in np.unique(labels[labels != VOID]):
        pixels = _sums(labels == value, windows)
        present[:, value] = pixels > 0
        counts += pixels
    labelled = counts / patch.size**2
    kept = (labelled >= patch.minimum_labelled) & (counts > 0)
    return PatchGrid(windows, labelled, kept, present)


def _check(patch: Patch) -> None:
    if not patch.stride:
        raise ConfigError(
            "crops at random places have no grid",
            remedy="set stride of the recipe's patch, for example to its size",
        )


def _starts(length: int, size: int, stride: int) -> list[int]:
    last = length - size
    if last <= 0:
        return [0]
    return [*range(0, last, stride), last]


def _sums(here: np.ndarray, windows: tuple[Window, ...]) -> np.ndarray:
    """True pixels in each window, by a summed-area table: strides may be far below the size."""
    table = np.zeros((here.shape[0] + 1, here.shape[1] + 1), np.int64)
    np.cumsum(here, axis=0, out=table[1:, 1:])
    np.cumsum(table[1:, 1:], axis=1, out=table[1:, 1:])
    x, y, width, height = np.array(windows).T
    right, lower = x + width, y + height
    return table[lower, right] - table[y, right] - table[lower, x] + table[y, x]
