"""What an image file says of itself: size, type, bands, and where its grid lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from rasterio.transform import from_gcps

from core.formats import counted
from core.imagery.source.auxiliary import Auxiliary, is_grid
from core.imagery.source.opening import opened
from core.imagery.source.sidecars import Sidecars, read_sidecars
from core.imagery.source.tiff_tags import orientation
from core.imagery.source.value_types import value_types

if TYPE_CHECKING:
    from affine import Affine
    from rasterio.control import GroundControlPoint
    from rasterio.crs import CRS

__all__ = [
    "Georeference",
    "Header",
    "HeaderNote",
    "Values",
    "header_of",
    "read_header",
    "spectral_name",
]

Values = Literal["measured", "stored", "indices"]


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


# Parts of the spectrum, in GDAL's words for them.
_SPECTRUM = ("coastal", "blue", "green", "yellow", "red", "rededge", "nir", "swir", "pan")
_SYNONYMS = {
    "r": "red",
    "g": "green",
    "b": "blue",
    "n": "nir",
    "nir1": "nir",
    "nir 1": "nir",
    "near ir": "nir",
    "near infrared": "nir",
    "nearinfrared": "nir",
    "red edge": "rededge",
    "panchromatic": "pan",
}


def spectral_name(text: str) -> str:
    """The part of the spectrum that a band's name or colour interpretation means.

    Returns:
        ``red``, ``green``, ``blue``, ``nir`` and the like; empty where it means none.
    """
    word = " ".join(text.lower().replace("-", " ").split())
    word = _SYNONYMS.get(word, word)
    return word if word in _SPECTRUM else ""


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
        band_nodata: that of each band; empty where no band has one.
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
    band_nodata: tuple[float | None, ...] = ()
    scaling: tuple[tuple[float, float], ...] = ()
    notes: tuple[HeaderNote, ...] = ()

    @property
    def named_bands(self) -> tuple[str, ...]:
        """What the file calls its bands, by `spectral_name`.

        Descriptions count first where one of them names a colour: GDAL takes the first bands of any
        8-bit image for red, green and blue.
        """
        described = tuple(map(spectral_name, self.band_names))
        return described if any(described) else tuple(map(spectral_name, self.color_interpretation))

    @property
    def bytes(self) -> int:
        """Size of the pixels in memory."""
        return self.width * self.height * self.bands * np.dtype(self.dtype).itemsize


def read_header(source: Path | bytes, *, name: str | None = None) -> Header:
    """Size, bands, type and grid of an image, without reading its pixels.

    Args:
        source: a file, or the bytes of one (an upload).
        name: what to call it in messages; by default the file's path.

    Raises:
        ImageError: it is missing, empty, or no image of a format that is read.
    """
    with opened(source, name) as pages:
        return header_of(pages, source)


def header_of(pages: tuple[Any, ...], source: Path | bytes, values: Values = "measured") -> Header:
    """The header of an image that is open.

    Args:
        pages: datasets of rasterio, as `opened` gives them.
        source: the file, or the bytes of one.
        values: see `read_raster`.
    """
    first = pages[0]
    beside = read_sidecars(source) if isinstance(source, Path) else Sidecars()
    georeference, notes = _georeference(first, beside)
    width, height = first.width, first.height
    if georeference is None and orientation(source) >= 5:
        width, height = height, width
    bands = _bands(pages, beside.auxiliary)
    scaling = tuple(pair if _scales(*pair) else _UNSCALED for pair in bands.scaling)
    if values == "measured" and (odd := [p for p in bands.scaling if not _scales(*p)]):
        notes += (
            HeaderNote(
                f"the file gives {counted(len(odd), 'band')} factor {odd[0][0]:g} and offset "
                f"{odd[0][1]:g}, which say nothing, and their values are read as stored",
                "give them the right ones, or none: gdal_edit.py -scale 1 -offset 0 image.tif",
            ),
        )
    scaled = values == "measured" and any(pair != _UNSCALED for pair in scaling)
    return Header(
        width=width,
        height=height,
        bands=len(bands.nodata),
        dtype="float32" if scaled else value_types(first)[0],
        driver=first.driver,
        nodata=bands.nodata[0],
        georeference=georeference,
        color_interpretation=bands.colors,
        band_names=bands.names,
        band_nodata=bands.nodata if any(value is not None for value in bands.nodata) else (),
        scaling=scaling if scaled else (),
        notes=notes,
    )


class _Bands(NamedTuple):
    """What a file and its auxiliary metadata say of each band."""

    nodata: tuple[float | None, ...]
    scaling: tuple[tuple[float, float], ...]
    names: tuple[str, ...]
    colors: tuple[str, ...]


def _bands(pages: tuple[Any, ...], auxiliary: Auxiliary) -> _Bands:
    """The auxiliary metadata count first, as in GDAL: for the bands' colours in a TIFF alone."""
    listed = [
        (page.nodatavals[k], (page.scales[k], page.offsets[k]), page.descriptions[k] or "", color)
        for page in pages
        for k, color in enumerate(interpretation.name for interpretation in page.colorinterp)
    ]
    colors = auxiliary.colors if pages[0].driver == "GTiff" else {}
    bands = [
        (
            auxiliary.nodata.get(band, nodata),
            auxiliary.scaling.get(band, scaling),
            auxiliary.names.get(band, name),
            colors.get(band, color),
        )
        for band, (nodata, scaling, name, color) in enumerate(listed)
    ]
    return _Bands(*zip(*bands, strict=True))


