"""Rasters in: open a PNG, JPEG or (Geo)TIFF of any depth and number of bands, header first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.errors import RasterioError

from core.errors import ImageError
from core.formats import binary_size, counted
from core.imagery.external_mask import external_mask
from core.imagery.header import Georeference, Header, Values, header_of
from core.imagery.source.opening import damaged, label_of, opened
from core.imagery.source.sidecars import (
    mask_beside,
    usable_data_mask,
)
from core.imagery.source.stored_blocks import stored_blocks
from core.imagery.source.tiff_tags import orientation
from core.imagery.source.validity import (
    alpha_is_opacity,
    data_mask,
    has_alpha,
    own_mask,
    row_blocks,
)
from core.imagery.source.value_types import value_types

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_BYTES",
    "Raster",
    "alpha_bands",
    "palette_of",
    "read_raster",
    "scaled",
]

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".jp2")
MAX_BYTES = 2 * 1024**3
"""Largest image held in memory, decoded: width × height × bands × bytes a value.

Beside it lies a byte a pixel that says where there is data, two where it is read with what hides
it; while it is read, a copy of both at most, where it is turned upright or opacity is taken out.
"""

_LOOKED = 512  # pixels a side of a band that is looked at


@dataclass(frozen=True)
class Raster:
    """An image in memory.

    Attributes:
        pixels: (H, W, C) upright, in the file's own dtype, or float32 where it gives factors to
            apply; a palette is expanded to RGB, an alpha band is taken out and kept in `valid`.
        valid: (H, W) bool, False where the file has no data, see `core.imagery.source.validity`.
        header: what the file says of itself.
        fill: values that were taken for no data though no tag of the file says so.
        hidden: (H, W) bool, True where a mask of the file, one beside it or its alpha says that
            there is no data, whatever the value; None where none does, and for measured values.
        palette: (256 or 65,536, 3) uint8 RGB of the indices in `pixels`, where they were asked for
            and the file has one.
    """

    pixels: np.ndarray
    valid: np.ndarray
    header: Header
    fill: tuple[float, ...] = ()
    palette: np.ndarray | None = None
    hidden: np.ndarray | None = None

    @property
    def georeference(self) -> Georeference | None:
        return self.header.georeference


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
        max_bytes: refuse, before any pixel is read, what would need more memory than this for its
            bands alone.
        bands: number of bands that the image is known to have: a last band called alpha is data if
            it makes up the number, and opacity if it is one too many. None lets its values decide.
        values: ``measured`` applies factor and offset that the file gives its bands; ``stored``
            does not, as masks want it; ``indices`` also leaves a palette's indices as they are, and
            returns the palette beside them.

    Raises:
        ImageError: it is missing, empty, truncated, too large, or no image of a format that is
            read.
    """
    label = name or label_of(source)
    with opened(source, name) as pages:
        header = header_of(pages, source, values)
        _check(header, values, max_bytes, label)
        try:
            pixels, opaque = _bands(pages, header, bands)
            valid, fill = data_mask(pages, pixels, header.band_nodata)
            masks = [opaque] if opaque is not None else []
            _leave_out_missing(valid, pages, source, values)
            if values != "measured" and (own := own_mask(pages)) is not None:
                masks.append(own)
            palette = None
            if header.color_interpretation == ("palette",):
                entries = palette_of(pages[0])
                if not entries[..., 3].all():
                    valid &= entries[..., 3][pixels[..., 0]] > 0
                pixels, palette = _with_palette(pages[0], pixels, entries[..., :3], values)
            if isinstance(source, Path):
                beside = filter(None, (mask_beside(source), usable_data_mask(source)))
                place = header.georeference
                masks += [external_mask(mask, pages[0], place) for mask in beside]
            for mask in masks:
                valid &= mask
            if header.scaling:
                pixels = scaled(pixels, header.scaling)
        except MemoryError as error:
            raise ImageError(
                "there is not enough memory for the image",
                where=label,
                remedy="cut it into smaller pieces first (gdal_translate -srcwin)",
            ) from error
        except (ValueError, IndexError) as error:
            raise damaged(label) from error
        if header.georeference is None:
            turn = _TURNS[orientation(source)]
            pixels, valid, masks = turn(pixels), turn(valid), [turn(mask) for mask in masks]
        hidden = ~np.logical_and.reduce(masks) if masks and values != "measured" else None
        pixels = np.ascontiguousarray(pixels)  # one after the other: each may be a copy
        valid = np.ascontiguousarray(valid)
        return Raster(pixels, valid, header, fill, palette, hidden)


