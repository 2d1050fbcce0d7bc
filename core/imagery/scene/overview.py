"""A scene of any size made small enough to be looked at, within a bound of what is read."""

from __future__ import annotations

import time
from typing import NamedTuple, Protocol

import numpy as np

from core.imagery.header import Header
from core.imagery.scene.scene import Part
from core.imagery.shrink import display_size
from core.imagery.source.stored_blocks import StoredBlocks

__all__ = ["Overview", "WindowSource", "read_overview"]

_MOST_BYTES = 512 * 1024**2  # that are unpacked for a picture
_SECONDS = 1.0  # in which places are read one by one
_FIRST_SIDE, _LAST_SIDE = 8, 256  # places along the longer side


class WindowSource(Protocol):
    """A file of any size that is open: a `Scene`, or a `LabelScene`."""

    header: Header
    blocks: StoredBlocks | None
    bands: int

    @property
    def block(self) -> tuple[int, int]:
        """Height and width of what is unpacked at once."""

    @property
    def overviews(self) -> tuple[int, ...]:
        """Of each overview, from the largest, how many pixels along a side one stands for."""

    def part(self, rows: slice, columns: slice, shape: tuple[int, int] | None = None) -> Part:
        """A window, made smaller by the nearest where a shape is given."""

    def may_have_data(self, rows: slice, columns: slice) -> bool:
        """Whether the file holds a block of the window."""


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


def read_overview(scene: WindowSource, limit: int, *, most_bytes: int = _MOST_BYTES) -> Overview:
    """The whole of a scene, `limit` pixels along its longer side, never enlarged.

    From the file's own overviews where it has some. Where it has none and is too large to be
    unpacked, single places are read, more and more of them for about a second, and the
    picture is as small as they are few.

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


def _unpacked(scene: WindowSource, rows: slice, columns: slice) -> float:
    """Bytes of the pixels of all blocks that making a window smaller unpacks."""
    header = scene.header
    pixels = float(header.height * header.width)
    if scene.blocks is not None:
        pixels = scene.blocks.count(rows, columns) * scene.blocks.height * scene.blocks.width
    return (
        pixels
        / max(scene.overviews, default=1) ** 2
        * header.bands
        * np.dtype(header.dtype).itemsize
    )


def _places(scene: WindowSource, shape: tuple[int, int]) -> Part:
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
