"""Areas on the ground against closed forms and against an equal-area projection."""

from __future__ import annotations

import math

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS
from rasterio.warp import transform

from core.imagery.ground_area import (
    GroundAreas,
    NoGroundAreas,
    ground_areas,
    pixel_sides,
)
from core.imagery.header import Georeference

EARTH = 5.10065621724e14  # m², of the WGS 84 ellipsoid
EQUAL_AREA = "+proj=cea +ellps=WGS84"


def areas_of(crs: str, transform: Affine, width: int, height: int) -> GroundAreas:
    areas = ground_areas(Georeference(CRS.from_user_input(crs), transform), width, height)
    assert isinstance(areas, GroundAreas)
    return areas


def by_equal_area(crs: str, grid: Affine, width: int, height: int) -> float:
    """Area of the whole image by the shoelace formula in an equal-area projection."""
    steps = np.linspace(0, 1, 200, endpoint=False)
    edge = np.concatenate(
        [
            np.stack([steps * width, 0 * steps], 1),
            np.stack([0 * steps + width, steps * height], 1),
            np.stack([width - steps * width, 0 * steps + height], 1),
            np.stack([0 * steps, height - steps * height], 1),
        ]
    )
    x, y = grid @ (edge[:, 0], edge[:, 1])
    east, north = (np.array(part) - part[0] for part in transform(crs, EQUAL_AREA, x, y))
    return abs(float(np.dot(east, np.roll(north, -1)) - np.dot(north, np.roll(east, -1)))) / 2


@pytest.mark.parametrize(
    ("crs", "grid", "width", "height"),
    [
        ("EPSG:3857", Affine(1, 0, 500000, 0, -1, 8399737.9), 96, 96),
        ("EPSG:3857", Affine(0.5, 0, 498000, 0, -0.5, 6785000), 900, 900),  # Rotterdam
        ("EPSG:4087", Affine(10, 0, 500000, 0, -10, 5780000), 300, 200),
        ("EPSG:4326", Affine(1e-4, 0, 5, 0, -1e-4, 52), 400, 30000),
        ("EPSG:32640", Affine(0.5, 0, 325000, 0, -0.5, 2790000), 1000, 1000),
        ("EPSG:2263", Affine(2, 0, 980000, 0, -2, 200000), 500, 400),  # US survey feet
        ("EPSG:3413", Affine(100, 20, -300000, 20, -100, -1000000), 3000, 3000),  # turned
        ("EPSG:4326", Affine(1e-4, 0, 5, 0, 1e-4, 52), 40, 30),  # south up
        ("EPSG:4807", Affine(1e-3, 0, 2, 0, -1e-3, 54), 100, 100),  # grads from Paris
    ],
)
def test_whole_images_against_an_equal_area_projection(
    crs: str, grid: Affine, width: int, height: int
) -> None:
    areas = areas_of(crs, grid, width, height)
    expected = by_equal_area(crs, grid, width, height)
    labels = np.zeros((height, width), np.uint8)
    # The ellipsoids of old systems differ from WGS 84's by some 1e-5.
    assert areas.mean * width * height == pytest.approx(expected, rel=1e-4)
    assert areas.by_label(labels)[0] == pytest.approx(expected, rel=1e-4)


def test_figures_that_are_known() -> None:
    mercator = areas_of("EPSG:3857", Affine(1, 0, 500000, 0, -1, 8399737.9), 96, 96)
    assert mercator.mean == pytest.approx(0.251, rel=0.01)
    whole = areas_of("EPSG:4326", Affine(0.5, 0, -180, 0, -0.5, 90), 720, 360)
    assert whole.by_label(np.zeros((360, 720), np.uint8))[0] == pytest.approx(EARTH, rel=1e-5)


def test_each_row_has_its_own_area() -> None:
    """A band of latitude, by the closed form of the authalic latitude."""
    areas = areas_of("EPSG:4326", Affine(0.01, 0, 5, 0, -0.01, 70), 10, 5000)
    labels = np.full((5000, 10), 255, np.uint8)
    labels[:100] = 0
    labels[-100:] = 1
    by_label = areas.by_label(labels)

    def zone(south: float, north: float) -> float:
        eccentricity = math.sqrt(6.69437999014e-3)
        b2 = 6378137.0**2 * (1 - eccentricity**2)

        def q(degrees: float) -> float:
            s = math.sin(math.radians(degrees))
            es = eccentricity * s
            return s / (1 - es * es) + math.atanh(es) / eccentricity

        return math.radians(0.1) * b2 / 2 * (q(north) - q(south))

    assert by_label[0] == pytest.approx(zone(69, 70), rel=1e-6)
    assert by_label[1] == pytest.approx(zone(20, 21), rel=1e-6)


