"""Polygons with a minimum area and fewer corners."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
import shapely
from affine import Affine
from rasterio.crs import CRS
from rasterio.transform import from_origin

from core.errors import ImageError
from core.imagery.header import Georeference
from core.imagery.output.joined_regions import joined_regions
from core.imagery.output.outlines import Outlines, OutlineSettings, in_pixels
from core.imagery.output.regions import Regions
from tests.geojson import polygons

NAMES = ("Land", "Roof", "Water")
GRID = Georeference(CRS.from_epsg(32631), from_origin(6e5, 5.7e6, 0.5, 0.5))


def discs() -> np.ndarray:
    """Land with a large disc of roof that touches one of water, and a single stray pixel."""
    labels = np.zeros((120, 160), np.uint8)
    cv2.circle(labels, (50, 60), 30, 1, -1)
    cv2.circle(labels, (105, 60), 28, 2, -1)
    labels[3, 3] = 1
    return labels


def corners(collection: dict) -> int:
    geometries = [feature["geometry"] for feature in collection["features"]]
    return sum(len(ring) for geometry in geometries for ring in geometry["coordinates"])


def shapes(collection: dict) -> list[shapely.Geometry]:
    return [shapely.geometry.shape(feature["geometry"]) for feature in collection["features"]]


def _shapely(regions: Regions) -> np.ndarray:
    """Polygons (P,) of shapely, in pixels."""
    rings = np.split(regions.corners.astype(float), regions.rings[1:-1])
    ends = regions.polygons.tolist()
    return np.array([shapely.Polygon(rings[a], rings[a + 1 : b]) for a, b in pairwise(ends)])


def test_without_settings_nothing_changes() -> None:
    assert polygons(discs(), NAMES, GRID, OutlineSettings()) == polygons(discs(), NAMES, GRID)


def test_regions_below_the_area_are_left_out_in_the_units_of_the_place() -> None:
    counts = [f["properties"]["pixels"] for f in polygons(discs(), NAMES, None)["features"]]
    assert 1 in counts
    in_pixels = polygons(discs(), NAMES, None, OutlineSettings(min_area=2))["features"]
    assert sorted(f["properties"]["pixels"] for f in in_pixels) == sorted(
        n for n in counts if n > 1
    )
    # A pixel has a quarter of a square metre: 600 m² are 2400 pixels.
    in_metres = polygons(discs(), NAMES, GRID, OutlineSettings(min_area=600))["features"]
    areas = [f["properties"]["area_m2"] for f in in_metres]
    assert min(areas) >= 600
    assert len(areas) == sum(n * 0.25 >= 600 for n in counts)
    assert polygons(discs(), NAMES, None, OutlineSettings(min_area=1e9))["features"] == []


def test_simplified_outlines_have_fewer_corners_and_still_meet() -> None:
    exact = polygons(discs(), NAMES, None)
    smooth = polygons(discs(), NAMES, None, OutlineSettings(simplify=2))
    assert corners(smooth) < 0.5 * corners(exact)
    assert [f["properties"] for f in smooth["features"]] == [
        f["properties"] for f in exact["features"]
    ]
    before, after = shapes(exact), shapes(smooth)
    assert all(shape.is_valid for shape in after)
    for a, b in zip(before, after, strict=True):
        if a.area > 10:
            assert abs(a.area - b.area) / a.area < 0.05
            assert a.hausdorff_distance(b) < 6
    # No gap and no overlap: the union covers the image, and the areas add up to it.
    assert shapely.union_all(after).area == np.float64(120 * 160)
    assert abs(sum(shape.area for shape in after) - 120 * 160) < 1e-6


def test_simplification_counts_in_pixels_whatever_the_grid() -> None:
    plain = polygons(discs(), NAMES, None, OutlineSettings(simplify=2))
    located = polygons(discs(), NAMES, GRID, OutlineSettings(simplify=2))
    assert corners(plain) == corners(located)


def test_a_tolerance_in_metres_is_one_of_pixels() -> None:
    settings = OutlineSettings(3, metres=2)
    grid = Georeference(CRS.from_epsg(3857), Affine(1, 0, 0, 0, -1, 8_399_737))  # 60° north
    made = in_pixels(settings, grid, 100, 100, "x.tif")
    assert (made.min_area, made.metres) == (3, 0)
    # There a unit of the web's Mercator is half a metre.
    assert made.simplify == pytest.approx(4, rel=0.01)
    assert in_pixels(OutlineSettings(simplify=3), None, 9, 9, "x") == OutlineSettings(simplify=3)
    with pytest.raises(ImageError, match=r"no georeference.*--simplify P"):
        in_pixels(settings, None, 9, 9, "x.tif")
    with pytest.raises(ImageError, match=r"30 pixels.*at most 10 m"):
        in_pixels(OutlineSettings(metres=15), grid, 9, 9, "x.tif")


def blobs(height: int, width: int) -> np.ndarray:
    """A map of five classes with curved borders, and a part without data."""
    noise = np.random.default_rng(3).random((height, width)).astype(np.float32)
    levels = cv2.GaussianBlur(noise, (0, 0), 5)
    labels = (5 * (levels - levels.min()) / np.ptp(levels)).clip(0, 4.99).astype(np.uint8)
    labels[20:60, 30:70] = 255
    return labels


def t_junctions() -> np.ndarray:
    """Two classes whose border, a slope, ends on the straight side of a third."""
    rows, columns = np.mgrid[:90, :90]
    labels = (rows + columns // 3 > 60).astype(np.uint8)
    labels[:, 60:] = 2
    return labels


@pytest.mark.parametrize("tolerance", [1, 2, 5, 20])
@pytest.mark.parametrize("labels", [blobs(150, 130), t_junctions(), discs()])
def test_neighbours_share_their_borders_exactly(labels: np.ndarray, tolerance: float) -> None:
    outlines = Outlines.of(labels, 255, tolerance)
    exact, drawn = (_shapely(regions) for regions in (outlines.exact, outlines.drawn))
    assert shapely.is_valid(drawn).all() and not shapely.is_empty(drawn).any()
    assert shapely.coverage_is_valid(drawn)  # every border is that of both, corner by corner
    covered = shapely.union_all(drawn)
    assert shapely.area(drawn).sum() == pytest.approx(covered.area)  # no overlap
    # No gap: with what has no data they are the image, whose edge stays as it is.
    everything = Outlines.of(labels, 256, tolerance)
    void = _shapely(everything.drawn)[everything.exact.labels == 255]
    assert shapely.area(void).sum() + covered.area == pytest.approx(labels.size)
    assert covered.bounds == shapely.union_all(exact).bounds == (0, 0, *labels.shape[::-1])


def test_bands_are_simplified_for_themselves_and_meet() -> None:
    labels = blobs(160, 130)
    parts = list(joined_regions([labels[top : top + 40] for top in range(0, 160, 40)], 255, 2))
    exact = np.concatenate([_shapely(part.exact) for part in parts])
    drawn = np.concatenate([_shapely(part.drawn) for part in parts])
    whole = _shapely(Outlines.of(labels, 255).exact)
    assert sorted(shapely.to_wkb(shapely.normalize(exact))) == sorted(
        shapely.to_wkb(shapely.normalize(whole))
    )
    assert shapely.is_valid(drawn).all()
    assert shapely.area(drawn).sum() == pytest.approx(shapely.union_all(drawn).area)
    corners = [shapely.get_num_coordinates(shapes).sum() for shapes in (drawn, exact)]
    assert corners[0] < 0.5 * corners[1]
    labels_of = np.concatenate([part.exact.labels for part in parts])
    np.testing.assert_array_equal(labels_of, np.concatenate([part.drawn.labels for part in parts]))
