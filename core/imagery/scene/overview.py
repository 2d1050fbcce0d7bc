"""A scene of any size made small enough to be looked at, within a bound of what is read."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from core.imagery.scene.scene import Part, Scene
from core.imagery.shrink import display_size

__all__ = ["Overview", "read_overview", "read_whole_overview"]

_MOST_BYTES = 512 * 1024**2  # that are unpacked for a picture
_SECONDS = 2.0  # in which places are read one by one
_SIDE = 4096  # pixels of a square that is read at once
_FIRST_SIDE, _LAST_SIDE = 8, 256  # places along the longer side


class Overview(NamedTuple):
    """A scene made smaller.

    Attributes:
        pixels: (h, w, C), the nearest of each place.
        valid: (h, w) bool, where there is data.
        complete: whether it is as large as was asked for; not where the file has no overviews, and
            more would have to be unpacked than is allowed.
    """

    pixels: np.ndarray
    valid: np.ndarray
    complete: bool


def read_overview(scene: Scene, limit: int, *, most_bytes: int = _MOST_BYTES) -> Overview:
    """The whole of a scene, `limit` pixels along its longer side, never enlarged.

    From the file's own overviews where it has some. Where it has none and is too large to be
    unpacked, single places are read, more and more of them for about two seconds, and the
    picture is as small as they are few. `read_whole_overview` takes the time that it takes.

    Args:
        scene: as of `open_scene`.
        limit: pixels along the longer side.
        most_bytes: of pixels that are unpacked.

    Raises:
        RasterioError: the file is damaged; within `open_scene` an ImageError.
    """
    header = scene.header
    rows, columns = slice(0, header.height), slice(0, header.width)
    shape = display_size(header.height, header.width, limit)
    if _unpacked(scene, rows, columns) <= most_bytes:
        return Overview(*scene.part(rows, columns, shape), True)
    side, until = _FIRST_SIDE, time.monotonic() + _SECONDS
    while True:
        start = time.monotonic()
        part = _places(scene, display_size(header.height, header.width, min(side, limit)))
        # The next one takes four times as long.
        if side >= min(limit, _LAST_SIDE) or 5 * time.monotonic() - 4 * start > until:
            return Overview(*part, False)
        side *= 2


def read_whole_overview(
    scene: Scene, limit: int, progress: Callable[[int, int], None] | None = None
) -> Overview:
    """`read_overview` of a scene of which all blocks are unpacked, part by part.

    Args:
        scene, limit: as for `read_overview`.
        progress: called with the number of parts done and of all parts.

    Raises:
        RasterioError: the file is damaged; within `open_scene` an ImageError.
    """
    header = scene.header
    shape = display_size(header.height, header.width, limit)
    step = max(1, _SIDE * max(shape) // max(header.height, header.width))
    pixels = np.zeros((*shape, scene.bands), header.dtype)
    valid = np.zeros(shape, bool)
    places = [(top, left) for top in range(0, shape[0], step) for left in range(0, shape[1], step)]
    for done, (top, left) in enumerate(places):
        if progress:
            progress(done, len(places))
        spans = [
            (slice(at, min(at + step, small)), slice(at * length // small, end * length // small))
            for at, small, length in (
                (top, shape[0], header.height),
                (left, shape[1], header.width),
            )
            for end in [min(at + step, small)]
        ]
        (down, rows), (across, columns) = spans
        if scene.may_have_data(rows, columns):
            part = scene.part(rows, columns, (down.stop - down.start, across.stop - across.start))
            pixels[down, across], valid[down, across] = part
    return Overview(pixels, valid, True)


def _unpacked(scene: Scene, rows: slice, columns: slice) -> float:
    """Bytes of the pixels of all blocks that making a window smaller unpacks."""
    header = scene.header
    pixels = float(header.height * header.width)
    if scene.blocks is not None:
        pixels = scene.blocks.count(rows, columns) * scene.blocks.height * scene.blocks.width
    return pixels / scene.decimation**2 * header.bands * np.dtype(header.dtype).itemsize


def _places(scene: Scene, shape: tuple[int, int]) -> Part:
    """The middle pixel of each of so many equal parts of the scene, down and across."""
    header = scene.header
    middles = [
        (((np.arange(count) + 0.5) * length) / count).astype(int).tolist()
        for count, length in zip(shape, (header.height, header.width), strict=True)
    ]
    pixels = np.zeros((*shape, scene.bands), header.dtype)
    valid = np.zeros(shape, bool)
    for at, row in enumerate(middles[0]):
        for beside, column in enumerate(middles[1]):
            rows, columns = slice(row, row + 1), slice(column, column + 1)
            if scene.may_have_data(rows, columns):
                part = scene.part(rows, columns)
                pixels[at, beside], valid[at, beside] = part.pixels[0, 0], part.valid[0, 0]
    return Part(pixels, valid)
