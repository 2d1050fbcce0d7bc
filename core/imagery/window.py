"""Rasters turned, cut and with bands chosen; the grid goes along."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import numpy as np
from affine import Affine

from core.errors import ImageError
from core.imagery.header import Georeference
from core.imagery.raster import Raster

__all__ = ["Window", "cropped", "turned", "with_bands", "with_nodata"]

Window = tuple[int, int, int, int]
"""x and y of the upper left corner, width and height, in pixels."""


def turned(raster: Raster) -> Raster:
    """The raster turned by 180°; its transform still says where each pixel lies."""
    header = raster.header
    return _moved(
        raster,
        np.ascontiguousarray(raster.pixels[::-1, ::-1]),
        np.ascontiguousarray(raster.valid[::-1, ::-1]),
        Affine.translation(header.width, header.height) @ Affine.scale(-1, -1),
    )


def cropped(raster: Raster, window: Window, name: str) -> Raster:
    """A part of a raster.

    Raises:
        ImageError: the window is not within the image.
    """
    x, y, width, height = window
    header = raster.header
    if min(x, y) < 0 or min(width, height) < 1:
        inside = False
    else:
        inside = x + width <= header.width and y + height <= header.height
    if not inside:
        raise ImageError(
            f"the recipe uses the part of {width}×{height} pixels at x {x}, y {y}, and the image "
            f"has {header.width}×{header.height}",
            where=name,
            remedy="change the window in the recipe",
        )
    rows, columns = slice(y, y + height), slice(x, x + width)
    return _moved(
        raster,
        np.ascontiguousarray(raster.pixels[rows, columns]),
        np.ascontiguousarray(raster.valid[rows, columns]),
        Affine.translation(x, y),
    )


def _moved(raster: Raster, pixels: np.ndarray, valid: np.ndarray, step: Affine) -> Raster:
    place = raster.header.georeference
    header = replace(
        raster.header,
        height=pixels.shape[0],
        width=pixels.shape[1],
        georeference=Georeference(place.crs, place.transform @ step) if place else None,
    )
    return replace(raster, pixels=pixels, valid=valid, header=header)


def with_nodata(raster: Raster, nodata: float) -> Raster:
    """The raster where this value in all bands is no data, though its file does not say so."""
    if raster.header.nodata == nodata:
        return raster
    return replace(raster, valid=raster.valid & (raster.pixels != nodata).any(axis=-1))


def with_bands(raster: Raster, bands: tuple[int, ...], name: str) -> Raster:
    """The raster with some of its bands, counted from 0, in the order given.

    Raises:
        ImageError: it has fewer.
    """
    count = raster.pixels.shape[-1]
    if max(bands) >= count:
        raise ImageError(
            f"band {max(bands) + 1} is asked for and the image has {count}",
            where=name,
            remedy="choose other bands, or another image",
        )
    pixels = np.ascontiguousarray(raster.pixels[..., list(bands)])
    header = raster.header
    # A palette has one band in the file and three here.
    complete = len(header.color_interpretation) >= count
    header = replace(
        header,
        bands=len(bands),
        color_interpretation=_of(header.color_interpretation, bands) if complete else (),
        band_names=_of(header.band_names, bands) if complete else (),
        scaling=_of(header.scaling, bands) if header.scaling else (),
    )
    return replace(raster, pixels=pixels, header=header)


_T = TypeVar("_T")


def _of(values: tuple[_T, ...], bands: tuple[int, ...]) -> tuple[_T, ...]:
    return tuple(values[band] for band in bands)