_UNSCALED = (1.0, 0.0)


def _scales(factor: float, offset: float) -> bool:
    """Whether factor and offset leave numbers that differ: 0 would make all values one."""
    return bool(np.isfinite((factor, offset)).all()) and factor != 0


_GCPS = 3  # control points that a grid needs
_GCP_ERROR = 1.0  # pixels by which control points may miss the grid that is laid through them


def _georeference(
    dataset: Any, beside: Sidecars
) -> tuple[Georeference | None, tuple[HeaderNote, ...]]:
    """The grid of a file, by what GDAL asks first, or one through its control points."""
    auxiliary = beside.auxiliary
    grids = [auxiliary.transform, dataset.transform, beside.world]
    if dataset.driver == "PNG":  # in which alone GDAL takes the world file first
        grids.reverse()
    lying = (g for g in grids if g is not None and not g.is_identity and is_grid(g))
    transform = next(lying, None)
    if transform is not None:
        georeference = Georeference(auxiliary.crs or dataset.crs or beside.crs, transform)
        return georeference, _unread(beside, georeference)
    points, crs = dataset.gcps
    crs = auxiliary.crs or crs
    if auxiliary.points:
        points, crs = auxiliary.points, auxiliary.points_crs or auxiliary.crs
    through, notes = _through_points(points, crs) if points else (None, ())
    return through, (*notes, *_unread(beside, through))


def _unread(beside: Sidecars, georeference: Georeference | None) -> tuple[HeaderNote, ...]:
    """What files beside an image cannot be read although they are needed."""
    auxiliary, world, prj = beside.unread
    notes = []
    if auxiliary:
        parts = ", ".join(beside.auxiliary.unread)
        notes.append(
            HeaderNote(
                f"{auxiliary} beside the image cannot be read ({parts}), and nothing of that is "
                "applied",
                "remake it with the program that wrote it, or remove it",
            )
        )
    if world and georeference is None:
        notes.append(
            HeaderNote(
                f"the world file {world} beside the image cannot be read, and the image is read as "
                "a picture without a place",
                "write into it the six numbers of the grid, one a line, without thousands "
                "separators, or remove it",
            )
        )
    if prj and georeference is not None and georeference.crs is None:
        notes.append(
            HeaderNote(
                f"{prj} beside the image is no reference system that can be read, and the image's "
                "coordinates are in none",
                "write it anew as WKT: gdalsrsinfo -o wkt_esri EPSG:CODE",
            )
        )
    return tuple(notes)


def _through_points(
    points: Sequence[GroundControlPoint], crs: CRS | None
) -> tuple[Georeference | None, tuple[HeaderNote, ...]]:
    """A plain grid through ground control points, if one goes through them."""
    if len(points) < _GCPS:
        return None, (
            HeaderNote(
                f"the image has {counted(len(points), 'ground control point')}, of which a grid "
                f"needs {_GCPS}, and is read as a picture without a place",
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
