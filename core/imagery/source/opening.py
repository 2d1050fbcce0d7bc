"""Image files opened by named drivers alone, told by their first bytes."""

from __future__ import annotations

import io
import os
import struct
import warnings
from collections.abc import Iterator, Mapping, Sequence
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
from core.imagery.source.jpeg2000 import tiles_and_bands
from core.imagery.source.tiff_tags import read_directories
from core.imagery.source.value_types import value_types

__all__ = [
    "check_blocks",
    "check_directories",
    "damaged",
    "driver_of",
    "gdal_settings",
    "label_of",
    "opened",
]

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
_MAX_DIRECTORIES = 1024  # pages, each with a mask and overviews
_BLOCK = 64 * 1024**2  # bytes of a block that may be larger than its image
# Bytes that OpenJPEG takes for a tile, and for each of its bands; and for all of them.
_TILE_RECORD, _BAND_RECORD, _RECORDS = 10 * 1024, 1100, 512 * 1024**2
# Tags of TIFF 6.0.
_WIDTH, _LENGTH, _TILE_WIDTH, _TILE_LENGTH = 256, 257, 322, 323
_BITS, _SAMPLES, _ROWS = 258, 277, 278
_SIZES = {_WIDTH, _LENGTH, _TILE_WIDTH, _TILE_LENGTH, _BITS, _SAMPLES, _ROWS}
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


def gdal_settings() -> Any:
    """A context in which a thread has the settings by which files are opened here.

    GDAL's settings are a thread's own: one that reads what another opened takes them by this.
    """
    return rasterio.Env(**_GDAL_SETTINGS)


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
            check_directories(source, label)
            _check_tiles(source, label)
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
        values = page.count * max(np.dtype(kind).itemsize for kind in value_types(page))
        for height, width in page.block_shapes:
            _check_block((width, height), (page.width, page.height), values, label)


def check_directories(source: Path | bytes, label: str) -> None:
    """Raise an ImageError where a further image in a file, if it is a TIFF, has such blocks.

    GDAL reads masks and overviews by itself, and tells the blocks of none.
    """
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        directories = read_directories(file, _SIZES, 0xFFFF)
        try:
            first = next(directories, {})
            for number, tags in enumerate(directories, start=2):
                if number > _MAX_DIRECTORIES:
                    raise ImageError(
                        f"the TIFF has more than {_MAX_DIRECTORIES:,} images, masks and overviews",
                        where=label,
                        remedy="save the one that is meant as a file of its own: "
                        "gdal_translate image.tif page.tif",
                    )
                _check_block(_block(tags), _size(first), _bytes_of_pixel(tags), label)
        except (struct.error, OSError, OverflowError):
            return  # what is cut off there, GDAL does not follow either


def _check_tiles(source: Path | bytes, label: str) -> None:
    """Raise where a JPEG 2000 says that it has more tiles than there is memory to list them.

    OpenJPEG makes a record for each band of each tile when it reads the header.

    Raises:
        RasterioError: its header is damaged.
    """
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        try:
            counts = tiles_and_bands(file)
        except (ValueError, struct.error, OverflowError) as error:
            raise RasterioError(str(error)) from error
    if counts is None:
        return
    tiles, bands = counts
    if tiles * (_TILE_RECORD + bands * _BAND_RECORD) > _RECORDS:
        raise ImageError(
            f"the JPEG 2000 is said to have {tiles:,} tiles of {bands:,} bands, too many to list",
            where=label,
            remedy="convert it: gdal_translate image.jp2 image.tif",
        )


def _size(tags: Mapping[int, Sequence[float]]) -> tuple[int, int]:
    """Width and height of an image by its tags."""
    return int(tags.get(_WIDTH, (0,))[0]), int(tags.get(_LENGTH, (0,))[0])


def _block(tags: Mapping[int, Sequence[float]]) -> tuple[int, int]:
    """Width and height of its tiles or strips."""
    width, height = _size(tags)
    if _TILE_WIDTH in tags or _TILE_LENGTH in tags:
        return int(tags.get(_TILE_WIDTH, (width,))[0]), int(tags.get(_TILE_LENGTH, (height,))[0])
    return width, min(height, int(tags.get(_ROWS, (height,))[0]))


def _bytes_of_pixel(tags: Mapping[int, Sequence[float]]) -> int:
    """Of a pixel when it is decoded, for which a mask of one bit takes a byte."""
    return int(tags.get(_SAMPLES, (1,))[0] * max(8, *tags.get(_BITS, (1,)))) // 8


def _check_block(block: tuple[int, int], image: tuple[int, int], values: int, label: str) -> None:
    """Raise where a block, of a pixel of so many bytes, is far larger than the image."""
    size = block[0] * block[1] * values
    if size > max(_BLOCK, 2 * image[0] * image[1] * values):
        raise ImageError(
            f"its blocks are of {block[1]:,} × {block[0]:,} pixels, {binary_size(size)}, for "
            f"an image of {image[0]:,} × {image[1]:,}",
            where=label,
            remedy="write it anew with smaller tiles: gdal_translate -co TILED=YES",
        )


def _check_pages(pages: tuple[Any, ...], label: str) -> None:
    """Raise unless the pages of a TIFF are bands of one image."""
    kinds = {(page.width, page.height, page.count, value_types(page)[0]) for page in pages}
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
