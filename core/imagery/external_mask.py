"""The mask beside an image (.msk, Planet's UDM2), on the image's grid."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.errors import RasterioError

from core.errors import ImageError
from core.imagery.header import Georeference
from core.imagery.resample import covered_on_grid, farthest_off
from core.imagery.source.auxiliary import is_grid
from core.imagery.source.opening import check_blocks, check_directories, driver_of

if TYPE_CHECKING:
    from affine import Affine

__all__ = ["REMAKE", "external_mask", "step_to_mask"]

_OFF = 0.5  # pixels between the grids of an image and its mask from which they are two
_MANY = 4  # pixels of a mask beside an image for each of the image's, which is in memory too
REMAKE = "remove or remake it: it says where the image beside it has data"


def external_mask(path: Path, image: Any, grid: Georeference | None) -> np.ndarray:
    """(H, W) bool of the first band of a mask beside an image.

    Where both have a grid, and these differ, the mask is brought to the image's by nearest, and the
    ground that it does not cover is without data.

    Args:
        path: mask's file.
        image: dataset of rasterio, open.
        grid: of the image; None for a plain picture.

    Raises:
        ImageError: it is no TIFF that can be read, of another reference system, or of another size
            without a grid.
    """
    try:
        if driver_of(path) != "GTiff":
            raise RasterioError("another format")
        check_directories(path, str(path))
        with rasterio.open(path, driver="GTiff") as mask:
            check_blocks([mask], str(path))
            step = step_to_mask(path, mask, image, grid)
            seen = np.asarray(mask.read(1) > 0)
    except (RasterioError, OSError) as error:
        raise ImageError(
            "the mask beside the image is no TIFF, or damaged", where=str(path), remedy=REMAKE
        ) from error
    return seen if step is None else covered_on_grid(seen, step, image.height, image.width)


def step_to_mask(path: Path, mask: Any, image: Any, grid: Georeference | None) -> Affine | None:
    """From an image's columns and rows to those of its mask; None where they are the same."""
    size, wanted = (mask.width, mask.height), (image.width, image.height)
    gridded = grid is not None and not mask.transform.is_identity and is_grid(mask.transform)
    if grid is not None and gridded and size[0] * size[1] <= _MANY * wanted[0] * wanted[1]:
        if mask.crs and grid.crs and mask.crs != grid.crs:
            raise ImageError(
                "the mask beside the image is in another reference system than the image",
                where=str(path),
                remedy="warp it to the image's: gdalwarp -t_srs EPSG:CODE -r near mask.tif new.tif",
            )
        own = Georeference(mask.crs, mask.transform)
        if size != wanted or farthest_off(own, grid, image.height, image.width) > _OFF:
            return ~mask.transform @ grid.transform
    elif size != wanted:
        raise ImageError(
            f"the mask beside the image has {size[0]:,} × {size[1]:,} pixels, the image "
            f"{wanted[0]:,} × {wanted[1]:,}",
            where=str(path),
            remedy=REMAKE,
        )
    return None
