"""Rasters in: open a PNG, JPEG or (Geo)TIFF of any depth and number of bands, header first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioError
from rasterio.transform import from_gcps

from core.errors import ImageError
from core.formats import binary_size
from core.imagery.source.opening import label_of, opened
from core.imagery.source.sidecars import (
    Sidecars,
    is_grid,
    mask_beside,
    read_sidecars,
    usable_data_mask,
)
from core.imagery.source.tiff_tags import orientation
from core.imagery.source.validity import (
    alpha_is_opacity,
    data_mask,
    external_mask,
    fill_values,
    has_alpha,
    without_data,
)

if TYPE_CHECKING:
    from affine import Affine
    from rasterio.crs import CRS

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_BYTES",
    "Georeference",
    "Header",
    "HeaderNote",
    "Raster",
    "alpha_bands",
    "read_header",
    "read_raster",
]

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".jp2")
MAX_BYTES = 2 * 1024**3
"""Largest image held in memory, decoded: width × height × bands × bytes a value."""

_LOOKED = 512  # pixels a side of a band that is looked at


@dataclass(frozen=True)
class Georeference:
    """Where a pixel grid lies.

    Attributes:
        crs: coordinate reference system; None where the file has a grid and does not say in which
            (a site grid, a lost .prj).
        transform: from column and row to coordinates in it.
    """

    crs: CRS | None
    transform: Affine


Values = Literal["measured", "stored", "indices"]


class HeaderNote(NamedTuple):
    """What of a file could not be taken as it is, and what to do."""

    text: str
    remedy: str


@dataclass(frozen=True)
class Header:
    """What a file says of itself before a pixel is read.

    Attributes:
        width, height: in pixels, of the picture as it stands upright.
        bands: number of bands in the file, alpha included.
        dtype: type of the values as they are read, such as uint8.
        driver: GDAL's name of the format.
        nodata: value that means no data in the file's first band.
        georeference: where the grid lies; None for a plain picture.
        color_interpretation: what the file says each band is, such as ``red``; GDAL's words.
        band_names: the bands' descriptions; empty texts where it gives none.
        scaling: factor and offset of each band that were applied in reading; empty where the values
            are those stored.
        notes: what of the file could not be taken as it is.
    """

    width: int
    height: int
    bands: int
    dtype: str
    driver: str
    nodata: float | None
    georeference: Georeference | None
    color_interpretation: tuple[str, ...] = ()
    band_names: tuple[str, ...] = ()
    scaling: tuple[tuple[float, float], ...] = ()
    notes: tuple[HeaderNote, ...] = ()

    @property
    def named_bands(self) -> tuple[str, ...]:
        """What the file calls its bands: ``red``, ``green``, ``blue``, ``nir``, or an empty text.

        Descriptions count first where one of them names a colour: GDAL takes the first bands of any
        8-bit image for red, green and blue.
        """
        described = tuple(
            _BAND_NAMES.get(name.strip().lower().replace("-", " "), "") for name in self.band_names
        )
        if any(described):
            return described
        return tuple(_BAND_NAMES.get(name, "") for name in self.color_interpretation)

    @property
    def bytes(self) -> int:
        """Size of the pixels in memory."""
        return self.width * self.height * self.bands * np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class Raster:
    """An image in memory.

    Attributes:
        pixels: (H, W, C) upright, in the file's own dtype, or float32 where it gives factors to
            apply; a palette is expanded to RGB, an alpha band is taken out and kept in `valid`.
        valid: (H, W) bool, False where the file has no data, see `core.imagery.source.validity`.
        header: what the file says of itself.
        fill: values that were taken for no data though no tag of the file says so.
        palette: (256, 3) uint8 RGB of the indices in `pixels`, where they were asked for and the
            file has one.
    """

    pixels: np.ndarray
    valid: np.ndarray
    header: Header
    fill: tuple[float, ...] = ()
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
        ImageError: it is missing, empty, or no image of a format that is read.
    """
    with opened(source, name) as pages:
        return _header(pages, source)


