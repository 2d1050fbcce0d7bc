"""A GeoTIFF of any size, read by windows: what a window holds is what `read_raster` has there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import rasterio
from rasterio.windows import Window

from core.errors import ImageError
from core.imagery.header import Header, header_of
from core.imagery.raster import MAX_BYTES, palette_of, scaled
from core.imagery.scene.mask_beside import MaskBeside
from core.imagery.source.opening import driver_of, opened
from core.imagery.source.sidecars import mask_beside, usable_data_mask
from core.imagery.source.stored_blocks import StoredBlocks, stored_blocks
from core.imagery.source.tiff_tags import orientation
from core.imagery.source.validity import (
    alpha_of_parts_is_opacity,
    fills_of_parts,
    has_alpha,
    part_mask,
)
from core.imagery.source.value_types import value_types

__all__ = ["WHOLE_BYTES", "Part", "Scene", "is_read_by_windows", "obstacle", "open_scene"]

WHOLE_BYTES = 512 * 1024**2
"""Bytes of pixels of an image that is read whole: a few gigabytes with maps and masks beside it."""

_SIDE = 2048  # pixels of a window in which a scene is looked through
_SQUARE, _SQUARES = 256, 24  # pixels of a square that stands for others, and how many there are
_CACHE, _MOST_CACHE = 64 * 1024**2, 512 * 1024**2


class Part(NamedTuple):
    """A window of a scene.

    Attributes:
        pixels: (h, w, C) as a `Raster` has them.
        valid: (h, w) bool, where there is data.
    """

    pixels: np.ndarray
    valid: np.ndarray


class Scene:
    """A GeoTIFF that is open; made by `open_scene`.

    Not for several threads at once.

    Attributes:
        header: what the file says of itself.
        bands: number of bands C of its windows, without opacity.
        blocks: which blocks the file holds; None where it holds all.
    """

    def __init__(
        self, path: Path, pages: tuple[Any, ...], wanted: int | None, sampled: bool = False
    ) -> None:
        self.header: Header = header_of(pages, path)
        self._sampled = sampled
        self._pages = pages
        self.blocks: StoredBlocks | None = stored_blocks(path) if len(pages) == 1 else None
        self._count = sum(page.count for page in pages)
        self._opacity = self._last_is_opacity(wanted)
        stored = self._count - self._opacity
        nodata = self.header.band_nodata
        self._nodata = nodata[:stored] if nodata else ()
        self._fills: tuple[float, ...] = ()
        if not any(value is not None for value in nodata):
            dtype = np.result_type(*(kind for page in pages for kind in value_types(page)))
            size = self.header.width * self.header.height
            if sampled:
                size = sum((r.stop - r.start) * (c.stop - c.start) for r, c in self._squares())
            self._fills = fills_of_parts(lambda: self._all_parts(stored), dtype, size)
        is_palette = self.header.color_interpretation == ("palette",)
        self._palette = palette_of(pages[0]) if is_palette else None
        self.bands = 3 if is_palette else stored
        self._beside: list[MaskBeside] = []

    def _last_is_opacity(self, wanted: int | None) -> bool:
        """As `read_raster` decides it."""
        header = self.header
        if len(self._pages) > 1 or wanted == self._count:
            return False
        if not has_alpha(header.color_interpretation, header.band_names):
            return False
        if wanted == self._count - 1:
            return True
        last = self._count
        return alpha_of_parts_is_opacity(
            lambda: (part[..., -1] for part in self._all_parts(last, last - 1))
        )

    def part(self, rows: slice, columns: slice, shape: tuple[int, int] | None = None) -> Part:
        """A window.

        Args:
            rows, columns: within the image.
            shape: height and width to which it is made smaller, by the nearest of the file's
                overviews or of its pixels; by default its own.

        Raises:
            RasterioError: the file is damaged there; within `open_scene` an ImageError.
        """
        window = Window.from_slices(rows, columns)
        bands = self._stored(window, 0, self._count, shape)
        opaque = bands[..., -1] > 0 if self._opacity else None
        pixels = bands[..., :-1] if self._opacity else bands
        valid = part_mask(self._pages, pixels, self._nodata, self._fills, window)
        if opaque is not None:
            valid &= opaque
        if self.blocks is not None:
            valid &= self.blocks.mask(rows, columns, shape)
        if self._palette is not None:
            entries = self._palette[pixels[..., 0]]
            valid &= entries[..., 3] > 0
            pixels = entries[..., :3]
        for mask in self._beside:
            valid &= mask.part(rows, columns, shape)
        if self.header.scaling:
            pixels = scaled(pixels, self.header.scaling)
        return Part(pixels, valid)

    def may_have_data(self, rows: slice, columns: slice) -> bool:
        """Whether the file holds a block of the window, which may have data then."""
        return self.blocks is None or self.blocks.any(rows, columns)

    @property
    def stored_share(self) -> float:
        """Share of the image that lies on blocks that the file holds."""
        return 1.0 if self.blocks is None else float(self.blocks.stored.mean())

    @property
    def block(self) -> tuple[int, int]:
        """Height and width of what is unpacked at once."""
        height, width = self._pages[0].block_shapes[0]
        return int(height), int(width)

    @property
    def overviews(self) -> tuple[int, ...]:
        """Of each overview, from the largest, how many pixels along a side one stands for."""
        levels = [set(page.overviews(1)) for page in self._pages]
        return tuple(sorted(set.intersection(*levels)))

    def _stored(
        self, window: Window, first: int, end: int, shape: tuple[int, int] | None = None
    ) -> np.ndarray:
        """Bands (h, w, n) as stored, from one counted from 0 up to another."""
        dtype = np.result_type(*(kind for page in self._pages for kind in value_types(page)))
        height, width = shape or (int(window.height), int(window.width))
        bands = np.empty((height, width, end - first), dtype)
        planes = np.moveaxis(bands, -1, 0)
        if len(self._pages) == 1:
            self._pages[0].read(list(range(first + 1, end + 1)), window=window, out=planes)
            return bands
        for plane, page in zip(planes, self._pages[first:end], strict=True):
            page.read(1, window=window, out=plane)
        return bands

    def _squares(self) -> Iterator[tuple[slice, slice]]:
        """Some squares of the image, of those that may have data."""
        height, width = self.header.height, self.header.width
        spread = list(
            windows(height, width, max(_SQUARE, *(-(-s // _SQUARES) for s in (height, width))))
        )
        kept = [(r, c) for r, c in spread if self.may_have_data(r, c)] or spread
        for rows, columns in kept[:: max(1, len(kept) // _SQUARES)]:
            yield (
                slice(rows.start, min(rows.stop, rows.start + _SQUARE)),
                slice(columns.start, min(columns.stop, columns.start + _SQUARE)),
            )

    def _all_parts(self, end: int, first: int = 0) -> Iterator[np.ndarray]:
        """All of the image as stored; where the file holds nothing a single pixel of zeros.

        Of a scene that is opened to be looked at these are some squares, spread over it.
        """
        if self._sampled:
            for rows, columns in self._squares():
                yield self._stored(Window.from_slices(rows, columns), first, end)
            return
        nothing = np.zeros((1, 1, end - first), value_types(self._pages[0])[0])
        for rows, columns in windows(self.header.height, self.header.width, _SIDE):
            if self.may_have_data(rows, columns):
                yield self._stored(Window.from_slices(rows, columns), first, end)
            else:
                yield nothing


def windows(height: int, width: int, side: int) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of squares that an image is cut into, row by row."""
    for top in range(0, height, side):
        rows = slice(top, min(height, top + side))
        for left in range(0, width, side):
            yield rows, slice(left, min(width, left + side))


