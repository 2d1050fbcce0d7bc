"""Areas on the ground of an image's pixels, in whatever reference system it lies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.polynomial import chebyshev

if TYPE_CHECKING:
    from core.imagery.header import Georeference

__all__ = [
    "GroundAreas",
    "NoGroundAreas",
    "ground_areas",
    "in_degrees",
    "pixel_sides",
    "space_series",
]

# WGS 84: semi-major axis in m, first eccentricity squared.
_AXIS, _E2 = 6378137.0, 6.69437999014e-3
_DEGREE = math.pi / 180 * _AXIS  # m of a degree at the equator
_STEP = 20.0  # m: shorter steps drown in the rounding of PROJ, longer ones in the curvature
_DEGREES = (2, 6, 14, 30)  # of the polynomial; higher ones where lower ones do not fit
_EXACT = 1e-6  # relative error at which a polynomial fits
_WORST = 1e-3  # and up to which the last one is taken
_SPACE_DEGREES = (2, 4, 8, 16, 24)  # likewise, of places in space
_PLACED = 1e-4  # m, the error at which it fits
_PLACED_WORST = 1e-3  # and up to which the last one is taken
_ROWS, _COLUMNS = 512, 4096  # of an image at once


@dataclass(frozen=True)
class NoGroundAreas:
    """There are no areas, and why."""

    reason: str


@dataclass(frozen=True)
class GroundAreas:
    """The area of the ground under each pixel of an image.

    Kept as a polynomial over the image, so that sums over rows and polygons agree to the digit.

    Attributes:
        width, height: of the image in pixels.
        coefficients: (n, n) float64, of Chebyshev polynomials in x and y, each from -1 at one edge
            of the image to 1 at the other; m² a pixel.
    """

    width: int
    height: int
    coefficients: np.ndarray

    @property
    def mean(self) -> float:
        """Mean area of a pixel in m²."""
        x, y = np.array([1, 0, 1, 0]) * self.width, np.array([1, 1, 0, 0]) * self.height
        a, b, c, d = self._primitive(x, y)
        return float(a - b - c + d) / 4

    def by_label(self, labels: np.ndarray, count: int = 256) -> np.ndarray:
        """Area under each label.

        Args:
            labels: (H, W) whole numbers below `count`, of this image.
            count: number of labels.

        Returns:
            (count,) float64, m².
        """
        totals = np.zeros(count)
        for row in range(0, self.height, _ROWS):
            for column in range(0, self.width, _COLUMNS):
                part = labels[row : row + _ROWS, column : column + _COLUMNS]
                totals += self.of_part(part, row, column, count)
        return totals

    def of_part(self, labels: np.ndarray, row: int, column: int, count: int = 256) -> np.ndarray:
        """Area under each label in a part of the image.

        Args:
            labels: (h, w) whole numbers below `count`.
            row, column: of its upper left pixel.
            count: number of labels.

        Returns:
            (count,) float64, m².
        """
        order = len(self.coefficients) - 1
        height, width = labels.shape
        across = chebyshev.chebvander(self._centres(self.width, column, width), order)
        down = chebyshev.chebvander(self._centres(self.height, row, height), order)
        # Coefficients are of x first, rows of an image of y.
        areas = down @ self.coefficients.T @ across.T
        return np.bincount(labels.ravel(), weights=areas.ravel(), minlength=count)

    def of_rings(self, points: np.ndarray, rings: np.ndarray) -> np.ndarray:
        """Areas within rings whose edges follow those of pixels.

        By Green's theorem: with F the integral of the areas over x and y, it is the sum of the
        differences of F along the edges that go down or up.

        Args:
            points: (N, 2), x to the right and y down in pixels, of all rings one after another; a
                ring ends where it begins.
            rings: (R + 1,) int64, where each ring begins, and N; at least one ring.

        Returns:
            (R,) float64, m², of either sign.
        """
        x = points[:, 0]
        total = self._primitive(x.astype(np.float64), points[:, 1].astype(np.float64))
        along = np.where(x[1:] == x[:-1], total[1:] - total[:-1], 0.0)
        along[rings[1:-1] - 1] = 0  # from one ring to the next
        return np.asarray(np.add.reduceat(along, rings[:-1])) * self._pixels

    def _primitive(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        u, v = 2 * x / self.width - 1, 2 * y / self.height - 1
        values: np.ndarray = chebyshev.chebval2d(u, v, self._double_integral)
        return values

    @cached_property
    def _double_integral(self) -> np.ndarray:
        over_x = chebyshev.chebint(self.coefficients, axis=0)
        return np.asarray(chebyshev.chebint(over_x, axis=1))

    @property
    def _pixels(self) -> float:
        """Pixels in a unit square of the polynomial's coordinates."""
        return self.width * self.height / 4

    @staticmethod
    def _centres(length: int, start: int, count: int) -> np.ndarray:
        return (2 * np.arange(start, start + count) + 1) / length - 1