def read_raster(
    source: Path | bytes,
    *,
    name: str | None = None,
    max_bytes: int = MAX_BYTES,
    bands: int | None = None,
    values: Values = "measured",
) -> Raster:
    """Read an image whole.

    Its orientation (Exif) is applied where it has no grid. Beside a file on disk its world file,
    .prj, .aux.xml and .msk are looked for. The pages of a TIFF are its bands if each has one.

    Args:
        source: a file, or the bytes of one (an upload).
        name: what to call it in messages; by default the file's path.
        max_bytes: refuse, before any pixel is read, what would need more memory than this.
        bands: number of bands that are wanted: a last band called alpha is data if it makes up the
            number. Otherwise, and by default, its values decide.
        values: ``measured`` applies factor and offset that the file gives its bands; ``stored``
            does not, as masks want it; ``indices`` also leaves a palette's indices as they are, and
            returns the palette beside them.

    Raises:
        ImageError: it is missing, empty, truncated, too large, or no image of a format that is
            read.
    """
    label = name or label_of(source)
    with opened(source, name) as pages:
        header = _header(pages, source, values)
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
            pixels, valid, fill, palette = _pixels(pages, header, bands, values)
            if isinstance(source, Path):
                if pages[0].nodata is None and (nodata := read_sidecars(source).nodata):
                    count = pixels.shape[-1]
                    valid &= ~without_data(pixels, tuple(nodata.get(b) for b in range(count)))
                for mask in filter(None, (mask_beside(source), usable_data_mask(source))):
                    valid &= external_mask(mask, pages[0])
            if header.scaling:
                factors, offsets = np.array(header.scaling[: pixels.shape[-1]], np.float32).T
                pixels = pixels * factors + offsets
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
        if header.georeference is None:
            turn = _TURNS[orientation(source)]
            pixels, valid = turn(pixels), turn(valid)
        return Raster(
            np.ascontiguousarray(pixels), np.ascontiguousarray(valid), header, fill, palette
        )


# What makes a picture upright, by its orientation in Exif.
_TURNS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a, 1),
}


def alpha_bands(source: Path | bytes) -> int | None:
    """Number of bands of a TIFF whose last is called alpha: without it if it is opacity.

    The band is looked at made smaller. None for a file without such a band, or of another format.

    Raises:
        ImageError: see `read_header`.
    """
    with opened(source, None) as pages:
        first = pages[0]
        if len(pages) > 1 or first.driver != "GTiff" or not has_alpha(first):
            return None
        shape = (min(first.height, _LOOKED), min(first.width, _LOOKED))
        try:
            opacity = first.read(first.count, out_shape=shape)
        except RasterioError:
            return None  # reading the image says what is wrong
        return int(first.count) - int(alpha_is_opacity(opacity))


def _header(pages: tuple[Any, ...], source: Path | bytes, values: Values = "measured") -> Header:
    first = pages[0]
    beside = read_sidecars(source) if isinstance(source, Path) else Sidecars()
    georeference, notes = _georeference(first, beside)
    width, height = first.width, first.height
    if georeference is None and orientation(source) >= 5:
        width, height = height, width
    stored = tuple(zip(first.scales, first.offsets, strict=True)) * len(pages)
    scaling = tuple(pair if _scales(*pair) else _UNSCALED for pair in stored)
    if values == "measured" and (odd := [p for p in stored if not _scales(*p)]):
        notes += (
            HeaderNote(
                f"the file gives {len(odd)} band(s) factor {odd[0][0]:g} and offset "
                f"{odd[0][1]:g}, which say nothing, and their values are read as stored",
                "give them the right ones, or none: gdal_edit.py -scale 1 -offset 0 image.tif",
            ),
        )
    scaled = values == "measured" and any(pair != _UNSCALED for pair in scaling)
    return Header(
        width=width,
        height=height,
        bands=sum(page.count for page in pages),
        dtype="float32" if scaled else first.dtypes[0],
        driver=first.driver,
        nodata=first.nodata if first.nodata is not None else beside.nodata.get(0),
        georeference=georeference,
        color_interpretation=tuple(c.name for page in pages for c in page.colorinterp),
        band_names=tuple(text or "" for page in pages for text in page.descriptions),
        scaling=scaling if scaled else (),
        notes=notes,
    )


_UNSCALED = (1.0, 0.0)


def _scales(factor: float, offset: float) -> bool:
    """Whether factor and offset leave numbers that differ: 0 would make all values one."""
    return bool(np.isfinite((factor, offset)).all()) and factor != 0