@contextmanager
def open_scene(
    path: Path, bands: int | None = None, *, tile: int = _SIDE, sampled: bool = False
) -> Iterator[Scene]:
    """Open a GeoTIFF to be read by windows.

    A file whose opacity or no-data value only its values tell is looked through once.

    Args:
        path: of the file.
        bands: see `read_raster`.
        tile: rows that are read at once: blocks across the whole image (strips) are kept for so
            many, up to 512 MiB.
        sampled: whether such a file is not looked through but judged by a part of its pixels: to
            be shown, not to be mapped.

    Raises:
        ImageError: see `read_raster`; or, from within the context, the file is damaged.
    """
    with opened(path, None) as pages, ExitStack() as stack:
        height, width = pages[0].block_shapes[0]
        values = sum(np.dtype(kind).itemsize for page in pages for kind in value_types(page))
        if width >= pages[0].width > _SIDE:
            needed = int(1.1 * (tile + 2 * height) * width * values)
            stack.enter_context(rasterio.Env(GDAL_CACHEMAX=max(_CACHE, min(needed, _MOST_CACHE))))
        scene = Scene(path, pages, bands, sampled)
        place = scene.header.georeference
        for beside in filter(None, (mask_beside(path), usable_data_mask(path))):
            scene._beside.append(stack.enter_context(MaskBeside.opened(beside, pages[0], place)))
        yield scene


def is_read_by_windows(path: Path, header: Header) -> bool:
    """Whether an image is read by windows rather than whole: beyond 512 MiB, where it can be.

    Also where it is too large to be read whole and cannot be read by windows: `obstacle` says why.

    Args:
        path: of the image.
        header: of the image.

    Raises:
        ImageError: it cannot be opened.
    """
    if header.bytes <= WHOLE_BYTES:
        return False
    return header.bytes > MAX_BYTES or obstacle(path, header) is None


def obstacle(path: Path, header: Header) -> ImageError | None:
    """Why an image cannot be read by windows; None where it can.

    Args:
        path: of the image.
        header: of the image.

    Raises:
        ImageError: it cannot be opened.
    """
    if driver_of(path) != "GTiff":
        return ImageError(
            f"an image of {header.width:,} × {header.height:,} pixels is read by windows, which "
            f"{header.driver} does not allow",
            where=str(path),
            remedy="convert it: gdal_translate -co TILED=YES -co COMPRESS=DEFLATE image.png "
            "image.tif",
        )
    if header.georeference is None and orientation(path) != 1:
        return ImageError(
            "the image lies turned in its file (Exif orientation) and is too large to be turned",
            where=str(path),
            remedy="turn it first, and save it without that tag",
        )
    return None
