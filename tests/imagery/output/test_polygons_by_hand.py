"""Shapes made by hand in three reference systems: rings, holes, places and areas, known before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from affine import Affine
from rasterio.crs import CRS
from rasterio.warp import transform

from core.imagery.ground_area import ground_areas
from core.imagery.header import Georeference
from core.imagery.output.geopackage import write_geopackage
from core.imagery.output.outlines import OutlineSettings, in_pixels
from core.imagery.output.polygons import outlines_of, polygon_parts

NAMES = ("Land", "Roof", "Water")
# Columns and rows of the image's north-west corner, and a pixel of about 10 m.
GRIDS = {
    "EPSG:4326": Affine(1e-4, 0, 55.2, 0, -1e-4, 25.1),
    "EPSG:32640": Affine(10, 0, 325_000, 0, -10, 2_790_000),
    "EPSG:3857": Affine(11, 0, 6_150_000, 0, -11, 2_890_000),
}


def labels() -> np.ndarray:
    """Land; a roof with a court in which a pool lies; roofs that touch at a corner; no data."""
    image = np.zeros((40, 50), np.uint8)
    image[5:25, 5:30] = 1
    image[10:20, 10:25] = 0  # the court
    image[13:16, 14:18] = 2  # the pool
    image[30:33, 5:8] = image[33:36, 8:11] = 1
    image[:, 45:] = 255
    return image


# Corners by column and row: the outer ring, then holes.
POOL = [(14, 13), (18, 13), (18, 16), (14, 16)]
BY_HAND: dict[str, tuple[int, list[list[tuple[int, int]]]]] = {
    "roof": (1, [[(5, 5), (30, 5), (30, 25), (5, 25)], [(10, 10), (25, 10), (25, 20), (10, 20)]]),
    "court": (0, [[(10, 10), (25, 10), (25, 20), (10, 20)], POOL]),
    "pool": (2, [POOL]),
    "first of two": (1, [[(5, 30), (8, 30), (8, 33), (5, 33)]]),
    "second of two": (1, [[(8, 33), (11, 33), (11, 36), (8, 36)]]),
}  # fmt: skip


def placed(rings: list[list[tuple[int, int]]], grid: Affine) -> shapely.Polygon:
    outer, *holes = ([grid @ corner for corner in ring] for ring in rings)
    return shapely.Polygon(outer, holes)


def brought(shape: shapely.Polygon, source: str, target: str) -> shapely.Polygon:
    """The shape in another reference system, corner by corner."""

    def move(points: np.ndarray) -> np.ndarray:
        return np.column_stack(transform(source, target, *points.T))

    return shapely.transform(shape, move)


def geojson(crs: str, settings: OutlineSettings) -> list[dict[str, Any]]:
    grid = Georeference(CRS.from_string(crs), GRIDS[crs])
    collection = json.loads(b"".join(polygon_parts(labels(), NAMES, grid, settings)))
    assert set(collection) == {"type", "features", "generator"}  # no notes: all has its place
    return list(collection["features"])


@pytest.mark.parametrize("simplify", [0, 1])
@pytest.mark.parametrize("crs", GRIDS)
def test_geojson_has_the_rings_in_degrees_and_the_area_on_the_ellipsoid(
    crs: str, simplify: float
) -> None:
    """A tolerance of one pixel takes no corner of a rectangle."""
    features = geojson(crs, OutlineSettings(simplify=simplify))
    assert len(features) == len(BY_HAND) + 1  # and the land around
    seen = {name: 0 for name in BY_HAND}
    for feature in features:
        assert feature["geometry"]["type"] == "Polygon"
        shape = shapely.geometry.shape(feature["geometry"])
        assert shape.is_valid
        for number, ring in enumerate(feature["geometry"]["coordinates"]):
            assert ring[0] == ring[-1] and len(ring) >= 4
            # RFC 7946, 3.1.6: outer rings are counter-clockwise, holes clockwise.
            assert shapely.LinearRing(ring).is_ccw == (number == 0)
        # EPSG:6933 has equal areas, on the ellipsoid; sides bend by less than a millionth here.
        area = brought(shape, "EPSG:4326", "EPSG:6933").area
        assert feature["properties"]["area_m2"] == pytest.approx(area, rel=2e-4)
        for name, (label, rings) in BY_HAND.items():
            wanted = brought(placed(rings, GRIDS[crs]), crs, "EPSG:4326")
            if shape.symmetric_difference(wanted).area < 1e-6 * wanted.area:
                seen[name] += 1
                assert feature["properties"]["label"] == label
                assert feature["properties"]["class"] == NAMES[label]
                inside = shapely.Polygon(rings[0], rings[1:]).area
                assert feature["properties"]["pixels"] == inside
    assert seen == {name: 1 for name in BY_HAND}
    total = sum(feature["properties"]["pixels"] for feature in features)
    assert total == 40 * 45  # all that has data, once


@pytest.mark.parametrize("crs", GRIDS)
def test_a_geopackage_has_the_same_rings_in_the_images_own_system(crs: str, tmp_path: Path) -> None:
    grid = Georeference(CRS.from_string(crs), GRIDS[crs])
    path = tmp_path / "made.gpkg"
    areas = ground_areas(grid, 50, 40)
    write_geopackage(path, outlines_of(labels(), areas, 1), NAMES, grid)
    info, _, shapes, fields = pyogrio.raw.read(path)
    assert CRS.from_user_input(info["crs"]) == CRS.from_string(crs)
    assert info["geometry_type"] == "Polygon"
    polygons = shapely.from_wkb(shapes)
    assert shapely.is_valid(polygons).all()
    assert shapely.is_ccw(shapely.get_exterior_ring(polygons)).all()
    assert not any(shapely.is_ccw(hole) for polygon in polygons for hole in polygon.interiors)
    values = dict(zip(info["fields"], fields, strict=True))
    geojson_areas = [f["properties"]["area_m2"] for f in geojson(crs, OutlineSettings(simplify=1))]
    assert sorted(values["area_m2"]) == sorted(geojson_areas)
    for label, rings in BY_HAND.values():
        wanted, near = shapely.normalize(placed(rings, GRIDS[crs])), 1e-4 * GRIDS[crs].a
        same = [shapely.normalize(shape).equals_exact(wanted, near) for shape in polygons]
        assert sum(same) == 1
        assert values["label"][same.index(True)] == label


@pytest.mark.parametrize("metres", [15, 40])
@pytest.mark.parametrize("crs", GRIDS)
def test_simplified_by_metres_they_leave_no_gap(crs: str, metres: float) -> None:
    """A slope between two classes, in steps of a pixel of about 10 m."""
    rows, columns = np.mgrid[:60, :60]
    slope = ((columns * 2 + rows * 3) % 97 > 48).astype(np.uint8)
    grid = Georeference(CRS.from_string(crs), GRIDS[crs])
    settings = in_pixels(OutlineSettings(metres=metres), grid, 60, 60, "x.tif")
    (made,) = outlines_of(slope, ground_areas(grid, 60, 60), settings.simplify)
    (exact,) = outlines_of(slope, ground_areas(grid, 60, 60), 0)
    assert len(made[0].corners) < 0.5 * len(exact[0].corners)
    shapes = [
        shapely.geometry.shape(feature["geometry"])
        for feature in json.loads(b"".join(polygon_parts(slope, NAMES, grid, settings)))["features"]
    ]
    union = shapely.union_all(shapes)
    assert all(shape.is_valid for shape in shapes)
    # No overlap but what the rounding of degrees leaves.
    assert sum(shape.area for shape in shapes) == pytest.approx(union.area, rel=1e-9)
    whole = next(
        shapely.geometry.shape(feature["geometry"])
        for feature in json.loads(b"".join(polygon_parts(slope * 0, NAMES, grid)))["features"]
    )
    # No gap either: the image's edge bends in degrees, by less than a tenth of a pixel.
    assert whole.symmetric_difference(union).area < 1e-4 * whole.area
