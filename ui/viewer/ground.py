"""What the browser is told of where an image lies: for map coordinates and the scale bar."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from affine import Affine
from rasterio.crs import CRS

from core.imagery.ground_area import pixel_sides, space_series
from core.imagery.header import Georeference

__all__ = ["ground_payload"]


def ground_payload(
    georeference: Georeference | None, width: int, height: int
) -> dict[str, Any] | None:
    """Grid, reference system and the sides of a pixel on the ground.

    Args:
        georeference: of the image; None for a plain picture.
        width, height: of the image in pixels.

    Returns:
        ``{"grid": [a, b, c, d, e, f], "crs": NAME, "degrees": bool, "metres": [WIDTH, HEIGHT] or
        None, "surface": {"size": [width, height], "xyz": SERIES} or None}``: x = a · column +
        b · row + c and y = d · column + e · row + f in the reference system ("" where the file
        names none), and the place of every point in space (`space_series`), from which the browser
        computes lengths and areas; None where the image has no grid.
    """
    if georeference is None:
        return None
    crs = georeference.crs
    sides = pixel_sides(georeference, width, height)
    return {
        "grid": [float(value) for value in tuple(georeference.transform)[:6]],
        "crs": _name(georeference),
        "degrees": bool(crs is not None and crs.is_geographic),
        "metres": list(sides) if sides else None,
        "surface": _surface(georeference, width, height),
    }


@lru_cache(maxsize=64)
def _series(crs: str, transform: tuple[float, ...], width: int, height: int) -> np.ndarray | None:
    return space_series(Georeference(CRS.from_wkt(crs), Affine(*transform)), width, height)


def _surface(georeference: Georeference, width: int, height: int) -> dict[str, Any] | None:
    if georeference.crs is None:
        return None
    transform = tuple(georeference.transform)[:6]
    series = _series(georeference.crs.wkt, transform, width, height)
    return (
        None if series is None else {"size": [width, height], "xyz": np.round(series, 5).tolist()}
    )


def _name(georeference: Georeference) -> str:
    crs = georeference.crs
    if crs is None:
        return ""
    code = crs.to_epsg()
    return f"EPSG:{code}" if code else "own system"
