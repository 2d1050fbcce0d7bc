"""Tiles of a file, read by windows within a bound of what is unpacked for one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from core.classes import VOID
from core.errors import ImageError
from core.imagery.display import Stretch, default_bands, stretch_of
from core.imagery.pyramid.levels import Levels
from core.imagery.pyramid.reader import Tile, is_empty
from core.imagery.pyramid.reduce import Kind, rank_of, reduced
from core.imagery.resample import resample_labels
from core.imagery.scene.overview import Overview, WindowSource, read_overview
from core.imagery.source.stored_blocks import StoredBlocks

__all__ = ["MOST_BYTES", "SceneTiles", "make_upper_levels"]

MOST_BYTES = 64 * 1024**2
"""Bytes of pixels that are unpacked for one tile at most."""

_OVERVIEW = 512  # pixels along the longer side of what tells stretch and common labels
_SQUARE, _SPARSE_SQUARE = 2048, 512  # pixels along a side of what is read at once


class SceneTiles:
    """Tiles of a file that is open.

    A tile comes from the smallest overview that is not smaller than it, or from the pixels. Where
    more than `MOST_BYTES` would be unpacked, it is taken from the tiles that `make_upper_levels`
    made, and where there are none, single places stand for their surroundings.

    Args:
        source: open, for as long as this is used.
        kind: ``picture`` or ``labels``.
        upper: folder of what `make_upper_levels` made; None where it did not.
        most_bytes: see `MOST_BYTES`.

    Attributes:
        levels: its pyramid.
    """

    def __init__(
        self,
        source: WindowSource,
        kind: Kind,
        upper: Path | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self.levels = Levels(source.header.height, source.header.width)
        self._source, self._kind, self._upper = source, kind, upper
        self._most_bytes = most_bytes
        self._small: Overview | None = None
        self._stretch: Stretch | None = None
        self._rank: np.ndarray | None = None

    def read(self, level: int, row: int, column: int) -> Tile:
        """A tile; see `TileReader`."""
        rows, columns = self.levels.span(level, row, column)
        if not self._source.may_have_data(rows, columns):
            return Tile(None)
        if self.is_direct(level, row, column):
            return self._tile(self._direct(level, rows, columns))
        if self._upper is not None:
            return Tile(_load(self._upper, level, row, column))
        return self._coarse(level, row, column)

    def is_direct(self, level: int, row: int, column: int) -> bool:
        """Whether a tile is read without more being unpacked than is allowed."""
        if level == 0:
            return True
        rows, columns = self.levels.span(level, row, column)
        blocks, factor = self._source.blocks, self._factor(level)
        if blocks is not None:
            pixels = blocks.count(rows, columns) * blocks.height * blocks.width
        elif factor == 1:
            pixels = 1
            for part, side in zip((rows, columns), self._source.block, strict=True):
                pixels *= (-(-part.stop // side) - part.start // side) * side
        else:
            pixels = (rows.stop - rows.start) * (columns.stop - columns.start)
        return pixels / factor**2 * self._pixel_bytes <= self._most_bytes

    @property
    def is_whole(self) -> bool:
        """Whether every tile is sharp."""
        if self._upper is not None:
            return True
        # What a tile of a level unpacks, those above it do; the last level is one tile.
        last = self.levels.count - 1
        return all(
            self.is_direct(level, row, column)
            for level in range(last, -1, -1)
            for row in range(self.levels.grid(level)[0])
            for column in range(self.levels.grid(level)[1])
            if 4**level * self.levels.side**2 * self._pixel_bytes > self._most_bytes
        )

    @property
    def unpacked(self) -> int:
        """Bytes of all pixels that the file holds."""
        header, blocks = self._source.header, self._source.blocks
        pixels = header.height * header.width
        if blocks is not None:
            pixels = int(blocks.stored.sum()) * blocks.height * blocks.width
        return pixels * self._pixel_bytes

    @property
    def _pixel_bytes(self) -> int:
        header = self._source.header
        return header.bands * np.dtype(header.dtype).itemsize

    def smaller(self, parts: list[np.ndarray | None], level: int, row: int, column: int) -> Tile:
        """A tile from the pixels of those below it, in the order of `Levels.children`."""
        window = [part.stop - part.start for part in self.levels.window(level, row, column)]
        side = self.levels.side
        if all(part is None for part in parts):
            return Tile(None)
        place = self.levels.children(level, row, column)
        below = self.levels.shape(level - 1)
        size = [
            min(2 * shown, whole - 2 * side * at)
            for shown, whole, at in zip(window, below, (row, column), strict=True)
        ]
        whole = self._nothing(size)
        for part, (_, down, across) in zip(parts, place, strict=True):
            if part is None:
                continue
            if part.ndim == 3 and part.shape[2] == 3:
                part = np.dstack([part, np.full(part.shape[:2], 255, np.uint8)])
            top, left = (down - 2 * row) * side, (across - 2 * column) * side
            whole[top : top + part.shape[0], left : left + part.shape[1]] = part
        return self._tile(reduced(whole, 1, self._kind, self._labels_rank))

    def _tile(self, pixels: np.ndarray) -> Tile:
        if self._kind == "picture" and (pixels[..., 3] == 255).all():
            return Tile(np.ascontiguousarray(pixels[..., :3]))
        return Tile(None if is_empty(pixels, self._kind) else pixels)

    def _factor(self, level: int) -> int:
        """How many pixels along a side one of the overview stands for that a level is read from."""
        return max((f for f in self._source.overviews if f <= 1 << level), default=1)

    def _direct(self, level: int, rows: slice, columns: slice) -> np.ndarray:
        factor, step = self._factor(level), 1 << level
        size = [-(-(part.stop - part.start) // step) for part in (rows, columns)]
        if factor > 1:
            shape = tuple(-(-(part.stop - part.start) // factor) for part in (rows, columns))
            pixels = self._shown(*self._source.part(rows, columns, (shape[0], shape[1])))
            times = (step // factor).bit_length() - 1
            if factor << times == step:
                return reduced(pixels, times, self._kind, self._labels_rank)
            return resample_labels(pixels, size[0], size[1])  # overviews of no powers of two
        whole = self._nothing(size)
        side = max(step, _SQUARE if self._source.blocks is None else _SPARSE_SQUARE)
        for down, across in self._squares(rows, columns, side):
            part = self._shown(*self._source.part(down, across))
            small = reduced(part, level, self._kind, self._labels_rank)
            y, x = (down.start - rows.start) // step, (across.start - columns.start) // step
            whole[y : y + small.shape[0], x : x + small.shape[1]] = small
        return whole

    def _squares(self, rows: slice, columns: slice, side: int) -> Iterator[tuple[slice, slice]]:
        """The squares of a part, counted from its corner, that may have data."""
        blocks = self._source.blocks
        count = [-(-(part.stop - part.start) // side) for part in (rows, columns)]
        if blocks is None or max(blocks.height, blocks.width) > side:
            places = list(np.ndindex(*count))
        else:  # of a sparse scene, few of very many
            places = sorted(_reached(blocks, (rows, columns), side))
        for y, x in places:
            top, left = rows.start + y * side, columns.start + x * side
            square = (
                slice(top, min(top + side, rows.stop)),
                slice(left, min(left + side, columns.stop)),
            )
            if self._source.may_have_data(*square):
                yield square

    def _nothing(self, size: Sequence[int]) -> np.ndarray:
        """Labels that are void, or transparent pixels."""
        if self._kind == "labels":
            return np.full(size, VOID, np.uint8)
        return np.zeros((*size, 4), np.uint8)

    def _shown(self, pixels: np.ndarray, valid: np.ndarray) -> np.ndarray:
        """(h, w) labels, or (h, w, 4) RGBA, transparent where there is no data."""
        if self._kind == "labels":
            return np.where(valid, pixels[..., 0], VOID).astype(np.uint8)
        alpha = np.where(valid, 255, 0).astype(np.uint8)
        rgba = np.dstack([self._one_stretch.rgb(pixels, valid), alpha])
        rgba[~valid] = 0
        return rgba

    @property
    def _one_stretch(self) -> Stretch:
        """Of the whole scene, from all of it made smaller."""
        if self._stretch is None:
            header = self._source.header
            bands = default_bands(self._source.bands, header.dtype, header.named_bands)
            if header.dtype == "uint8":
                empty = np.zeros((1, 1, self._source.bands), np.uint8)
                self._stretch = stretch_of(empty, bands=bands)
            else:
                small = self._overview
                self._stretch = stretch_of(small.pixels, small.valid, bands=bands)
        return self._stretch

    @property
    def _labels_rank(self) -> np.ndarray:
        if self._rank is None:
            counts = np.zeros(256, np.int64)
            if self._kind == "labels":
                counts = np.bincount(self._shown(*self._overview[:2]).ravel(), minlength=256)
            self._rank = rank_of(counts)
        return self._rank

    @property
    def _overview(self) -> Overview:
        if self._small is None:
            self._small = read_overview(self._source, _OVERVIEW, most_bytes=self._most_bytes)
        return self._small

    def _coarse(self, level: int, row: int, column: int) -> Tile:
        """Of single places, each for its surroundings."""
        shown = self._shown(self._overview.pixels, self._overview.valid)
        small = shown.shape[:2]
        rows, columns = self.levels.window(level, row, column)
        height, width = self.levels.shape(level)
        places = [
            ((np.arange(part.start, part.stop) + 0.5) * count / length).astype(int)
            for part, count, length in zip((rows, columns), small, (height, width), strict=True)
        ]
        pixels = shown[np.ix_(*places)]
        return Tile(self._tile(pixels).pixels, sharp=False)


def _reached(blocks: StoredBlocks, part: tuple[slice, slice], side: int) -> set[tuple[int, int]]:
    """Rows and columns of the squares of a part that blocks lie on, none larger than a square."""
    sizes = blocks.height, blocks.width
    spans = [slice(p.start // s, -(-p.stop // s)) for p, s in zip(part, sizes, strict=True)]
    stored = np.argwhere(blocks.stored[spans[0], spans[1]])
    first, last = [], []
    for axis, (span, size) in enumerate(zip(spans, sizes, strict=True)):
        start = (stored[:, axis] + span.start) * size - part[axis].start
        length = part[axis].stop - part[axis].start
        first.append(np.maximum(start, 0) // side)
        last.append((np.minimum(start + size, length) - 1) // side)
    ends = itertools.product((first[0], last[0]), (first[1], last[1]))
    return {at for y, x in ends for at in zip(y.tolist(), x.tolist(), strict=True)}


def make_upper_levels(
    tiles: SceneTiles, folder: Path, progress: Callable[[int, int], None] | None = None
) -> None:
    """Make the tiles for which too much would have to be unpacked, from those below them.

    Args:
        tiles: of the file, without such.
        folder: an empty one, which takes them as PNG.
        progress: called with the number of tiles done and of all.

    Raises:
        ImageError: the file is damaged.
        OSError: the disk is full.
    """
    levels = tiles.levels
    wanted = [
        (level, row, column)
        for level in range(1, levels.count)
        for row in range(levels.grid(level)[0])
        for column in range(levels.grid(level)[1])
        if not tiles.is_direct(level, row, column)
    ]
    direct = {
        child for place in wanted for child in levels.children(*place) if tiles.is_direct(*child)
    }
    total, done = len(wanted) + len(direct), 0
    made: dict[tuple[int, int, int], bool] = {}
    for place in wanted:
        parts = []
        for child in levels.children(*place):
            if child in made:
                parts.append(_load(folder, *child) if made[child] else None)
                continue
            parts.append(tiles.read(*child).pixels)
            done += 1
            if progress:
                progress(done, total)
        tile = tiles.smaller(parts, *place)
        made[place] = tile.pixels is not None
        if tile.pixels is not None:
            _save(folder, place, tile.pixels)
        done += 1
        if progress:
            progress(done, total)


def _save(folder: Path, place: tuple[int, int, int], pixels: np.ndarray) -> None:
    stored = pixels
    if pixels.ndim == 3:
        turn = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
        stored = cv2.cvtColor(pixels, turn)
    _, encoded = cv2.imencode(".png", stored, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    (folder / "{}-{}-{}.png".format(*place)).write_bytes(encoded.tobytes())


def _load(folder: Path, level: int, row: int, column: int) -> np.ndarray | None:
    path = folder / f"{level}-{row}-{column}.png"
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except FileNotFoundError:
        return None
    pixels: np.ndarray | None = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ImageError(
            "a tile that was kept is damaged", where=str(path), remedy=f"delete {path.parent}"
        )
    if pixels.ndim == 3:
        turn = cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGB
        pixels = cv2.cvtColor(pixels, turn)
    return np.asarray(pixels)
