"""Masks that are pictures and images that are masks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from core.datasets.audit.pixels import digest_of
from core.datasets.audit.problems import Problem
from core.datasets.dataset import Sample
from core.datasets.masks.decode import Mask
from core.datasets.recipes.fixes import Exclude

__all__ = ["distinct_values", "swapped_problems"]

_LOOKED = 256  # pixels a side that are looked at
_FEW, _MANY = 16, 200  # values of a mask, and of a picture


def swapped_problems(sample: Sample, digest: str, values: int, mask: Mask) -> Iterator[Problem]:
    """A mask that is its image, or an image that is flat beside a mask that is not.

    Args:
        sample: which.
        digest: `digest_of` the image's pixels.
        values: `distinct_values` of the image.
        mask: as read.
    """
    if mask.raster is None:
        return
    if digest_of(mask.raster.pixels) == digest:
        yield Problem(
            "mask-is-image",
            sample.id,
            "the mask holds the same pixels as the image",
            "error",
            "put the mask in its place, or exclude the sample",
            (Exclude(sample.id),),
        )
    elif values <= _FEW and distinct_values(mask.raster.pixels) >= _MANY:
        yield Problem(
            "mask-is-image",
            sample.id,
            "the image has a few flat values and the mask many: they look swapped",
            "error",
            "exchange the two files, or exclude the sample",
            (Exclude(sample.id),),
        )


def distinct_values(pixels: np.ndarray) -> int:
    """Number of distinct values, (H, W, C), on a coarse grid of the pixels."""
    step = max(1, min(pixels.shape[:2]) // _LOOKED)
    return len(np.unique(pixels[::step, ::step].reshape(-1, pixels.shape[-1]), axis=0))