def ground_areas(
    georeference: Georeference | None, width: int, height: int
) -> GroundAreas | NoGroundAreas:
    """True areas on the WGS 84 ellipsoid, whatever the reference system does to them.

    The area of a pixel is that of the parallelogram of its two sides on the ellipsoid, taken in
    space from differences over 20 m of ground at Chebyshev points of the image. Between them a
    polynomial holds to a part in 10⁶, and where none does there are no areas.

    Args:
        georeference: grid and reference system of the image; None for a plain picture.
        width, height: of the image in pixels.
    """
    if georeference is None:
        return NoGroundAreas("the image has no georeference")
    if georeference.crs is None:
        return NoGroundAreas("the image's grid has no coordinate reference system")
    error = math.inf
    for degree in _DEGREES:
        nodes = np.cos((np.arange(degree + 1) + 0.5) * np.pi / (degree + 1))
        areas = _pixel_areas(georeference, width, height, nodes, nodes)
        if areas is None:
            break
        coefficients = _interpolation(areas)
        probe = np.linspace(-0.97, 0.97, 7)
        truth = _pixel_areas(georeference, width, height, probe, probe)
        if truth is None:
            break
        value = chebyshev.chebgrid2d(probe, probe, coefficients)
        error = float(np.abs(value / truth - 1).max())
        if error < _EXACT:
            return GroundAreas(width, height, coefficients)
    if error < _WORST:
        return GroundAreas(width, height, coefficients)
    crs = georeference.crs
    if math.isinf(error):
        name = crs.to_string() if crs.to_epsg() else _name(crs.wkt)
        return NoGroundAreas(f"pixels of {name} have no known place on the ground")
    return NoGroundAreas("the image's reference system is torn within the image")


def _name(wkt: str) -> str:
    """What a reference system calls itself, which stands in its first quotation marks."""
    parts = wkt.split('"')
    return f'"{parts[1]}"' if len(parts) > 2 else "this reference system"


def _interpolation(values: np.ndarray) -> np.ndarray:
    """Coefficients through values at the zeros of a Chebyshev polynomial, (n, n) to (n, n)."""
    count = len(values)
    nodes = np.cos((np.arange(count) + 0.5) * np.pi / count)
    basis = chebyshev.chebvander(nodes, count - 1)
    scale = np.full(count, 2 / count)
    scale[0] = 1 / count
    across = (basis * scale).T
    coefficients: np.ndarray = across @ values @ across.T
    return coefficients


def in_degrees(georeference: Georeference, x: np.ndarray, y: np.ndarray) -> np.ndarray | None:
    """Coordinates of a grid's reference system as longitude and latitude (WGS 84).

    Args:
        georeference: of which `x` and `y` are coordinates.
        x, y: (N,) float64.

    Returns:
        (N, 2) float64; None where the system is not given or local, or a point is beyond it.
    """
    from rasterio._err import CPLE_BaseError  # in none of rasterio's public modules
    from rasterio.errors import CRSError, RasterioError
    from rasterio.warp import transform

    if georeference.crs is None:
        return None
    try:
        places = np.array(transform(georeference.crs, "EPSG:4326", x, y)[:2]).T
    except (CRSError, RasterioError, CPLE_BaseError):
        return None
    if not np.isfinite(places).all() or (len(places) and np.abs(places[:, 1]).max() > 90):
        return None
    return places


def _pixel_areas(
    georeference: Georeference, width: int, height: int, u: np.ndarray, v: np.ndarray
) -> np.ndarray | None:
    """m² a pixel at each place (u, v) of the image, (len u, len v); None if one has no place."""
    from rasterio.errors import CRSError

    crs, grid = georeference.crs, georeference.transform
    assert crs is not None
    try:
        unit = _DEGREE * crs.units_factor[1] / math.radians(1) if crs.is_geographic else None
        side = math.sqrt(abs(grid.determinant)) * (unit or crs.linear_units_factor[1])
    except (CRSError, KeyError):
        return None
    if not 0 < side < math.inf:
        return None
    step = _STEP / side / 2
    x = np.repeat((u + 1) * width / 2, len(v))
    y = np.tile((v + 1) * height / 2, len(u))
    offsets = ((step, 0), (-step, 0), (0, step), (0, -step))
    columns = np.concatenate([x + dx for dx, _ in offsets])
    rows = np.concatenate([y + dy for _, dy in offsets])
    east = grid.a * columns + grid.b * rows + grid.c
    north = grid.d * columns + grid.e * rows + grid.f
    degrees = in_degrees(georeference, east, north)
    if degrees is None:
        return None
    right, left, down, up = _in_space(degrees).reshape(len(offsets), -1, 3)
    areas = np.linalg.norm(np.cross(right - left, down - up), axis=-1) / (2 * step) ** 2
    if not (areas > 0).all():
        return None
    return np.asarray(areas.reshape(len(u), len(v)))


