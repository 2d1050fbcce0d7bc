"""Image files opened by named drivers alone, told by their first bytes."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio._err import CPLE_BaseError  # in none of rasterio's public modules
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import MemoryFile

from core.errors import ImageError
from core.formats import binary_size

__all__ = ["check_blocks", "damaged", "driver_of", "label_of", "opened"]

# Only these, told by their first bytes: GDAL's virtual formats (VRT and the like) can name other
# files or addresses.
_MAGIC = {
    b"\x89PNG": "PNG",
    b"\xff\xd8": "JPEG",
    b"II*\0": "GTiff",
    b"MM\0*": "GTiff",
    b"II+\0": "GTiff",
    b"MM\0+": "GTiff",
    b"\0\0\0\x0cjP  ": "JP2OpenJPEG",
    b"\xff\x4f\xff\x51": "JP2OpenJPEG",
}
# Besides, those that follow what a file says to other files or addresses are not there at all.
# GDAL reads this when it is first used, not when it is imported.
_SKIPPED = (
    *("VRT", "GTI", "DERIVED", "WMS", "WMTS", "WCS", "HTTP", "DAAS", "EEDA", "EEDAI", "PLMOSAIC"),
    *("STACIT", "STACTA", "NGW", "ESRIC", "MRF", "Zarr", "TIL", "KMLSUPEROVERLAY"),
    *("RPFTOC", "ECRGTOC", "DIMAP", "SAFE", "SENTINEL2", "ISIS3", "PDS", "PDS4", "GNMFile"),
    *("GNMDatabase", "PDF", "OGR_VRT", "WFS", "OAPIF", "CSW", "OGCAPI", "GDALG"),
)
os.environ.setdefault("GDAL_SKIP", ",".join(_SKIPPED))
_MAX_PAGES = 64
_BLOCK = 64 * 1024**2  # bytes of a block that may be larger than its image
_GDAL_SETTINGS = {
    # A truncated JPEG is otherwise a picture whose lower part is grey, with a mere warning.
    "GDAL_ERROR_ON_LIBJPEG_WARNING": True,
    # GDAL's shortcut for PNG checks neither length nor CRC: a file cut in half came out as other
    # labels, without an error.
    "GDAL_PNG_WHOLE_IMAGE_OPTIM": False,
    # GDAL looks at nothing beside a file: what lies there and belongs to it is read in `sidecars`.
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": False,
    # Images are read once: the default, a twentieth of the memory, would hold them a second time.
    "GDAL_CACHEMAX": 64 * 1024**2,
}


# A plain picture has no grid and that is all right. For the whole process: `catch_warnings` around
# each opening would, with several threads reading, undo another's.
warnings.filterwarnings("ignore", category=NotGeoreferencedWarning)


def label_of(source: Path | bytes) -> str:
    return "uploaded file" if isinstance(source, bytes) else str(source)


@contextmanager
def opened(source: Path | bytes, name: str | None) -> Iterator[tuple[Any, ...]]:
    """The pages of an image, of which all but some TIFFs have one.

    Raises:
        ImageError: it is no image that is read; or, from within the context, GDAL finds it damaged.
    """
    label = name or label_of(source)
    if isinstance(source, Path) and source.is_dir():
        raise ImageError(
            "this is a folder, and no image file",
            where=label,
            remedy=f"name the images in it: {source / '*.tif'}",
        )
    if isinstance(source, Path) and not source.is_file():
        remedy = "check the spelling of the path" if not source.exists() else "name an image file"
        raise ImageError("there is no such file", where=label, remedy=remedy)
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if size == 0:
        raise ImageError("the file is empty", where=label, remedy="copy or download it again")
    with ExitStack() as stack:
        env = stack.enter_context(rasterio.Env(**_GDAL_SETTINGS))
        try:
            driver = driver_of(source)
            if driver not in env.drivers():
                raise ImageError(
                    "this is a JPEG 2000 image, which GDAL cannot read here",
                    where=label,
                    remedy="convert it where GDAL can: gdal_translate image.jp2 image.tif",
                )
            if isinstance(source, bytes):
                memory = stack.enter_context(MemoryFile(source))
                dataset = stack.enter_context(memory.open(driver=driver))
            else:
                dataset = stack.enter_context(rasterio.open(source, driver=driver))
            others = dataset.subdatasets if driver == "GTiff" else []
            pages = (dataset,)
            if len(others) > 1:
                pages = tuple(
                    stack.enter_context(rasterio.open(page, driver="GTiff"))
                    for page in others[: _MAX_PAGES + 1]
                )
                _check_pages(pages, label)
        except (RasterioError, OSError) as error:
            # GDAL's complaints are OSErrors too; only the system's own carry a number.
            if isinstance(error, OSError) and error.errno is not None:
                raise ImageError(
                    f"the file cannot be opened ({error.strerror})",
                    where=label,
                    remedy="check its name and who may read it",
                ) from error
            raise ImageError(
                "this is not a PNG, JPEG or TIFF image, or its header is damaged",
                where=label,
                remedy="open it in a viewer to see what it is, and save it as PNG, JPEG or TIFF",
            ) from error
        check_blocks(pages, label)
        try:
            yield pages
        except (RasterioError, CPLE_BaseError) as error:  # a tag or block that is read only now
            raise damaged(label) from error


def damaged(label: str) -> ImageError:
    """The error of a file that opens and then cannot be read."""
    return ImageError(
        "the image data is damaged or cut off",
        where=label,
        remedy="copy or download the file again; it opens but cannot be read to its end",
    )


def check_blocks(pages: Sequence[Any], label: str) -> None:
    """Raise an ImageError where one block, which is decoded whole, is far larger than the image.

    A TIFF of 152 bytes may have a tile of 36,864² pixels for an image of one.
    """
    for page in pages:
        itemsize = max(np.dtype(kind).itemsize for kind in page.dtypes)
        image = page.width * page.height * page.count * itemsize
        for height, width in page.block_shapes:
            block = height * width * page.count * itemsize
            if block > max(_BLOCK, 2 * image):
                raise ImageError(
                    f"its blocks are of {width:,} × {height:,} pixels, {binary_size(block)}, for "
                    f"an image of {page.width:,} × {page.height:,}",
                    where=label,
                    remedy="write it anew with smaller tiles: gdal_translate -co TILED=YES",
                )


def _check_pages(pages: tuple[Any, ...], label: str) -> None:
    """Raise unless the pages of a TIFF are bands of one image."""
    kinds = {(page.width, page.height, page.count, page.dtypes[0]) for page in pages}
    if len(pages) <= _MAX_PAGES and len(kinds) == 1 and pages[0].count == 1:
        return
    several = f"more than {_MAX_PAGES}" if len(pages) > _MAX_PAGES else str(len(pages))
    raise ImageError(
        f"the TIFF has {several} pages, which are not the bands of one image",
        where=label,
        remedy="save the page that is meant as a file of its own: "
        "gdal_translate GTIFF_DIR:1:image.tif page.tif",
    )


def driver_of(source: Path | bytes) -> str:
    """The GDAL driver for the first bytes of a file.

    Raises:
        RasterioError: they belong to none of the formats that are read.
    """
    if isinstance(source, bytes):
        start = source[:8]
    else:
        with source.open("rb") as file:
            start = file.read(8)
    for magic, driver in _MAGIC.items():
        if start.startswith(magic):
            return driver
    raise RasterioError("unknown format")
