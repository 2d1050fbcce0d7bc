"""Pixels made smaller by powers of two: pictures by the mean, labels by the mode."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np

from core.imagery.shrink import downsample_image

__all__ = ["Kind", "rank_of", "reduced"]

Kind = Literal["picture", "labels", "codes"]
"""How pixels are made smaller: (h, w, 3 or 4) uint8 by the mean that `downsample_image` takes; (h,
w) uint8 labels by the mode; (h, w) codes of values by the nearest, so that none is of two places.
"""

_VOID = 255


def rank_of(counts: np.ndarray) -> np.ndarray:
    """(256,) uint8: the place of each label by how rare it is, from the rarest; void is last.

    Args:
        counts: (256,) pixels of each label.
    """
    known = np.array(counts, dtype=np.int64)
    known[_VOID] = np.iinfo(np.int64).max
    rank = np.empty(256, np.uint8)
    rank[np.argsort(known, kind="stable")] = np.arange(256)
    return rank


def reduced(pixels: np.ndarray, times: int, kind: Kind, rank: np.ndarray) -> np.ndarray:
    """Pixels made half as large so many times; an odd row or column stands for itself.

    Args:
        pixels: see `Kind`.
        times: number of halvings.
        kind: how.
        rank: of labels, see `rank_of`; of two that are as common, the rarer one is taken, so that a
            road of one pixel's width does not vanish.
    """
    if times == 0:
        return pixels
    if kind == "codes":
        # The pixel in the middle of the four in the middle, of those that are there.
        step = 1 << times
        rows, columns = (
            np.minimum(np.arange(step // 2, length + step // 2, step), length - 1)
            for length in pixels.shape[:2]
        )
        return np.ascontiguousarray(pixels[np.ix_(rows, columns)])
    if kind == "picture":
        # One by one, as the levels are made from one another: the same from whichever level.
        for _ in range(times):
            pixels = _halved_picture(pixels)
        return pixels
    ranks = _mapped(pixels, rank)
    for _ in range(times):
        ranks = _halved(ranks)
    back = np.empty(256, np.uint8)
    back[rank] = np.arange(256)
    return _mapped(ranks, back)


def _mapped(values: np.ndarray, table: np.ndarray) -> np.ndarray:
    """(h, w) uint8 by a table of 256, ten times as fast as by an index."""
    return np.asarray(cv2.LUT(np.ascontiguousarray(values), table)).reshape(values.shape)


def _halved_picture(pixels: np.ndarray) -> np.ndarray:
    odd = [length % 2 for length in pixels.shape[:2]]
    if any(odd):
        pixels = np.pad(pixels, ((0, odd[0]), (0, odd[1]), (0, 0)), mode="edge")
    size = pixels.shape[0] // 2, pixels.shape[1] // 2
    if pixels.shape[2] == 4 and (pixels[..., 3] == 255).all():  # several times as fast
        small = downsample_image(np.ascontiguousarray(pixels[..., :3]), *size)
        return np.dstack([small, np.full(size, 255, np.uint8)])
    return downsample_image(np.ascontiguousarray(pixels), *size)


def _halved(ranks: np.ndarray) -> np.ndarray:
    """The commonest rank of each 2 × 2 pixels; the least of those that are equally common."""
    odd = [length % 2 for length in ranks.shape]
    if any(odd):
        ranks = np.pad(ranks, ((0, odd[0]), (0, odd[1])), mode="edge")
    a, b = ranks[::2, ::2], ranks[::2, 1::2]
    c, d = ranks[1::2, ::2], ranks[1::2, 1::2]
    # A sorting network of four; equal ones are neighbours then.
    a, b = np.minimum(a, b), np.maximum(a, b)
    c, d = np.minimum(c, d), np.maximum(c, d)
    a, c = np.minimum(a, c), np.maximum(a, c)
    b, d = np.minimum(b, d), np.maximum(b, d)
    b, c = np.minimum(b, c), np.maximum(b, c)
    return np.where(a == b, a, np.where(b == c, b, np.where(c == d, c, a)))