def _in_space(degrees: np.ndarray) -> np.ndarray:
    """Longitude and latitude on the ellipsoid (N, 2) as x, y, z from its centre (N, 3), in m.

    In space neither the date line nor a pole is a special place.
    """
    longitude, latitude = np.radians(degrees).T
    vertical = _AXIS / np.sqrt(1 - _E2 * np.sin(latitude) ** 2)
    return np.stack(
        [
            vertical * np.cos(latitude) * np.cos(longitude),
            vertical * np.cos(latitude) * np.sin(longitude),
            vertical * (1 - _E2) * np.sin(latitude),
        ],
        axis=-1,
    )


def pixel_sides(
    georeference: Georeference | None, width: int, height: int
) -> tuple[float, float] | None:
    """Width and height of a pixel on the WGS 84 ellipsoid, in m, in the middle of an image.

    From the ground that the middle tenth of the image, or a pixel where that is more, spans: a
    chord, which is shorter than the arc by less than a part in 10⁶ up to 30 km.

    Args:
        georeference: grid and reference system of the image; None for a plain picture.
        width, height: of the image in pixels.

    Returns:
        The length of a step to the right and of one down; None where the middle of the image has no
        known place on the ground.
    """
    if georeference is None:
        return None
    reach = (max(0.5, width / 20), max(0.5, height / 20))
    columns = width / 2 + np.array([-reach[0], reach[0], 0, 0])
    rows = height / 2 + np.array([0, 0, -reach[1], reach[1]])
    grid = georeference.transform
    east = grid.a * columns + grid.b * rows + grid.c
    degrees = in_degrees(georeference, east, grid.d * columns + grid.e * rows + grid.f)
    if degrees is None:
        return None
    left, right, up, down = _in_space(degrees)
    across = float(np.linalg.norm(right - left)) / (2 * reach[0])
    along = float(np.linalg.norm(down - up)) / (2 * reach[1])
    return (across, along) if across > 0 and along > 0 else None


def space_series(georeference: Georeference, width: int, height: int) -> np.ndarray | None:
    """Where the points of an image lie in space, as a polynomial that holds to a millimetre.

    From it lengths and areas on the WGS 84 ellipsoid follow without knowing the reference system.

    Args:
        georeference: grid and reference system of the image.
        width, height: of the image in pixels.

    Returns:
        (3, n, n) float64, coefficients of Chebyshev polynomials in x and y, each from -1 at one
        edge of the image to 1 at the other, of x, y and z from the centre of the Earth in m; None
        where a part of the image has no known place, or the reference system is torn within it.
    """
    probe = np.linspace(-0.99, 0.99, 9)
    truth = _places_in_space(georeference, width, height, probe)
    if truth is None:
        return None
    error = math.inf
    for degree in _SPACE_DEGREES:
        nodes = np.cos((np.arange(degree + 1) + 0.5) * np.pi / (degree + 1))
        places = _places_in_space(georeference, width, height, nodes)
        if places is None:
            return None
        series = np.stack([_interpolation(values) for values in places])
        values = np.stack([chebyshev.chebgrid2d(probe, probe, own) for own in series])
        error = float(np.abs(values - truth).max())
        if error < _PLACED:
            return series
    return series if error < _PLACED_WORST else None


def _places_in_space(
    georeference: Georeference, width: int, height: int, at: np.ndarray
) -> np.ndarray | None:
    """x, y and z (3, n, n) in m at n × n places of an image, each from -1 to 1."""
    columns = np.repeat((at + 1) * width / 2, len(at))
    rows = np.tile((at + 1) * height / 2, len(at))
    grid = georeference.transform
    east = grid.a * columns + grid.b * rows + grid.c
    degrees = in_degrees(georeference, east, grid.d * columns + grid.e * rows + grid.f)
    if degrees is None:
        return None
    return _in_space(degrees).T.reshape(3, len(at), len(at))
