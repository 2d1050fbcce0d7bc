"""An image file by itself, read as its dataset would read it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.datasets.known_layouts import LAYOUTS
from core.imagery.header import read_header
from core.imagery.raster import Raster, read_raster
from core.imagery.window import turned, with_nodata

__all__ = ["ImageFile", "read_image_file"]


@dataclass(frozen=True)
class ImageFile:
    """An image as a network sees it.

    Attributes:
        raster: the image, turned where its product is.
        turned: whether it was turned by 180°: what is computed from it has to be turned back.
    """

    raster: Raster
    turned: bool


def read_image_file(path: Path, bands: int | None = None) -> ImageFile:
    """Read a file that a product's name and neighbours tell more of than its header.

    SpaceNet 6's radar strips from the other side are turned, and 0 in all bands is no data there,
    in a dataset; a file named by itself lies in the same folders, and is no other image.

    Args:
        path: of the image.
        bands: number of bands that are wanted; a last one called alpha is a band if it makes up the
            number.

    Raises:
        ImageError: it cannot be read.
        DatasetError: what lies beside it and tells of it cannot be read.
    """
    # Four bands where three are wanted: whether the last is opacity, its values say, and no wish.
    known = bands if bands == read_header(path).bands else None
    raster = read_raster(path, bands=known)
    for layout in LAYOUTS.values():
        traits = layout.image_traits(path) if layout.image_traits else None
        if traits is None:
            continue
        if traits.nodata is not None:
            raster = with_nodata(raster, traits.nodata)
        return ImageFile(turned(raster) if traits.turned else raster, traits.turned)
    return ImageFile(raster, False)