def test_polygons_have_the_area_of_their_pixels() -> None:
    areas = areas_of("EPSG:3857", Affine(5000, 0, 0, 0, -5000, 9e6), 400, 1200)
    labels = np.zeros((1200, 400), np.uint8)
    labels[100:1100, 50:300] = 1
    labels[500:600, 100:200] = 0
    outer = np.array([[50, 100], [50, 1100], [300, 1100], [300, 100], [50, 100]], float)
    hole = np.array([[100, 500], [200, 500], [200, 600], [100, 600], [100, 500]], float)
    expected = areas.by_label(labels)[1]
    within = np.abs(areas.of_rings(np.concatenate([outer, hole]), np.array([0, 5, 10])))
    assert within[0] - within[1] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("crs", "grid", "width", "height", "expected"),
    [
        # Equal-area grids: a pixel has the area of its sides.
        ("EPSG:6933", Affine(36032.22, 0, -17367530.445, 0, -36032.22, 7314540.831), 964, 406, 0),
        ("EPSG:6931", Affine(25000, 0, -2000000, 0, -25000, 3000000), 200, 200, 0),
        # Scale 0.9728 at the pole, as EPSG:3031 has it true at 71 degrees south.
        ("EPSG:3031", Affine(100, 0, -5000, 0, -100, 5000), 100, 100, 1.0568e8),
    ],
)
def test_coarse_grids_and_the_pole(
    crs: str, grid: Affine, width: int, height: int, expected: float
) -> None:
    areas = areas_of(crs, grid, width, height)
    expected = expected or abs(grid.determinant) * width * height
    assert areas.mean * width * height == pytest.approx(
        expected, rel=1e-4 if expected < 1e9 else 1e-6
    )


def test_across_the_date_line() -> None:
    areas = areas_of("EPSG:32601", Affine(1000, 0, 200000, 0, -1000, 7200000), 300, 300)
    expected = by_equal_area("EPSG:32601", Affine(1000, 0, 400000, 0, -1000, 7200000), 200, 300)
    assert areas.mean == pytest.approx(expected / 60000, rel=5e-3)


@pytest.mark.parametrize(
    ("georeference", "reason"),
    [
        (None, "no georeference"),
        (Georeference(None, Affine.scale(2)), "no coordinate reference system"),
        (
            Georeference(CRS.from_wkt('LOCAL_CS["site",UNIT["metre",1]]'), Affine.scale(2)),
            '"site" have no known place',
        ),
        (Georeference(CRS.from_epsg(32640), Affine.scale(1e9)), "no known place"),
        (Georeference(CRS.from_epsg(4326), Affine(1, 0, 0, 0, -1, 95)), "no known place"),
    ],
)
def test_where_there_is_none_the_reason_is_given(
    georeference: Georeference | None, reason: str
) -> None:
    areas = ground_areas(georeference, 10, 10)
    assert isinstance(areas, NoGroundAreas)
    assert reason in areas.reason


@pytest.mark.parametrize(
    ("crs", "transform", "width", "height"),
    [
        ("EPSG:32631", Affine(0.5, 0, 590000, 0, -0.5, 5750000), 900, 900),
        ("EPSG:3857", Affine(0.5, 0, 498000, 0, -0.5, 6785000), 900, 700),
        ("EPSG:4326", Affine(1e-4, 0, 5, 0, -1e-4, 52), 400, 300),
        ("EPSG:2263", Affine(2, 0, 980000, 0, -2, 200000), 500, 400),
        ("EPSG:3413", Affine(100, 20, -300000, 20, -100, -1000000), 300, 300),
    ],
)
def test_sides_of_a_pixel_make_its_area(
    crs: str, transform: Affine, width: int, height: int
) -> None:
    sides = pixel_sides(Georeference(CRS.from_user_input(crs), transform), width, height)
    areas = areas_of(crs, transform, width, height)
    assert sides and sides[0] * sides[1] == pytest.approx(areas.mean, rel=2e-4)


def test_sides_of_a_pixel_by_the_radii_of_the_ellipsoid() -> None:
    """M and N of WGS 84 at 52 degrees north: a degree is 111,263.3 m along, 68,677.6 m across."""
    degrees = Georeference(CRS.from_epsg(4326), Affine(1e-5, 0, 5, 0, -1e-5, 52.0005))
    axis, e2, latitude = 6378137.0, 0.00669437999014, np.radians(52)
    root = np.sqrt(1 - e2 * np.sin(latitude) ** 2)
    along = np.radians(1e-5) * axis * (1 - e2) / root**3
    across = np.radians(1e-5) * axis / root * np.cos(latitude)
    sides = pixel_sides(degrees, 100, 100)
    assert sides == pytest.approx((across, along), rel=1e-6)
    utm = Georeference(CRS.from_epsg(32631), Affine(1, 0, 499950, 0, -1, 5760050))
    # On the central meridian the scale is 0.9996.
    assert pixel_sides(utm, 100, 100) == pytest.approx((1 / 0.9996, 1 / 0.9996), rel=1e-6)


def test_a_pixel_without_a_place_has_no_sides() -> None:
    assert pixel_sides(None, 10, 10) is None
    assert pixel_sides(Georeference(None, Affine.identity()), 10, 10) is None
