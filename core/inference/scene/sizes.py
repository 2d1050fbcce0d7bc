"""A scene predicted at several sizes of it, and the mean of them, band of rows by band of rows.

What is predicted at a size waits in files until the bands that it goes into are complete: memory
does not grow with the scene, and the disk holds about two rows of tiles a size.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.imagery.scene.scene import Scene
from core.inference.anchor import FREE, Anchor
from core.inference.blocks import Blending, Block
from core.inference.predictor import Predictor, Progress, counter
from core.inference.scales import Taps
from core.inference.scene.planes import Plane, Planes
from core.inference.scene.scene_image import ResizedScene, SceneImage

__all__ = ["SceneSizes"]

_COLUMNS_BYTES = 64 * 1024**2  # of the columns whose mean is made at once


@dataclass(frozen=True)
class _Size:
    """A scene at one size.

    Attributes:
        tiles: of that size.
        width: of the scene at that size.
        taps: rows and columns of the scene's own size from those of this one; None where it is that
            size.
    """

    tiles: Blending
    width: int
    taps: tuple[Taps, Taps] | None

    def first_row(self, row: int) -> int:
        """The first row at this size that goes into a row of the scene."""
        return row if self.taps is None else int(self.taps[0].indices[row, 0])

    def end_row(self, row: int) -> int:
        """The row at this size after the last that goes into the rows of the scene before `row`."""
        return row if self.taps is None else int(self.taps[0].indices[row - 1, -1]) + 1


class SceneSizes:
    """The sizes at which a scene is predicted.

    Args:
        scene: open.
        predictor: with the sizes as the scales of its averaging.
    """

    def __init__(self, scene: Scene, predictor: Predictor) -> None:
        self._scene, self._predictor = scene, predictor
        self._height, self._width = scene.header.height, scene.header.width
        self._step = predictor.large_tile
        self._sizes = [self._size(scale) for scale in predictor.averaging.scales]

    def _size(self, scale: float) -> _Size:
        resized = ResizedScene(self._scene, self._predictor.input, scale)
        if resized.is_resized:
            tiles = self._predictor.blending(resized, FREE)
            return _Size(tiles, resized.width, resized.back_taps())
        own = SceneImage(self._scene, self._predictor.input)
        anchor = Anchor.of(self._scene.header.georeference)
        return _Size(self._predictor.blending(own, anchor), self._width, None)

    @property
    def bands(self) -> int:
        """Number of bands of rows."""
        return -(-self._height // self._step)

    @property
    def description(self) -> str:
        """Where all tiles lie, in words."""
        return "; ".join(size.tiles.description for size in self._sizes)

    @property
    def waiting_bytes(self) -> int:
        """What waits in files at most, roughly."""
        values = 4 * self._predictor.classes
        return sum(3 * self._step * size.width * values for size in self._sizes)

    def predict(
        self, folder: Path, planes: Planes, first: int, progress: Progress | None
    ) -> Iterator[int]:
        """Fill the planes.

        Args:
            folder: for what waits.
            planes: of the scene.
            first: number of the first band that is not there yet.
            progress: called with the number of tiles done and of all tiles.

        Yields:
            Number of the bands that are written.

        Raises:
            OSError: the disk is full.
        """
        if first >= self.bands:
            return
        step = counter(progress, sum(size.tiles.tiles for size in self._sizes))
        with ExitStack() as stack:
            waiting = []
            for number, size in enumerate(self._sizes):
                begin = size.tiles.row_of(size.first_row(first * self._step))
                blocks = size.tiles.blocks(
                    self._predictor.softmax, step, batch=self._predictor.batch, first_row=begin
                )
                prefix = folder / f"size-{number}"
                rows = _WaitingRows(blocks, prefix, size.width, self._predictor.classes)
                stack.callback(rows.close)
                waiting.append(rows)
            for band in range(first, self.bands):
                top = band * self._step
                bottom = min(self._height, top + self._step)
                for size, rows in zip(self._sizes, waiting, strict=True):
                    rows.forget(size.first_row(top))
                    rows.advance(size.end_row(bottom))
                self._write_band(slice(top, bottom), waiting, planes)
                if band + 1 == self.bands:
                    for rows in waiting:
                        rows.finish()
                yield band + 1

    def _write_band(self, rows: slice, waiting: list[_WaitingRows], planes: Planes) -> None:
        pixel = 4 * self._predictor.classes * (rows.stop - rows.start)
        across = max(1, _COLUMNS_BYTES // pixel)
        for left in range(0, self._width, across):
            columns = slice(left, min(self._width, left + across))
            if not self._scene.may_have_data(rows, columns):
                continue
            valid = self._scene.part(rows, columns).valid
            if valid.any():
                mean = self._mean(rows, columns, waiting)
                planes.write(rows.start, left, mean, None if valid.all() else valid)

    def _mean(self, rows: slice, columns: slice, waiting: list[_WaitingRows]) -> np.ndarray:
        """Probabilities (h, w, K) float32, in the order of steps of a prediction in memory."""
        total: np.ndarray | None = None
        for size, there in zip(self._sizes, waiting, strict=True):
            if size.taps is None:
                part = there.read(rows, columns)
            else:
                down, across = size.taps[0].at(rows), size.taps[1].at(columns)
                wide = there.read(down.span, across.span)
                wide = across.resample(wide, 1, across.span.start)
                part = down.resample(wide, 0, down.span.start)
            total = part if total is None else total + part
        assert total is not None
        return total / len(self._sizes) if len(self._sizes) > 1 else total


class _WaitingRows:
    """The last rows of a prediction at one size, a file for each row of tiles.

    Args:
        blocks: of that size.
        prefix: of the files' names.
        width: of the scene at that size.
        classes: number of classes K.
    """

    def __init__(self, blocks: Iterator[Block], prefix: Path, width: int, classes: int) -> None:
        self._blocks, self._prefix, self._width, self._classes = blocks, prefix, width, classes
        self._planes: list[tuple[int, Path, Plane]] = []
        self._end = 0

    def advance(self, end: int) -> None:
        """Predict until all rows before `end` are there."""
        while self._end < end:
            block = next(self._blocks)
            if block.column == 0:
                path = self._prefix.with_name(f"{self._prefix.name}-{block.tile_row}.raw")
                path.unlink(missing_ok=True)  # of a prediction that was ended
                plane = Plane(path, block.height, self._width, "<f4", self._classes)
                self._planes.append((block.row, path, plane))
            if block.probabilities is not None:
                self._planes[-1][2].write(0, block.column, block.probabilities)
            if block.column + block.width == self._width:
                self._end = block.row + block.height

    def finish(self) -> None:
        """Have the last tiles counted as done; all rows are there."""
        for _ in self._blocks:
            pass

    def forget(self, row: int) -> None:
        """Remove the files of rows before `row` alone."""
        while self._planes and self._planes[0][0] + self._planes[0][2].height <= row:
            _, path, plane = self._planes.pop(0)
            plane.close()
            path.unlink()

    def read(self, rows: slice, columns: slice) -> np.ndarray:
        """Probabilities (h, w, K) float32, 0 where nothing was predicted."""
        parts = []
        for top, _, plane in self._planes:
            first, last = max(rows.start, top), min(rows.stop, top + plane.height)
            if first < last:
                parts.append(plane.read(slice(first - top, last - top), columns))
        return np.concatenate(parts)

    def close(self) -> None:
        """Remove all files."""
        for _, path, plane in self._planes:
            plane.close()
            path.unlink(missing_ok=True)
        self._planes = []
