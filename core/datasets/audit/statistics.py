"""Statistics of a dataset, summed up while its samples are read; memory does not grow with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.datasets.audit.image_statistics import FRAME, ImageStatistics

__all__ = ["BINS", "BandStatistics", "Statistics", "StatisticsBuilder", "pixels_per_sample"]

BINS = 256
_KEPT = 1_000_000  # pixels of other than 8-bit images that the histograms come from
_LEAST, _MOST = 64, 65_536  # of each image


def pixels_per_sample(samples: int) -> int:
    """How many pixels of each image are kept where values cannot be counted one by one."""
    return min(_MOST, max(_LEAST, _KEPT // max(1, samples)))


@dataclass(frozen=True)
class BandStatistics:
    """One band over all images; pixels without data are left out.

    Attributes:
        minimum, maximum, mean, std: exact, in the images' own values.
        counts: (256,) int64 pixels by value; of 8-bit images all pixels, else of those that were
            looked at, evenly spread.
        edges: (257,) float64 limits of the bins. Of 8-bit images bin v is the value v, from
            v − 0.5 to v + 0.5; else they divide minimum to maximum evenly.
        exact: whether `counts` has all pixels.
    """

    minimum: float
    maximum: float
    mean: float
    std: float
    counts: np.ndarray
    edges: np.ndarray
    exact: bool


@dataclass(frozen=True)
class Statistics:
    """A dataset in numbers.

    Attributes:
        dtype: of the images that `bands` is about: the commonest kind, where they differ.
        images: how many these are.
        bands: by band; empty if no image could be read.
        covariance: (C, C) float64 of the bands, from up to 65,536 evenly spread pixels an image,
            an image counting by its pixels with data.
        meetings: (K, K) int64, how often pixels of two classes lie directly side by side or one
            above the other; symmetric, the diagonal is 0.
        frame: (K, 32, 32) float32, how often each class lies in each part of the frame: mean share
            over the samples, whose frames are scaled to one; [class, row, column].
        masks: how many samples `meetings` and `frame` come from.
    """

    dtype: str
    images: int
    bands: tuple[BandStatistics, ...]
    covariance: np.ndarray
    meetings: np.ndarray
    frame: np.ndarray
    masks: int

    @property
    def correlation(self) -> np.ndarray:
        """(C, C) float64 Pearson correlation of the bands; 0 with a constant band."""
        spread = np.sqrt(np.diag(self.covariance))
        product = np.outer(spread, spread)
        return np.divide(
            self.covariance, product, out=np.zeros_like(self.covariance), where=product > 0
        )


class StatisticsBuilder:
    """Sums up tallies as they come.

    Args:
        classes: how many there are.
    """

    def __init__(self, classes: int) -> None:
        self._kinds: dict[tuple[int, str], _Kind] = {}
        self._meetings = np.zeros((classes, classes), np.int64)
        self._frame = np.zeros((classes, FRAME, FRAME), np.float64)
        self._masks = 0

    def add(self, stats: ImageStatistics) -> None:
        """Add a sample."""
        self._kinds.setdefault(stats.kind, _Kind(stats.kind[0])).add(stats)
        if stats.labels is not None:
            self._meetings += stats.labels.meetings
            self._frame += stats.labels.frame
            self._masks += 1

    def result(self) -> Statistics:
        """The statistics of all that was added."""
        kind = max(self._kinds, key=lambda key: self._kinds[key].images, default=(0, ""))
        kept = self._kinds.get(kind, _Kind(0))
        return Statistics(
            dtype=kind[1],
            images=kept.images,
            bands=kept.bands(),
            covariance=kept.covariance(),
            meetings=self._meetings,
            frame=(self._frame / max(1, self._masks)).astype(np.float32),
            masks=self._masks,
        )


class _Kind:
    """Images of one number of bands and one dtype."""

    def __init__(self, bands: int) -> None:
        self.images = 0
        self._pixels = 0
        self._low, self._high = np.full(bands, np.inf), np.full(bands, -np.inf)
        self._sums, self._squares = np.zeros(bands), np.zeros(bands)
        self._histogram: np.ndarray | None = None
        self._values: list[np.ndarray] = []
        self._products, self._product_sums = np.zeros((bands, bands)), np.zeros(bands)
        self._weight = 0.0

    def add(self, stats: ImageStatistics) -> None:
        self.images += 1
        self._pixels += stats.pixels
        self._low = np.minimum(self._low, stats.low)
        self._high = np.maximum(self._high, stats.high)
        self._sums += stats.sums
        self._squares += stats.squares
        if stats.histogram is not None:
            before = 0 if self._histogram is None else self._histogram
            self._histogram = before + stats.histogram
        self._values.append(stats.values)
        factor = stats.pixels / stats.product_pixels
        self._products += stats.products * factor
        self._product_sums += stats.product_sums * factor
        self._weight += stats.pixels

    def bands(self) -> tuple[BandStatistics, ...]:
        if not self._pixels:
            return ()
        mean = self._sums / self._pixels
        std = np.sqrt(np.maximum(self._squares / self._pixels - mean**2, 0))
        values = np.concatenate(self._values)
        statistics = []
        for band in range(len(mean)):
            low, high = float(self._low[band]), float(self._high[band])
            if self._histogram is not None:
                counts, edges = self._histogram[band], np.arange(BINS + 1) - 0.5
            else:
                counts, edges = np.histogram(
                    values[:, band].astype(np.float64), bins=BINS, range=(low, high)
                )
            statistics.append(
                BandStatistics(
                    low,
                    high,
                    float(mean[band]),
                    float(std[band]),
                    counts.astype(np.int64),
                    edges.astype(np.float64),
                    self._histogram is not None,
                )
            )
        return tuple(statistics)

    def covariance(self) -> np.ndarray:
        if not self._weight:
            return np.zeros_like(self._products)
        mean = self._product_sums / self._weight
        spread: np.ndarray = self._products / self._weight - np.outer(mean, mean)
        return spread
