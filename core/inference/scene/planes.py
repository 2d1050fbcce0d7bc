"""What is predicted of a scene, pixel by pixel in plain files, until its results are made.

A pixel that was never written has no data: such files have holes, which take no space. They are
written in any order, and again, as often as a prediction is resumed.
"""

from __future__ import annotations

import errno
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from core.classes import VOID
from core.inference.certainty import FILE
from core.inference.outputs.kinds import Wanted

__all__ = ["Plane", "Planes", "open_planes"]


class Plane:
    """Values of every pixel of a scene, in a file.

    Args:
        path: of the file, which is made where it is missing.
        height, width: of the scene in pixels.
        dtype: of the values.
        values: how many a pixel has.
    """

    def __init__(self, path: Path, height: int, width: int, dtype: str, values: int = 1) -> None:
        self.height, self.width, self.values = height, width, values
        self.dtype = np.dtype(dtype)
        self._pixel = self.dtype.itemsize * values
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        os.ftruncate(self._file, height * width * self._pixel)

    def write(self, row: int, column: int, part: np.ndarray) -> None:
        """Write a part (h, w) or (h, w, values), of which 0 is no data.

        Raises:
            OSError: the disk is full.
        """
        lines = np.ascontiguousarray(part, self.dtype)
        for number, line in enumerate(lines):
            place = ((row + number) * self.width + column) * self._pixel
            data = line.data.cast("B")
            while data:
                count = os.pwrite(self._file, data, place)
                data, place = data[count:], place + count

    def read(self, rows: slice, columns: slice) -> np.ndarray:
        """A part (h, w, values)."""
        height, width = rows.stop - rows.start, columns.stop - columns.start
        part = np.empty((height, width, self.values), self.dtype)
        if width == self.width:
            self._read_into(part.data.cast("B"), rows.start * width * self._pixel)
            return part
        for number, line in enumerate(part):
            place = ((rows.start + number) * self.width + columns.start) * self._pixel
            self._read_into(line.data.cast("B"), place)
        return part

    def _read_into(self, data: memoryview, place: int) -> None:
        while data:
            count = os.preadv(self._file, [data], place)
            if not count:
                raise OSError("a file of the prediction was cut short")
            data, place = data[count:], place + count

    def is_empty(self, rows: slice) -> bool:
        """Whether some rows were never written, as far as the file system tells of holes."""
        start, end = (row * self.width * self._pixel for row in (rows.start, rows.stop))
        try:
            return os.lseek(self._file, start, os.SEEK_DATA) >= end
        except OSError as error:
            return error.errno == errno.ENXIO  # no data up to the end of the file
        except AttributeError:  # a system without holes
            return False

    def sync(self) -> None:
        """Have the disk hold what was written."""
        os.fsync(self._file)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)


class Planes(NamedTuple):
    """The values of a scene.

    Attributes:
        labels: uint8, kept as 255 less the label, so that 0 is void.
        confidence: uint16, kept as one more, so that 0 is no data; None where it is not asked for.
        probabilities: float32 a class, all 0 where there is no data; None likewise.
    """

    labels: Plane
    confidence: Plane | None
    probabilities: Plane | None

    def write(
        self, row: int, column: int, probabilities: np.ndarray, valid: np.ndarray | None
    ) -> None:
        """Keep a part of a prediction.

        Args:
            row, column: of its upper left pixel.
            probabilities: (h, w, K) float32.
            valid: (h, w) bool; None where all of it has data.

        Raises:
            OSError: the disk is full.
        """
        labels = VOID - probabilities.argmax(axis=-1).astype(np.uint8)
        if valid is not None:
            labels[~valid] = 0
        self.labels.write(row, column, labels)
        if self.confidence is not None:
            confidence = FILE.codes(probabilities.max(axis=-1)) + np.uint16(1)
            if valid is not None:
                confidence[~valid] = 0
            self.confidence.write(row, column, confidence)
        if self.probabilities is not None:
            if valid is not None:
                probabilities = np.where(valid[..., None], probabilities, 0)
            self.probabilities.write(row, column, probabilities)

    def read_labels(self, rows: slice, columns: slice) -> np.ndarray:
        """Labels (h, w) uint8, 255 = void."""
        return np.asarray(VOID - self.labels.read(rows, columns)[..., 0])

    def read_confidence(self, rows: slice, columns: slice) -> np.ndarray:
        """Confidence (h, w) uint16 in steps of 1/10,000, 65535 = no data."""
        assert self.confidence is not None
        return np.asarray(self.confidence.read(rows, columns)[..., 0] - np.uint16(1))

    def read_probabilities(self, rows: slice, columns: slice) -> np.ndarray:
        """Probabilities (h, w, K) float32, NaN = no data."""
        assert self.probabilities is not None
        part = self.probabilities.read(rows, columns)
        part[~part.any(axis=-1)] = math.nan
        return part

    def sync(self) -> None:
        """Have the disk hold what was written."""
        for plane in filter(None, self):
            plane.sync()


@contextmanager
def open_planes(
    folder: Path,
    height: int,
    width: int,
    classes: int,
    wanted: Wanted,
) -> Iterator[Planes]:
    """Open the values of a scene, which are made where they are missing.

    Args:
        folder: where they lie.
        height, width: of the scene.
        classes: number of classes K.
        wanted: which values are kept.
    """
    size = height, width
    labels = Plane(folder / "labels.raw", *size, "u1")
    planes = Planes(
        labels,
        Plane(folder / "confidence.raw", *size, "<u2") if wanted.confidence else None,
        Plane(folder / "probabilities.raw", *size, "<f4", classes)
        if wanted.probabilities
        else None,
    )
    try:
        yield planes
    finally:
        for plane in filter(None, planes):
            plane.close()
