"""A label map in a GeoTIFF of any size, read by windows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.windows import Window

from core.classes import VOID
from core.imagery.header import Header, Values, header_of
from core.imagery.raster import Raster, palette_of
from core.imagery.scene.scene import Part
from core.imagery.source.opening import opened
from core.imagery.source.stored_blocks import StoredBlocks, stored_blocks
from core.imagery.source.validity import has_alpha, own_mask, part_mask

__all__ = ["Decode", "LabelScene", "open_label_scene"]

Decode = Callable[[Raster], np.ndarray]
"""From a window of a mask file to its (h, w) uint8 labels, 255 = void."""

_CACHE = 128 * 1024**2
# Resampling of which no label comes that was not there: GDAL notes it in the overviews it makes.
_EXACT = ("NEAREST", "MODE")
_OURS = "DeepSpaceImaging"  # as `core.provenance` marks a TIFF; its overviews are of the mode


class LabelScene:
    """A label map that is open; made by `open_label_scene`.

    Not for several threads at once.

    Attributes:
        header: what the file says of itself.
        bands: 1.
        blocks: which blocks the file holds; None where it holds all.
        overviews: as of a `Scene`, those in which every label is one of its place: made by this
            program, or by GDAL with ``nearest`` or ``mode``.
    """

    bands = 1

    def __init__(
        self, path: Path, pages: tuple[Any, ...], values: Values, decode: Decode | None
    ) -> None:
        self.header: Header = header_of(pages, path, values)
        self._pages, self._values, self._decode = pages, values, decode
        self.blocks: StoredBlocks | None = stored_blocks(path) if len(pages) == 1 else None
        levels = [set(page.overviews(1)) for page in pages]
        self.overviews = tuple(sorted(set.intersection(*levels)))
        names = self.header.color_interpretation
        self._opacity = len(pages) == 1 and has_alpha(names, self.header.band_names)
        indexed = values == "indices" or names != ("palette",)
        self._palette = None if indexed else palette_of(pages[0])

    def part(self, rows: slice, columns: slice, shape: tuple[int, int] | None = None) -> Part:
        """A window.

        Args:
            rows, columns: within the image.
            shape: height and width to which it is made smaller, by the nearest; by default its own.

        Returns:
            (h, w, 1) uint8 labels, 255 = void, and (h, w) bool, where they are not.

        Raises:
            RasterioError: the file is damaged there; within `open_label_scene` an ImageError.
            ImageError: it is no mask of that coding.
        """
        window = Window.from_slices(rows, columns)
        if len(self._pages) == 1:
            count = self._pages[0].count
            wanted = (count, *shape) if shape else None
            planes = self._pages[0].read(window=window, out_shape=wanted)
        else:
            planes = np.concatenate(
                [page.read([1], window=window, out_shape=shape) for page in self._pages]
            )
        pixels = np.moveaxis(planes, 0, -1)
        hidden = None
        if self._opacity:
            hidden, pixels = pixels[..., -1] == 0, pixels[..., :-1]
        nodata = self.header.band_nodata[: pixels.shape[-1]]
        valid = part_mask(self._pages, pixels, nodata, (), window)
        if (own := own_mask(self._pages, window, pixels.shape[:2])) is not None:
            hidden = ~own if hidden is None else hidden | ~own
        if hidden is not None:
            valid &= ~hidden
        if self._palette is not None:
            pixels = self._palette[pixels[..., 0]][..., :3]
        if self._decode is not None:
            pixels = np.ascontiguousarray(pixels)
            labels = self._decode(Raster(pixels, valid, self.header, hidden=hidden))
        else:
            labels = np.where(valid, pixels[..., 0], VOID).astype(np.uint8)
        if self.blocks is not None:
            labels = np.where(self.blocks.mask(rows, columns, shape), labels, np.uint8(VOID))
        return Part(labels[..., None], labels != VOID)

    @property
    def block(self) -> tuple[int, int]:
        """Height and width of what is unpacked at once."""
        height, width = self._pages[0].block_shapes[0]
        return int(height), int(width)

    def may_have_data(self, rows: slice, columns: slice) -> bool:
        """Whether the file holds a block of the window, which may have labels then."""
        return self.blocks is None or self.blocks.any(rows, columns)


def _are_exact(path: Path, page: Any) -> bool:
    """Whether no overview of a file, if it has some, has labels that were not there."""
    if page.tags().get("TIFFTAG_SOFTWARE", "").startswith(_OURS):
        return True
    if not page.overviews(1):
        return True
    with rasterio.open(path, driver="GTiff", overview_level=0) as overview:
        return overview.tags(1).get("RESAMPLING", "").upper() in _EXACT


@contextmanager
def open_label_scene(
    path: Path, values: Values = "stored", decode: Decode | None = None
) -> Iterator[LabelScene]:
    """Open a GeoTIFF of labels to be read by windows.

    Args:
        path: of the file.
        values: ``indices`` where a palette is for show, see `read_raster`.
        decode: what its values mean; by default they are the labels, of the first band.

    Raises:
        ImageError: see `read_raster`; or, from within the context, the file is damaged.
    """
    with opened(path, None) as pages, rasterio.Env(GDAL_CACHEMAX=_CACHE), ExitStack() as stack:
        if len(pages) == 1 and not _are_exact(path, pages[0]):
            # Opened so, GDAL takes no overview, which may have blended labels.
            whole = rasterio.open(path, driver="GTiff", OVERVIEW_LEVEL="NONE")
            pages = (stack.enter_context(whole),)
        yield LabelScene(path, pages, values, decode)
