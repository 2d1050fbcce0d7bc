"""Rasters in: open a PNG, JPEG or (Geo)TIFF of any depth and number of bands, header first."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import MemoryFile

from core.errors import ImageError
from core.formats import binary_size

if TYPE_CHECKING:
    from affine import Affine
    from rasterio.crs import CRS

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_BYTES",
    "Georeference",
    "Header",
    "Raster",
    "read_header",
    "read_raster",
]

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
MAX_BYTES = 2 * 1024**3
"""Largest image held in memory, decoded: width × height × bands × bytes a value."""

# Only these, told by their first bytes: GDAL's virtual formats (VRT and the like) can name other
# files or addresses.
_MAGIC = {
    b"\x89PNG": "PNG",
    b"\xff\xd8": "JPEG",
    b"II*\0": "GTiff",
    b"MM\0*": "GTiff",
    b"II+\0": "GTiff",
    b"MM\0+": "GTiff",
}
_GDAL_SETTINGS = {
    # A truncated JPEG is otherwise a picture whose lower part is grey, with a mere warning.
    "GDAL_ERROR_ON_LIBJPEG_WARNING": True,
    # GDAL's shortcut for PNG checks neither length nor CRC: a file cut in half came out as other
    # labels, without an error.
    "GDAL_PNG_WHOLE_IMAGE_OPTIM": False,
    # No .aux.xml, .tfw or .ovr beside an upload is ever looked for.
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": False,
}


# A plain picture has no grid and that is all right. For the whole process: `catch_warnings` around
# each opening would, with several threads reading, undo another's.
warnings.filterwarnings("ignore", category=NotGeoreferencedWarning)

_AXIS, _E2 = 6378137.0, 6.69437999014e-3  # WGS 84: semi-major axis in m, eccentricity squared


@dataclass(frozen=True)
class Georeference:
    """Where on Earth a pixel grid lies."""

    crs: CRS | None
    transform: Affine

    def pixel_area(self, width: int, height: int) -> float | None:
        """Area of a pixel in m², or None where the CRS is unknown or of neither kind below.

        In a projected CRS it is that of the grid. In a geographic one it is taken on the WGS 84
        ellipsoid at the image's middle latitude, M·N·cos φ·Δφ·Δλ with the radii of curvature M
        (meridian) and N (prime vertical): Snyder, Map Projections (USGS 1395), eq. 4-18 ff.; good
        to a part in 10⁴ for images of a few kilometres.
        """
        if self.crs is None:
            return None
        determinant = abs(self.transform.determinant)
        if self.crs.is_projected:
            factor: float = self.crs.linear_units_factor[1]
            return determinant * factor * factor
        if not self.crs.is_geographic:
            return None
        _, latitude = self.transform @ (width / 2, height / 2)
        phi = math.radians(latitude)
        bend = 1 - _E2 * math.sin(phi) ** 2
        meridian, vertical = _AXIS * (1 - _E2) / bend**1.5, _AXIS / math.sqrt(bend)
        return meridian * vertical * math.cos(phi) * determinant * math.radians(1) ** 2


@dataclass(frozen=True)
class Header:
    """What a file says of itself before a pixel is read."""

    width: int
    height: int
    bands: int
    dtype: str
    driver: str
    nodata: float | None
    georeference: Georeference | None

    @property
    def bytes(self) -> int:
        """Size of the pixels in memory."""
        return self.width * self.height * self.bands * np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class Raster:
    """An image in memory.

    Attributes:
        pixels: (H, W, C) in the file's own dtype; a palette is expanded to RGB, an alpha band and
            a nodata value are taken out and kept in `valid`.
        valid: (H, W) bool, False where the file has no data.
        header: what the file says of itself.
        palette: (256, 3) uint8 RGB of the indices in `pixels`, where they were asked for and the
            file has one.
    """

    pixels: np.ndarray
    valid: np.ndarray
    header: Header
    palette: np.ndarray | None = None

    @property
    def georeference(self) -> Georeference | None:
        return self.header.georeference


def read_header(source: Path | bytes, *, name: str | None = None) -> Header:
    """Size, bands, type and grid of an image, without reading its pixels.

    Args:
        source: a file, or the bytes of one (an upload).
        name: what to call it in messages; by default the file's path.

    Raises:
        ImageError: it is missing, empty, or no PNG, JPEG or TIFF.
    """
    with _opened(source, name) as dataset:
        return _header(dataset)


def read_raster(
    source: Path | bytes,
    *,
    name: str | None = None,
    max_bytes: int = MAX_BYTES,
    indices: bool = False,
) -> Raster:
    """Read an image whole.

    Args:
        source: a file, or the bytes of one (an upload).
        name: what to call it in messages; by default the file's path.
        max_bytes: refuse, before any pixel is read, what would need more memory than this.
        indices: leave a palette's indices as they are, and return the palette beside them.

    Raises:
        ImageError: it is missing, empty, truncated, too large, or no PNG, JPEG or TIFF.
    """
    label = name or _label(source)
    with _opened(source, name) as dataset:
        header = _header(dataset)
        if header.bytes > max_bytes:
            raise ImageError(
                f"the header claims {header.width:,} × {header.height:,} pixels in {header.bands} "
                f"band(s) of {header.dtype}, {binary_size(header.bytes)} in memory, and "
                f"{binary_size(max_bytes)} is the limit",
                where=label,
                remedy="cut it into smaller pieces first (gdal_translate -srcwin), or check that "
                "the file is what it says",
            )
        try:
            pixels, valid, palette = _pixels(dataset, header, indices)
        except MemoryError as error:
            raise ImageError(
                "there is not enough memory for the image",
                where=label,
                remedy="cut it into smaller pieces first (gdal_translate -srcwin)",
            ) from error
        except (RasterioError, ValueError, IndexError) as error:
            raise ImageError(
                "the image data is damaged or cut off",
                where=label,
                remedy="copy or download the file again; it opens but cannot be read to its end",
            ) from error
        return Raster(pixels, valid, header, palette)


def _label(source: Path | bytes) -> str:
    return "uploaded file" if isinstance(source, bytes) else str(source)


@contextmanager
def _opened(source: Path | bytes, name: str | None) -> Iterator[Any]:
    label = name or _label(source)
    if isinstance(source, Path) and not source.is_file():
        remedy = "check the spelling of the path" if not source.exists() else "name an image file"
        raise ImageError("there is no such file", where=label, remedy=remedy)
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if size == 0:
        raise ImageError("the file is empty", where=label, remedy="copy or download it again")
    with ExitStack() as stack:
        stack.enter_context(rasterio.Env(**_GDAL_SETTINGS))
        try:
            driver = _driver_of(source)
            if isinstance(source, bytes):
                memory = stack.enter_context(MemoryFile(source))
                dataset = stack.enter_context(memory.open(driver=driver))
            else:
                dataset = stack.enter_context(rasterio.open(source, driver=driver))
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
        yield dataset


def _driver_of(source: Path | bytes) -> str:
    """The GDAL driver for the first bytes of a file.

    Raises:
        RasterioError: they belong to none of the formats that are read.
    """
    if isinstance(source, bytes):
        start = source[:4]
    else:
        with source.open("rb") as file:
            start = file.read(4)
    for magic, driver in _MAGIC.items():
        if start.startswith(magic):
            return driver
    raise RasterioError("unknown format")


def _header(dataset: Any) -> Header:
    located = dataset.crs is not None and not dataset.transform.is_identity
    return Header(
        width=dataset.width,
        height=dataset.height,
        bands=dataset.count,
        dtype=dataset.dtypes[0],
        driver=dataset.driver,
        nodata=dataset.nodata,
        georeference=Georeference(dataset.crs, dataset.transform) if located else None,
    )


def _pixels(
    dataset: Any, header: Header, indices: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    interpretation = dataset.colorinterp
    bands = np.moveaxis(dataset.read(), 0, -1)
    valid = np.ones(bands.shape[:2], bool)
    pixels = bands
    if header.bands > 1 and interpretation[-1] == ColorInterp.alpha:
        opacity = bands[..., -1]
        # GDAL calls the fourth band of any 8-bit TIFF alpha; near infrared takes many values, a
        # mask takes two.
        if header.driver != "GTiff" or np.isin(opacity, (0, opacity.max())).all():
            valid &= opacity > 0
            pixels = bands[..., :-1]
    if header.nodata is not None:
        # nodata in every band: a single band at 0 is an ordinary dark value.
        valid &= ~np.all(_equals(pixels, header.nodata), axis=-1)
    if np.issubdtype(pixels.dtype, np.inexact):
        valid &= np.all(np.isfinite(pixels), axis=-1)
    palette = None
    if header.bands == 1 and interpretation[0] == ColorInterp.palette:
        palette = _palette(dataset)
        if not indices:
            pixels, palette = palette[pixels[..., 0]], None
        elif dataset.tags(1, ns="IMAGE_STRUCTURE").get("NBITS") == "1":
            # GDAL gives every TIFF of one bit a palette; in some 0 is white. What is bright is 1.
            pixels, palette = (palette[pixels].max(axis=-1) > 127).astype(np.uint8), None
    return np.ascontiguousarray(pixels), valid, palette


def _palette(dataset: Any) -> np.ndarray:
    palette = np.zeros((256, 3), np.uint8)
    for index, entry in dataset.colormap(1).items():
        if 0 <= index < 256:
            palette[index] = entry[:3]
    return palette


def _equals(pixels: np.ndarray, nodata: float) -> np.ndarray:
    return np.isnan(pixels) if np.isnan(nodata) else pixels == nodata
