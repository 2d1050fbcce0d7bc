"""The mask beside a scene, read by windows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.errors import RasterioError
from rasterio.windows import Window

from core.errors import ImageError
from core.imagery.external_mask import REMAKE, step_to_mask
from core.imagery.source.opening import check_blocks, check_directories, driver_of

if TYPE_CHECKING:
    from core.imagery.header import Georeference

__all__ = ["MaskBeside"]


class MaskBeside:
    """A mask of a scene's own size and grid that is open."""

    def __init__(self, path: Path, dataset: Any) -> None:
        self._path, self._dataset = path, dataset

    @classmethod
    @contextmanager
    def opened(cls, path: Path, image: Any, grid: Georeference | None) -> Iterator[MaskBeside]:
        """Open a mask beside an image.

        Args:
            path: mask's file.
            image: dataset of rasterio, open.
            grid: of the image; None for a plain picture.

        Raises:
            ImageError: it is no TIFF that can be read, or is not on the image's grid.
        """
        try:
            if driver_of(path) != "GTiff":
                raise RasterioError("another format")
            check_directories(path, str(path))
            dataset = rasterio.open(path, driver="GTiff")
        except (RasterioError, OSError) as error:
            raise _damaged(path) from error
        with dataset:
            check_blocks([dataset], str(path))
            if step_to_mask(path, dataset, image, grid) is not None:
                raise ImageError(
                    "the mask beside the image is on another grid, and the image is too large to "
                    "be read whole",
                    where=str(path),
                    remedy="bring it to the image's grid first: gdalwarp -tr, -te and -r near",
                )
            yield cls(path, dataset)

    def part(self, rows: slice, columns: slice, shape: tuple[int, int] | None = None) -> np.ndarray:
        """(h, w) bool of a window, where there is data.

        Args:
            rows, columns: of the window.
            shape: h and w to which it is made smaller, by the nearest; by default its own.

        Raises:
            ImageError: the mask is damaged.
        """
        try:
            window = Window.from_slices(rows, columns)
            part = self._dataset.read(1, window=window, out_shape=shape)
        except RasterioError as error:
            raise _damaged(self._path) from error
        return np.asarray(part > 0)


def _damaged(path: Path) -> ImageError:
    return ImageError(
        "the mask beside the image is no TIFF, or damaged", where=str(path), remedy=REMAKE
    )
