"""Counting pixels: what one sample adds to the statistics of its dataset."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["FRAME", "ImageStatistics", "LabelCounts", "count_labels", "image_statistics"]

FRAME = 32
"""Cells along each side of the map of where in the frame a class occurs."""

_CELL = 4  # labels looked at along each side of such a cell
_RELATED = 65_536  # pixels of an image from which the covariance of its bands is taken
_ROWS = 2**24  # pixels counted at once: OpenCV counts in float32, exact up to here


@dataclass(frozen=True)
class LabelCounts:
    """What a sample's labels add.

    Attributes:
        meetings: (K, K) int64, how often a pixel of one class lies directly beside, or above or
            below, one of another; symmetric, each such border once in either half.
        frame: (K, 32, 32) float32, the share of each cell of the frame that the class covers.
    """

    meetings: np.ndarray
    frame: np.ndarray


@dataclass(frozen=True)
class ImageStatistics:
    """What a sample's image adds; only its pixels with data count.

    Attributes:
        kind: bands and dtype; only images of one kind are counted together.
        pixels: with data.
        low, high, sums, squares: (C,) float64 by band: least and greatest value, sum of the values
            and of their squares.
        histogram: (C, 256) int64 of 8-bit values; else None.
        values: (n, C) float32, pixels evenly spread over the image, of other than 8-bit images.
        products, product_sums: (C, C) and (C,) float64, sums of the products of two bands and of
            each band over `product_pixels` evenly spread pixels.
        labels: what its mask adds, or None without a usable one.
    """

    kind: tuple[int, str]
    pixels: int
    low: np.ndarray
    high: np.ndarray
    sums: np.ndarray
    squares: np.ndarray
    histogram: np.ndarray | None
    values: np.ndarray
    products: np.ndarray
    product_sums: np.ndarray
    product_pixels: int
    labels: LabelCounts | None = None

    @property
    def mean(self) -> np.ndarray:
        """(C,) float64."""
        return self.sums / self.pixels

    @property
    def std(self) -> np.ndarray:
        """(C,) float64."""
        spread: np.ndarray = np.sqrt(np.maximum(self.squares / self.pixels - self.mean**2, 0))
        return spread


def image_statistics(
    pixels: np.ndarray, valid: np.ndarray, dtype: str, kept: int
) -> ImageStatistics | None:
    """Count an image.

    Args:
        pixels: (H, W, C), real values.
        valid: (H, W) bool.
        dtype: of the file.
        kept: how many pixels of other than 8-bit images are kept for the histogram.

    Returns:
        The counts, or None if no pixel has data.
    """
    count = int(np.count_nonzero(valid))
    if count == 0:
        return None
    bands = pixels.shape[-1]
    related = _spread(pixels, valid, _RELATED).astype(np.float64)
    histogram = None
    if pixels.dtype == np.uint8:
        histogram = _histogram(pixels, None if count == valid.size else valid)
        levels = np.arange(256, dtype=np.float64)
        filled = histogram > 0
        low = filled.argmax(axis=1).astype(np.float64)
        high = 255.0 - filled[:, ::-1].argmax(axis=1)
        sums, squares = histogram @ levels, histogram @ levels**2
        values = np.zeros((0, bands), np.float32)
    else:
        low, high, sums, squares = _moments(pixels, valid)
        values = _spread(pixels, valid, kept).astype(np.float32)
    return ImageStatistics(
        kind=(bands, dtype),
        pixels=count,
        low=low,
        high=high,
        sums=sums,
        squares=squares,
        histogram=histogram,
        values=values,
        products=related.T @ related,
        product_sums=related.sum(axis=0),
        product_pixels=len(related),
    )


def _spread(pixels: np.ndarray, valid: np.ndarray, most: int) -> np.ndarray:
    """(n, C) pixels with data on an even grid, about `most` of a full image."""
    step = max(1, int(np.ceil(np.sqrt(valid.size / most))))
    spread: np.ndarray = pixels[::step, ::step][valid[::step, ::step]]
    return spread if len(spread) else pixels[valid][:most]


def _histogram(pixels: np.ndarray, valid: np.ndarray | None) -> np.ndarray:
    import cv2

    height, width, bands = pixels.shape
    counts = np.zeros((bands, 256), np.int64)
    rows = max(1, _ROWS // width)
    for start in range(0, height, rows):
        part = pixels[start : start + rows]
        mask = None if valid is None else valid[start : start + rows].view(np.uint8)
        for band in range(bands):
            histogram = cv2.calcHist([part], [band], mask, [256], [0, 256])
            counts[band] += histogram.ravel().astype(np.int64)
    return counts


def _moments(
    pixels: np.ndarray, valid: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    bands = pixels.shape[-1]
    low, high = np.full(bands, np.inf), np.full(bands, -np.inf)
    sums, squares = np.zeros(bands), np.zeros(bands)
    rows = max(1, 2**20 // valid.shape[1])
    for start in range(0, valid.shape[0], rows):
        seen = pixels[start : start + rows][valid[start : start + rows]].astype(np.float64)
        if not len(seen):
            continue
        low, high = np.minimum(low, seen.min(axis=0)), np.maximum(high, seen.max(axis=0))
        sums += seen.sum(axis=0)
        squares += np.square(seen).sum(axis=0)
    return low, high, sums, squares


def count_labels(labels: np.ndarray, classes: int) -> LabelCounts:
    """Count who meets whom, and where in the frame what lies.

    Args:
        labels: (H, W) uint8, 255 = void.
        classes: how many there are.
    """
    meetings = np.zeros((256, 256), np.int64)
    for a, b in ((labels[:, :-1], labels[:, 1:]), (labels[:-1], labels[1:])):
        border = a != b
        codes = a[border].astype(np.intp) << 8 | b[border]
        meetings += np.bincount(codes, minlength=65536).reshape(256, 256)
    meetings += meetings.T
    meetings = meetings[:classes, :classes].copy()
    side = FRAME * _CELL
    rows, columns = (
        np.minimum((np.arange(side) + 0.5) * n / side, n - 1).astype(np.intp) for n in labels.shape
    )
    # By the label at the middle of each sixteenth of a cell.
    small = labels[np.ix_(rows, columns)].astype(np.intp)
    cell = np.arange(side) // _CELL
    codes = (cell[:, None] * FRAME + cell) * 256 + small
    counts = np.bincount(codes.ravel(), minlength=FRAME * FRAME * 256).reshape(FRAME, FRAME, 256)
    frame = np.moveaxis(counts[..., :classes], -1, 0) / np.float32(_CELL * _CELL)
    return LabelCounts(meetings, frame.astype(np.float32))
