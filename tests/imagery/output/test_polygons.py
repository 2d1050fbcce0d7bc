"""Polygons of a label map lie where its pixels lie, and are written part by part."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import pytest
import shapely
from affine import Affine
from rasterio.crs import CRS
from rasterio.features import rasterize
from rasterio.transform import from_origin
from rasterio.warp import transform

from core.classes import DUBAI_CLASSES
from core.imagery.header import Georeference
from core.imagery.output import polygons as polygons_module
from core.imagery.output.outlines import OutlineSettings
from core.imagery.output.polygons import polygon_parts
from core.paths import write_parts
from core.provenance import is_own_file
from tests.geojson import polygons

RNG = np.random.default_rng(3)
BLOBS = cv2.resize(RNG.integers(0, 5, (6, 6), np.uint8), (60, 60), interpolation=cv2.INTER_NEAREST)
BLOBS[:4, :9] = 255
NOISE = RNG.integers(0, 3, (300, 300), np.uint8)
UTM = Georeference(CRS.from_epsg(32631), from_origin(594000, 5749000, 0.5, 0.5))


def test_polygons_burn_back_to_the_same_labels() -> None:
    collection = polygons(BLOBS, DUBAI_CLASSES.names, None)
    burnt = rasterize(
        [(f["geometry"], f["properties"]["label"]) for f in collection["features"]],
        out_shape=BLOBS.shape,
        fill=255,
        dtype="uint8",
    )
    np.testing.assert_array_equal(burnt, BLOBS)
    for index, name in enumerate(DUBAI_CLASSES.names):
        mine = [
            f["properties"] for f in collection["features"] if f["properties"]["label"] == index
        ]
        assert all(p["class"] == name for p in mine)
        assert sum(p["pixels"] for p in mine) == (index == BLOBS).sum()


def test_polygons_of_a_located_image_are_in_degrees() -> None:
    place = Georeference(CRS.from_epsg(32631), Affine(0.5, 0, 594000, 0, -0.5, 5749000))
    for feature in polygons(BLOBS, DUBAI_CLASSES.names, place)["features"]:
        assert feature["properties"]["area_m2"] == pytest.approx(
            feature["properties"]["pixels"] * 0.25, rel=1e-3
        )
        corners = np.array(feature["geometry"]["coordinates"][0])
        assert ((corners > [4, 51]) & (corners < [5, 53])).all()  # Rotterdam


def test_a_region_across_the_date_line_is_cut_there() -> None:
    place = Georeference(CRS.from_epsg(4326), Affine(0.1, 0, 179, 0, -0.1, 10))
    labels = np.zeros((10, 20), np.uint8)
    (feature,) = polygons(labels, ("land",), place)["features"]
    assert feature["geometry"]["type"] == "MultiPolygon"
    east, west = (np.array(part[0]) for part in feature["geometry"]["coordinates"])
    assert (east[:, 0].min(), east[:, 0].max()) == pytest.approx((179, 180))
    assert (west[:, 0].min(), west[:, 0].max()) == pytest.approx((-180, -179))
    assert feature["properties"]["pixels"] == 200


QUARTERS = np.kron([[0, 1, 2, 1], [1, 0, 1, 2], [2, 1, 1, 0], [1, 1, 0, 2]], np.ones((10, 10)))
HALVES = np.kron([[1, 0]], np.ones((40, 20)))


@pytest.mark.parametrize("labels", [QUARTERS, HALVES, QUARTERS * 0], ids=["many", "two", "one"])
@pytest.mark.parametrize(
    ("crs", "grid"),
    [
        ("EPSG:4326", from_origin(-180, 90, 9, 4.5)),
        ("EPSG:4326", from_origin(0, 90, 9, 4.5)),
        ("EPSG:4326", from_origin(90, 80, 5.5, 4)),
        ("EPSG:4326", from_origin(-200, 80, 1, 4)),
        ("EPSG:3857", from_origin(-20037508, 20037508, 1001875.4, 1001875.4)),
        ("EPSG:3413", from_origin(-501000, 500000, 25000, 25000)),  # the pole within a pixel
        ("EPSG:3413", from_origin(-500000, 500000, 25000, 25000)),  # at a corner of four
        ("EPSG:3031", from_origin(-500000, 501000, 25000, 25000)),
        ("EPSG:3031", from_origin(-500000, 500000, 25000, 25000)),
        ("EPSG:3031", from_origin(-700000, 500000, 25000, 25000)),
        ("EPSG:32660", from_origin(690000, 5000000, 500, 500)),
    ],
)
def test_centres_of_pixels_lie_in_the_polygon_of_their_class(
    crs: str, grid: Affine, labels: np.ndarray
) -> None:
    collection = polygons(
        labels.astype(np.uint8), ("a", "b", "c"), Georeference(CRS.from_user_input(crs), grid)
    )
    assert "left_out" not in collection
    # Off the middle: on a border of two, such as the antimeridian, a point is within neither.
    rows, columns = (axis.ravel() for axis in np.mgrid[0:40:3, 0:40:3])
    x, y = grid * (columns + 0.47, rows + 0.52)
    longitudes, latitudes = transform(crs, "EPSG:4326", x, y)[:2]
    points = shapely.points((np.array(longitudes) + 180) % 360 - 180, latitudes)
    hits = np.zeros((3, len(points)), int)
    for feature in collection["features"]:
        shape = shapely.geometry.shape(feature["geometry"])
        west, south, east, north = shape.bounds
        assert shape.is_valid
        assert -180 <= west < east <= 180
        assert -90 <= south < north <= 90
        hits[feature["properties"]["label"]] += shapely.contains(shape, points)
    expected = np.arange(3)[:, None] == labels[rows, columns]
    np.testing.assert_array_equal(hits, expected.astype(int))


def _pixels_off(ring: np.ndarray, place: Georeference) -> float:
    """How far the straight lines of a ring in degrees are from whole columns and rows."""
    share = np.linspace(0, 1, 41)[:, None, None]
    points = (ring[:-1] + share * (ring[1:] - ring[:-1])).reshape(-1, 2)
    x, y = transform("EPSG:4326", place.crs, *points.T)[:2]
    columns, rows = ~place.transform * (np.array(x), np.array(y))
    off = [np.abs(values - np.round(values / 5490) * 5490) for values in (columns, rows)]
    return float(np.minimum(*off).max())


@pytest.mark.parametrize("simplify", [0, 1])
@pytest.mark.parametrize(
    ("crs", "grid"),
    [
        ("EPSG:32633", from_origin(300000, 6000000, 10, 10)),  # a Sentinel-2 tile
        ("EPSG:32633", from_origin(300000, 6000000, 0.1, 0.1)),
        ("EPSG:3035", from_origin(5000000, 3500000, 10, 10)),
        ("+proj=sinu +R=6371007.181", from_origin(1111950, 5559752, 100, 100)),
    ],
)
def test_long_edges_follow_the_pixels(crs: str, grid: Affine, simplify: float) -> None:
    place = Georeference(CRS.from_user_input(crs), grid)
    labels = np.zeros((10980, 10980), np.uint8)
    labels[5490:] = 1
    features = polygons(labels, ("a", "b"), place, OutlineSettings(simplify=simplify))["features"]
    for feature in features:
        (ring,) = feature["geometry"]["coordinates"]
        assert len(ring) < 400
        assert _pixels_off(np.array(ring), place) < 0.1


def test_short_edges_and_degrees_get_no_points() -> None:
    for crs, grid in (("EPSG:32633", from_origin(3e5, 6e6, 1, 1)), ("EPSG:4326", Affine.scale(1))):
        place = Georeference(CRS.from_user_input(crs), grid)
        (feature,) = polygons(np.zeros((60, 60), np.uint8), ("a",), place)["features"]
        assert len(feature["geometry"]["coordinates"][0]) == 5


def test_what_has_no_valid_outline_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polygons_module, "on_the_globe", lambda *_, **__: None)
    place = Georeference(CRS.from_epsg(4326), Affine(0.1, 0, 179, 0, -0.1, 10))
    collection = polygons(np.zeros((10, 20), np.uint8), ("land",), place)
    assert collection["features"][0]["geometry"] is None
    assert collection["features"][0]["properties"]["pixels"] == 200
    assert collection["left_out"] == "1 outline(s) that cannot be given in degrees"


def test_a_grid_many_times_round_the_globe_is_left_out() -> None:
    """A pixel of ten million degrees was cut into as many parts as there are turns: 23 s."""
    labels = np.zeros((8, 8), np.uint8)
    labels[:4] = 1
    grid = Georeference(CRS.from_epsg(4326), Affine(1e9, 0, 0, 0, -1, 4))
    collection = polygons(labels, ("a", "b"), grid)
    assert [feature["geometry"] for feature in collection["features"]] == [None, None]
    assert "2 outline(s)" in collection["left_out"]


@pytest.mark.parametrize("grid", [None, UTM], ids=["pixels", "degrees"])
def test_what_is_written_in_parts_is_one_marked_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grid: Georeference | None
) -> None:
    names = ('a, "b": c', "é", "d")
    whole = b"".join(polygon_parts(NOISE, names, grid))
    monkeypatch.setattr(polygons_module, "_CORNERS", 1000)
    parts = list(polygon_parts(NOISE, names, grid))
    assert len(parts) > 100
    assert b"".join(parts) == whole
    assert json.dumps(json.loads(whole), ensure_ascii=False).encode() == whole
    write_parts(tmp_path / "a.geojson", parts)
    assert is_own_file(tmp_path / "a.geojson")


def test_a_noisy_map_is_never_in_memory_as_objects() -> None:
    """Features as dictionaries of lists took 107 MB here."""
    tracemalloc.start()
    try:
        size = sum(map(len, polygon_parts(NOISE, ("a", "b", "c"), UTM)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size > 5e6
    assert peak < 50e6


def test_areas_of_a_noisy_map_add_up_to_those_of_its_labels() -> None:
    for settings in (OutlineSettings(), OutlineSettings(simplify=1)):
        features = polygons(NOISE, ("a", "b", "c"), UTM, settings)["features"]
        for label in range(3):
            mine = [f["properties"] for f in features if f["properties"]["label"] == label]
            assert sum(p["pixels"] for p in mine) == (label == NOISE).sum()
            assert sum(p["area_m2"] for p in mine) == pytest.approx(
                sum(p["pixels"] for p in mine) / 4, rel=1e-2
            )


def test_a_map_of_void_alone_has_no_polygon() -> None:
    for grid in (None, UTM):
        assert polygons(np.full((4, 4), 255, np.uint8), ("a",), grid)["features"] == []