def _leave_out_missing(
    valid: np.ndarray, pages: tuple[Any, ...], source: Path | bytes, values: Values
) -> None:
    """What a sparse file does not hold has no data; in a mask it is the class of 0."""
    if values == "measured" and len(pages) == 1 and (blocks := stored_blocks(source)):
        height, width = valid.shape
        valid &= blocks.mask(slice(0, height), slice(0, width))


def _check(header: Header, values: Values, max_bytes: int, label: str) -> None:
    """Refuse what would take too much memory, and masks that are none."""
    if values != "measured" and np.issubdtype(header.dtype, np.complexfloating):
        raise ImageError(
            "the mask holds complex numbers, and classes are whole ones",
            where=label,
            remedy="save it with an integer type: gdal_translate -ot Byte",
        )
    size = header.bytes
    if header.color_interpretation == ("palette",) and values != "indices":
        size *= 3  # of each index a colour
    if size > max_bytes:
        raise ImageError(
            f"the header claims {header.width:,} × {header.height:,} pixels in "
            f"{counted(header.bands, 'band')} of {header.dtype}, "
            f"{binary_size(size)} in memory for its bands alone, and {binary_size(max_bytes)} is "
            "the limit",
            where=label,
            remedy="cut it into smaller pieces first (gdal_translate -srcwin), or check that "
            "the file is what it says",
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
        header = header_of(pages, source)
        if len(pages) > 1 or first.driver != "GTiff" or not _alpha(header):
            return None
        shape = (min(first.height, _LOOKED), min(first.width, _LOOKED))
        try:
            opacity = first.read(first.count, out_shape=shape)
        except RasterioError:
            return None  # reading the image says what is wrong
        return int(first.count) - int(alpha_is_opacity(opacity))


def _alpha(header: Header) -> bool:
    return has_alpha(header.color_interpretation, header.band_names)


def _bands(
    pages: tuple[Any, ...], header: Header, wanted: int | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Bands as stored (H, W, C), and where an alpha band (H, W) lets them be seen."""
    first, count = pages[0], sum(page.count for page in pages)
    # Into the place where they stay: a second array of them all would be as large.
    bands = np.empty((first.height, first.width, count), np.result_type(*value_types(first)))
    planes = np.moveaxis(bands, -1, 0)
    if len(pages) == 1:
        first.read(out=planes)
    else:
        for plane, page in zip(planes, pages, strict=True):
            page.read(1, out=plane)
    if len(pages) > 1 or not _alpha(header) or wanted == count:
        return bands, None
    opacity = bands[..., -1]
    if first.driver != "GTiff" or wanted == count - 1 or alpha_is_opacity(opacity):
        return bands[..., :-1], opacity > 0
    return bands, None


def scaled(pixels: np.ndarray, scaling: tuple[tuple[float, float], ...]) -> np.ndarray:
    """Bands (H, W, C) as stored with factor and offset applied, float32."""
    factors, offsets = np.array(scaling[: pixels.shape[-1]], np.float32).T
    measured = np.empty(pixels.shape, np.float32)
    for rows in row_blocks(pixels):
        measured[rows] = pixels[rows] * factors + offsets
    return measured


def _with_palette(
    dataset: Any, indices: np.ndarray, palette: np.ndarray, values: Values
) -> tuple[np.ndarray, np.ndarray | None]:
    """Colours of a palette's indices (H, W, 1); or the indices themselves with the palette."""
    if values != "indices":
        return palette[indices[..., 0]], None
    if dataset.tags(1, ns="IMAGE_STRUCTURE").get("NBITS") == "1":
        # GDAL gives every TIFF of one bit a palette; in some 0 is white. What is bright is 1.
        return (palette[indices].max(axis=-1) > 127).astype(np.uint8), None
    return indices, palette


def palette_of(dataset: Any) -> np.ndarray:
    """(256 or 65,536, 4) uint8 colours of all indices that the file's type has, and opacity.

    Indices without a colour are black.
    """
    palette = np.zeros((256 if value_types(dataset)[0] == "uint8" else 65536, 4), np.uint8)
    palette[:, 3] = 255
    for index, entry in dataset.colormap(1).items():
        if 0 <= index < len(palette):
            palette[index] = entry
    if dataset.driver == "GTiff":
        # A TIFF's palette has no opacity: GDAL makes its no-data value transparent.
        palette[:, 3] = 255
    return palette
