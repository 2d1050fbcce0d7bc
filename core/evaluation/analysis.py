"""All counts of an evaluation from one pass over its samples, in memory that the samples' size and
the classes bound, not the number of pixels; kept as arrays, so that it can go on after a stop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from core.classes import VOID, label_counts
from core.datasets.batches.labelled_image import LabelledImage
from core.evaluation.boundary import edge_counts
from core.evaluation.calibration import Calibration
from core.evaluation.regions import Region, RegionList
from core.evaluation.zones import ZONES, zone_counts

__all__ = ["TRAITS", "Analysis", "class_counts_of"]

TRAITS = ("brightness", "contrast", "near edges", "object size")
"""What is kept of every sample: mean and standard deviation over its pixels with data of the mean
over the bands, in the image's own units; the share of the labelled pixels that are near an edge;
and the mean area of the truth's connected parts in pixels. NaN where there is no such pixel."""

_ROWS = 256
_CALIBRATION = ("by_confidence", "confidence", "pixels", "positives", "probability")


class Analysis:
    """Counts of the samples seen so far, in the order in which they came.

    Attributes:
        classes: number of classes K.
        distance: pixels from an edge that count as near it.
        calibration: counts of the probabilities.
        regions: the largest regions of each kind of confusion.
        near: (K, K) int64 confusion near the edges of the truth.
    """

    def __init__(self, classes: int, distance: float) -> None:
        self.classes = classes
        self.distance = distance
        self.calibration = Calibration(classes)
        self.regions = RegionList(classes)
        self.near = np.zeros((classes, classes), np.int64)
        # Of every sample the cells of its confusion that are not 0: most are.
        self._cells: list[np.ndarray] = []
        self._edges: list[np.ndarray] = []
        self._nll: list[float] = []
        self._traits: list[np.ndarray] = []
        self._zones: list[np.ndarray] | None = []
        self._sum = 0.0

    def __len__(self) -> int:
        return len(self._cells)

    def on_strip(self, truth: np.ndarray, probabilities: np.ndarray) -> None:
        """A `StripCallback`: counts probabilities."""
        self.calibration.add(truth, probabilities)
        counted = truth < self.classes
        own = probabilities[counted, truth[counted]].astype(np.float64)
        self._sum -= float(np.log(np.maximum(own, 1e-7)).sum())

    def on_image(self, image: LabelledImage, labels: np.ndarray, matrix: np.ndarray) -> None:
        """An `ImageCallback`: counts an image whose strips were counted before."""
        number = len(self)
        edges = edge_counts(image.labels, labels, self.classes, self.distance)
        self.near += edges.near
        self.regions.add(image.labels, labels, number)
        self._edges.append(np.stack([edges.shared, edges.either]))
        self._traits.append(_traits(image, int(edges.near.sum()) / max(1, int(matrix.sum()))))
        if self._zones is not None:
            near = class_counts_of(edges.near)
            self._zones.append(zone_counts(image, labels, near, self.classes))
        self._nll.append(self._sum)
        self._sum = 0.0
        flat = matrix.ravel()
        places = np.flatnonzero(flat)
        self._cells.append(np.stack([places, flat[places]]))

    def matrix(self, samples: Sequence[int] | None = None) -> np.ndarray:
        """The confusion (K, K) int64, rows true, of some samples; by default of all."""
        total = np.zeros(self.classes**2, np.int64)
        for number in range(len(self)) if samples is None else samples:
            places, values = self._cells[number]
            total[places] += values
        return total.reshape(self.classes, self.classes)

    def cross_entropy(self) -> float | None:
        """Mean of −ln p(true class) over the labelled pixels, in nats; None without any."""
        pixels = int(self.matrix().sum())
        return sum(self._nll) / pixels if pixels else None

    def sample_nll(self) -> np.ndarray:
        """(S,) float64: the sum of −ln p(true class) over the labelled pixels of each sample."""
        return np.array(self._nll)

    def traits(self) -> np.ndarray:
        """(S, len(TRAITS)) float64, see `TRAITS`."""
        return np.array(self._traits, np.float64).reshape(-1, len(TRAITS))

    def zones(self) -> np.ndarray | None:
        """(S, len(ZONES), 3, K) int64, see `core.evaluation.zones`; None where a version before
        has counted some of the samples.
        """
        if self._zones is None:
            return None
        return np.array(self._zones, np.int64).reshape(-1, len(ZONES), 3, self.classes)

    def counts(self, groups: Sequence[Sequence[int]] | None = None) -> np.ndarray:
        """What scores are made of, (U, 3, K) int64: right, true and predicted pixels by class.

        Args:
            groups: numbers of the samples of each unit; by default every sample is one.
        """
        groups = [[number] for number in range(len(self))] if groups is None else groups
        if not groups:
            return np.zeros((0, 3, self.classes), np.int64)
        return np.stack([class_counts_of(self.matrix(group)) for group in groups])

    def edges(self, groups: Sequence[Sequence[int]] | None = None) -> np.ndarray:
        """What boundary IoU is made of, (U, 2, K) int64: pixels in both bands, and in either.

        Args:
            groups: as for `counts`.
        """
        if not self._edges:
            return np.zeros((0, 2, self.classes), np.int64)
        every = np.stack(self._edges)
        if groups is None:
            return every
        return np.stack([every[list(group)].sum(axis=0) for group in groups])

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything as arrays, for `from_arrays`."""
        regions = [r for kept in self.regions.by_cell.values() for r in kept]
        lengths = [part.shape[1] for part in self._cells]
        zones = self.zones()
        empty = np.zeros((2, 0), np.int64)
        return {
            "shape": np.array([self.classes, len(self)]),
            "distance": np.array(float(self.distance)),
            "near": self.near,
            "cells": np.concatenate([empty, *self._cells], axis=1),
            "lengths": np.array(lengths, np.int64),
            "edges": self.edges(),
            "nll": self.sample_nll(),
            "traits": self.traits(),
            "regions": np.array(regions, np.int64).reshape(-1, len(Region._fields)),
            **({} if zones is None else {"zones": zones}),
        } | {name: getattr(self.calibration, name) for name in _CALIBRATION}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Analysis:
        """The counts that `arrays` gave.

        Raises:
            KeyError, ValueError, IndexError, TypeError, OverflowError: they are not of this form.
        """
        classes, count = (int(number) for number in arrays["shape"])
        made = cls(classes, float(arrays["distance"]))
        made.near[...] = arrays["near"]
        for name in _CALIBRATION:
            getattr(made.calibration, name)[...] = arrays[name]
        rows = arrays["regions"].tolist()
        made.regions = RegionList(classes, (Region(*map(int, row)) for row in rows))
        ends = np.cumsum(arrays["lengths"])[:-1]
        made._cells = np.split(arrays["cells"], ends, axis=1) if count else []
        made._edges = list(arrays["edges"])
        made._nll = [float(value) for value in arrays["nll"]]
        made._traits = list(arrays["traits"])
        made._zones = list(arrays["zones"]) if "zones" in arrays else None
        lengths = [len(made._cells), len(made._edges), len(made._nll), len(made._traits)]
        if made._zones is not None:
            lengths.append(len(made._zones))
        if set(lengths) != {count}:
            raise ValueError("the counts are not of one number of samples")
        return made


def class_counts_of(matrix: np.ndarray) -> np.ndarray:
    """(3, K): right, true and predicted pixels by class of a confusion (K, K), rows true."""
    return np.stack([np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)])


def _traits(image: LabelledImage, near: float) -> np.ndarray:
    """What `TRAITS` names, of an image of which a share `near` is near edges."""
    count, total, squares = 0, 0.0, 0.0
    for row in range(0, len(image.pixels), _ROWS):  # not as 64 bits all at once
        seen = image.valid[row : row + _ROWS]
        part = image.pixels[row : row + _ROWS][seen]
        grey = np.abs(part) if np.iscomplexobj(part) else part
        means = grey.astype(np.float64).mean(axis=-1)
        count += len(means)
        total += float(means.sum())
        squares += float((means**2).sum())
    mean = total / count if count else np.nan
    contrast = max(0.0, squares / count - mean**2) ** 0.5 if count else np.nan
    labelled = int((image.labels != VOID).sum())
    parts = 0
    for label in np.flatnonzero(label_counts(image.labels)[:VOID]).tolist():
        own = (image.labels == label).view(np.uint8)
        parts += cv2.connectedComponents(own, connectivity=8)[0] - 1
    size = labelled / parts if parts else np.nan
    return np.array([mean, contrast, near if labelled else np.nan, size])
