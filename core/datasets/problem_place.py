"""Where in an image a finding of the audit lies, pixel by pixel."""

from __future__ import annotations

import numpy as np

from core.classes import VOID, pack_rgb
from core.datasets.audit.masks import file_pixels
from core.datasets.audit.problems import Problem
from core.datasets.dataset import Dataset, Sample
from core.datasets.masks.decode import Mask
from core.imagery.window import Window

__all__ = ["box_of", "problem_place"]


def problem_place(
    dataset: Dataset, sample: Sample, problem: Problem, valid: np.ndarray, mask: Mask | None
) -> np.ndarray | None:
    """The pixels that a finding is about.

    Args:
        dataset, sample: where it is.
        problem: what the audit says of that sample.
        valid: (H, W) bool, where the image has data.
        mask: of the sample, as far as it can be read.

    Returns:
        (h, w) bool in the mask's size for what is about its values, else (H, W); None where it is
        about all of the image, or the audit does not know the place.
    """
    if problem.values:
        place = None if mask is None else _values(dataset, sample, problem, mask)
    elif problem.kind in ("void-share", "all-void"):
        place = None if mask is None else mask.labels == VOID
    elif problem.kind == "no-data":
        # Without a tag only the border around the rest is certain.
        place = ~valid if not valid.all() else ~_inside(problem.window, valid.shape)
    else:
        place = _inside(problem.window, valid.shape)
    if place is None or not place.any() or place.all():
        return None
    return place


def box_of(place: np.ndarray) -> Window:
    """The smallest window (x, y, width, height) around the true pixels of (H, W) bool."""
    rows, columns = np.flatnonzero(place.any(axis=1)), np.flatnonzero(place.any(axis=0))
    x, y = int(columns[0]), int(rows[0])
    return x, y, int(columns[-1]) - x + 1, int(rows[-1]) - y + 1


def _inside(window: Window | None, shape: tuple[int, ...]) -> np.ndarray:
    place = np.zeros(shape, bool)
    if window is None:
        return ~place
    x, y, width, height = window
    place[y : y + height, x : x + width] = True
    return place


def _values(dataset: Dataset, sample: Sample, problem: Problem, mask: Mask) -> np.ndarray | None:
    pixels = file_pixels(dataset, sample, mask)
    if pixels is None:
        return None
    if dataset.coding.kind == "color":
        values, listed = pack_rgb(pixels[..., :3]), [float(int(v[1:], 16)) for v in problem.values]
    else:
        values = pixels[..., 0]
        listed = [float(value.removeprefix("value ")) for value in problem.values]
    # A value that the finding names may have a meaning elsewhere in the mask, where it is no void.
    return np.isin(values, listed) & (mask.labels == VOID)