_BAND_NAMES = {name: name for name in ("red", "green", "blue", "nir")}
_BAND_NAMES |= {"r": "red", "g": "green", "b": "blue", "n": "nir", "nir1": "nir", "nir 1": "nir"}
_BAND_NAMES |= {"near infrared": "nir", "nearinfrared": "nir", "near ir": "nir"}
_GCPS = 3  # control points that a grid needs
_GCP_ERROR = 1.0  # pixels by which control points may miss the grid that is laid through them


def _georeference(
    dataset: Any, beside: Sidecars
) -> tuple[Georeference | None, tuple[HeaderNote, ...]]:
    """The grid of a file: its own, what lies beside it, or one through its control points."""
    if not dataset.transform.is_identity and is_grid(dataset.transform):
        return Georeference(dataset.crs or beside.crs, dataset.transform), ()
    if beside.transform is not None:
        return Georeference(dataset.crs or beside.crs, beside.transform), ()
    points, crs = dataset.gcps
    if not points:
        return None, ()
    if len(points) < _GCPS:
        return None, (
            HeaderNote(
                f"the image has {len(points)} ground control point(s), of which a grid needs "
                f"{_GCPS}, and is read as a picture without a place",
                "give it more of them: gdal_translate -gcp COLUMN ROW X Y … image.tif points.tif",
            ),
        )
    transform = from_gcps(points)
    errors = [~transform @ (point.x, point.y) for point in points] if transform.determinant else []
    misses = [
        max(abs(column - point.col), abs(row - point.row))
        for (column, row), point in zip(errors, points, strict=False)
    ]
    if misses and max(misses) <= _GCP_ERROR:
        return Georeference(crs, transform), ()
    return None, (
        HeaderNote(
            f"the image has {len(points)} ground control points, through which no plain grid goes, "
            "and is read as a picture without a place",
            "warp it first: gdalwarp -tps image.tif warped.tif",
        ),
    )


def _pixels(
    pages: tuple[Any, ...], header: Header, wanted: int | None, values: Values
) -> tuple[np.ndarray, np.ndarray, tuple[float, ...], np.ndarray | None]:
    """Bands, where they have data, the values that were taken for none though no tag says so, and
    the palette of indices."""
    first = pages[0]
    if len(pages) > 1:
        stored = np.concatenate([page.read() for page in pages])
        bands = np.moveaxis(stored, 0, -1)
        nodata = tuple(value for page in pages for value in page.nodatavals)
        valid = ~without_data(bands, nodata)
        if np.issubdtype(bands.dtype, np.inexact):
            valid &= np.all(np.isfinite(bands), axis=-1)
        return bands, valid, (), None
    bands = pixels = np.moveaxis(first.read(), 0, -1)
    opaque = None
    if has_alpha(first) and wanted != header.bands:
        opacity = bands[..., -1]
        if first.driver != "GTiff" or alpha_is_opacity(opacity):
            opaque = opacity > 0
            pixels = bands[..., :-1]
    valid = data_mask(first, pixels)
    fill: tuple[float, ...] = ()
    if first.nodata is None and header.nodata is None:
        fill = fill_values(pixels)
        for value in fill:
            valid &= ~without_data(pixels, (value,) * pixels.shape[-1])
    if opaque is not None:
        valid &= opaque
    palette = None
    if header.bands == 1 and first.colorinterp[0] == ColorInterp.palette:
        pixels, palette = _with_palette(first, pixels, values)
    return pixels, valid, fill, palette


def _with_palette(
    dataset: Any, indices: np.ndarray, values: Values
) -> tuple[np.ndarray, np.ndarray | None]:
    """Colours of a palette's indices (H, W, 1); or the indices themselves with the palette."""
    palette = _palette(dataset)
    if values != "indices":
        return palette[indices[..., 0]], None
    if dataset.tags(1, ns="IMAGE_STRUCTURE").get("NBITS") == "1":
        # GDAL gives every TIFF of one bit a palette; in some 0 is white. What is bright is 1.
        return (palette[indices].max(axis=-1) > 127).astype(np.uint8), None
    return indices, palette


def _palette(dataset: Any) -> np.ndarray:
    palette = np.zeros((256, 3), np.uint8)
    for index, entry in dataset.colormap(1).items():
        if 0 <= index < 256:
            palette[index] = entry[:3]
    return palette
