"""Footprints as masks: real buildings by their area, round trips, reference systems, bad files."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.features import shapes
from rasterio.warp import transform_geom

from core.datasets.masks.footprints import rasterise, read_footprints
from core.datasets.masks.vector_file import label_extent
from core.errors import DatasetError
from core.imagery.display import to_rgb
from core.imagery.header import Georeference, Header, read_header
from core.imagery.raster import read_raster
from core.mask_coding import MaskCoding

NAMES = ("Background", "Building")
GRID = Header(
    width=40,
    height=30,
    bands=1,
    dtype="uint8",
    driver="GTiff",
    nodata=None,
    georeference=Georeference(CRS.from_epsg(32631), Affine(0.5, 0, 591_000, 0, -0.5, 5_749_000)),
)


def box(x: float, y: float, width: float, height: float) -> dict[str, Any]:
    """A rectangle of `GRID`, given in its pixels."""
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]
    ring = [[591_000 + 0.5 * a, 5_749_000 - 0.5 * b] for a, b in corners]
    return {"type": "Polygon", "coordinates": [ring]}


def collected(
    path: Path, *geometries: dict[str, Any] | None, epsg: int | None = 32631, **extra: Any
) -> Path:
    content: dict[str, Any] = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": dict(extra), "geometry": geometry}
            for geometry in geometries
        ],
    }
    if epsg:
        name = f"urn:ogc:def:crs:EPSG::{epsg}"
        content["crs"] = {"type": "name", "properties": {"name": name}}
    path.write_text(json.dumps(content))
    return path


def burnt(path: Path, header: Header = GRID, **options: Any) -> np.ndarray:
    labels, unknown = rasterise(
        path, Path("a.tif"), header, NAMES, MaskCoding("footprints", **options)
    )
    assert unknown == {}
    return labels


def painted(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    labels = np.zeros((30, 40), np.uint8)
    for x, y, width, height in boxes:
        labels[y : y + height, x : x + width] = 1
    return labels


def test_a_rectangle_lands_on_its_pixels(tmp_path: Path) -> None:
    path = collected(tmp_path / "a.geojson", box(3, 5, 10, 7))
    np.testing.assert_array_equal(burnt(path), painted((3, 5, 10, 7)))


def test_a_pixel_belongs_to_a_polygon_by_its_centre(tmp_path: Path) -> None:
    # All-touched would make it 12 × 9.
    path = collected(tmp_path / "a.geojson", box(2.6, 4.6, 10.8, 7.8))
    np.testing.assert_array_equal(burnt(path), painted((3, 5, 10, 7)))


def test_heights_holes_and_multipolygons(tmp_path: Path) -> None:
    outer, hole = box(2, 2, 12, 12), box(5, 5, 4, 4)
    outer["coordinates"].append(hole["coordinates"][0])
    for ring in outer["coordinates"]:
        for corner in ring:
            corner.append(11.5)
    several = {
        "type": "MultiPolygon",
        "coordinates": [box(20, 2, 3, 3)["coordinates"], box(30, 20, 5, 5)["coordinates"]],
    }
    labels = burnt(collected(tmp_path / "a.geojson", outer, several, None))
    expected = painted((2, 2, 12, 12), (20, 2, 3, 3), (30, 20, 5, 5))
    expected[5:9, 5:9] = 0
    np.testing.assert_array_equal(labels, expected)


def test_minimum_area_is_in_pixels(tmp_path: Path) -> None:
    path = collected(tmp_path / "a.geojson", box(1, 1, 8, 8), box(20, 10, 8, 10))
    np.testing.assert_array_equal(burnt(path, minimum_area=80), painted((20, 10, 8, 10)))
    # Of a building in two parts it is that of both.
    parts = [box(3, 5, 6, 7)["coordinates"], box(20, 5, 6, 7)["coordinates"]]
    several = {"type": "MultiPolygon", "coordinates": parts}
    labels = burnt(collected(tmp_path / "b.geojson", several), minimum_area=80)
    np.testing.assert_array_equal(labels, painted((3, 5, 6, 7), (20, 5, 6, 7)))


def test_no_footprints_is_all_background(tmp_path: Path) -> None:
    assert not burnt(collected(tmp_path / "a.geojson")).any()


@pytest.mark.parametrize("epsg", [4326, 3857, 32632])
def test_another_reference_system_gives_the_same_mask(tmp_path: Path, epsg: int) -> None:
    geometries = [box(3.3, 5.3, 10, 7), box(20.3, 10.3, 9, 15)]
    moved = [transform_geom("EPSG:32631", f"EPSG:{epsg}", g, precision=9) for g in geometries]
    here = burnt(collected(tmp_path / "a.geojson", *geometries))
    there = burnt(collected(tmp_path / "b.geojson", *moved, epsg=epsg))
    assert here.sum() == 10 * 7 + 9 * 15
    np.testing.assert_array_equal(there, here)


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Point", "coordinates": [591_005, 5_748_995]},
        {"type": "LineString", "coordinates": [[591_005, 5_748_995], [591_009, 5_748_990]]},
    ],
)
def test_lines_and_points_are_refused(tmp_path: Path, geometry: dict[str, Any]) -> None:
    path = collected(tmp_path / "a.geojson", box(1, 1, 5, 5), geometry)
    with pytest.raises(DatasetError, match=f"feature 2 is a {geometry['type']}") as caught:
        burnt(path)
    assert "Buffer" in caught.value.remedy


@pytest.mark.parametrize("corners", [1, 2])
def test_a_ring_of_too_few_corners_is_refused(tmp_path: Path, corners: int) -> None:
    broken = box(10, 10, 5, 5)
    broken["coordinates"][0] = broken["coordinates"][0][:corners]
    path = collected(tmp_path / "a.geojson", box(1, 1, 5, 5), None, broken)
    with pytest.raises(DatasetError, match="feature 3 is no polygon") as caught:
        burnt(path)
    assert "Fix geometries" in caught.value.remedy


def test_an_outline_that_crosses_itself_is_both_its_halves(tmp_path: Path) -> None:
    bow = box(10, 10, 10, 10)
    (ring,) = bow["coordinates"]
    bow["coordinates"] = [[ring[0], ring[2], ring[1], ring[3], ring[0]]]
    labels = burnt(collected(tmp_path / "a.geojson", bow), minimum_area=40)
    # Two triangles of 25 square pixels each, whose signed areas cancel out.
    assert 40 <= labels.sum() <= 60
    assert not labels[:10].any() and not labels[20:].any()
    assert burnt(collected(tmp_path / "a.geojson", bow), minimum_area=60).sum() == 0


def test_footprints_that_lie_elsewhere_are_refused(tmp_path: Path) -> None:
    path = collected(tmp_path / "a.geojson", box(5_000, 100, 10, 10))
    with pytest.raises(DatasetError, match="none of the 1 footprints lies on the image") as caught:
        burnt(path)
    assert "x 5,000 to 5,010" in caught.value.what
    # Metres of a projection in a file that names none: they are taken for degrees.
    with pytest.raises(DatasetError, match="cannot be brought from EPSG:4326"):
        burnt(collected(tmp_path / "b.geojson", box(5, 5, 10, 10), epsg=None))


def test_map_coordinates_need_a_georeferenced_image(tmp_path: Path) -> None:
    plain = Header(40, 30, 1, "uint8", "PNG", None, None)
    with pytest.raises(DatasetError, match="the image is not georeferenced"):
        burnt(collected(tmp_path / "a.geojson", box(5, 5, 10, 10)), plain)


@pytest.mark.parametrize("text", ["", "{", '{"type": "FeatureCollection", "features": [{', "<kml>"])
def test_damaged_files_are_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(text)
    with pytest.raises(DatasetError, match="cannot be read") as caught:
        burnt(path)
    assert caught.value.where == str(path)


SUMMARY = "20190804111224_20190804111453_tile_1"
IMAGE = Path(f"SN6_Train_AOI_11_Rotterdam_SAR-Intensity_{SUMMARY}.tif")


@pytest.mark.parametrize("image_id", [SUMMARY, f"SN6_Train_AOI_11_Rotterdam_{SUMMARY}", IMAGE.stem])
def test_rows_of_a_summary_are_located_by_the_tile(tmp_path: Path, image_id: str) -> None:
    path = tmp_path / "summary.csv"
    rows = [
        ["ImageId", "TileBuildingId", "PolygonWKT_Pix"],
        [image_id, "1", "POLYGON Z ((3 5 9, 13 5 9, 13 12 9, 3 12 9, 3 5 9))"],
        [f"{image_id}0", "1", "POLYGON ((0 0, 40 0, 40 30, 0 30, 0 0))"],
    ]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    labels, _ = rasterise(path, IMAGE, GRID, NAMES)
    np.testing.assert_array_equal(labels, painted((3, 5, 10, 7)))


@pytest.mark.parametrize(
    "rows",
    [
        ["ImageId,PolygonWKT_Pix", f"{SUMMARY},POLYGON (3 5"],
        ["ImageId,PolygonWKT_Pix", SUMMARY],
        ["ImageId,Polygon", f"{SUMMARY},POLYGON EMPTY"],
        ["ImageId,PolygonWKT_Pix", f'{SUMMARY},"LINESTRING (3 5, 13 5)"'],
    ],
)
def test_broken_summaries_are_refused(tmp_path: Path, rows: list[str]) -> None:
    path = tmp_path / "summary.csv"
    path.write_text("\n".join(rows))
    with pytest.raises(DatasetError, match=r"no WKT|cannot be read|is a LineString"):
        rasterise(path, IMAGE, GRID, NAMES)


# Real imagery


def test_atlanta_buildings_have_their_area(real_data: Path, tmp_path: Path) -> None:
    """Pixels whose centres lie within a polygon: never more than half a pixel's diagonal off."""
    home = real_data / "spacenet/sn4_atlanta"
    header = read_header(home / "image.tif")
    content = json.loads((home / "buildings.geojson").read_text())
    footprints = read_footprints(home / "buildings.geojson", home / "image.tif", header)
    assert len(footprints.polygons) == len(content["features"]) == 43
    import shapely

    frame = shapely.box(0, 0, header.width, header.height)
    half = np.sqrt(0.5)
    total = 0
    for polygon, feature in zip(footprints.polygons, content["features"], strict=True):
        path = collected(tmp_path / "one.geojson", feature["geometry"], epsg=32616)
        count = int(burnt(path, header).sum())
        total += count
        least = polygon.buffer(-half).intersection(frame).area
        most = polygon.buffer(half).intersection(frame).area
        assert least <= count <= most
        # A building's own area in m², from its map coordinates, over 0.25 m² a pixel.
        area = shapely.geometry.shape(feature["geometry"]).area / 0.25
        assert polygon.area == pytest.approx(area, rel=1e-9)
        assert abs(count - area) <= polygon.length
    assert total == pytest.approx(sum(p.area for p in footprints.polygons), rel=0.005)


def test_atlanta_in_degrees_is_the_same(real_data: Path, tmp_path: Path) -> None:
    home = real_data / "spacenet/sn4_atlanta"
    header = read_header(home / "image.tif")
    content = json.loads((home / "buildings.geojson").read_text())
    moved = [
        transform_geom("EPSG:32616", "EPSG:4326", f["geometry"], precision=12)
        for f in content["features"]
    ]
    labels = burnt(home / "buildings.geojson", header)
    assert labels.sum() > 10_000
    again = burnt(collected(tmp_path / "degrees.geojson", *moved, epsg=4326), header)
    np.testing.assert_array_equal(again, labels)


def test_rio_masks_survive_as_polygons(real_data: Path, tmp_path: Path) -> None:
    home = real_data / "spacenet/sn1_rio"
    masks = sorted((home / "masks").glob("*.tif"))
    assert len(masks) == 10
    without = set()
    for mask in masks:
        with rasterio.open(mask) as file:
            pixels, transform = file.read(1), file.transform
        polygons = [g for g, _ in shapes(pixels, mask=pixels == 255, transform=transform)]
        path = collected(tmp_path / f"{mask.stem}.geojson", *polygons, epsg=4326)
        labels = burnt(path, read_header(home / "images" / mask.name))
        np.testing.assert_array_equal(labels, (pixels == 255).astype(np.uint8))
        if not polygons:
            without.add(mask.stem)
    assert without == {"img58", "img59"}


def test_spacenet6_crops_open_and_display(real_data: Path) -> None:
    home = real_data / "spacenet/sn6_crops"
    kinds = {}
    for path in sorted(home.glob("*.tif")):
        raster = read_raster(path)
        shown = to_rgb(raster.pixels, raster.valid)
        assert shown.shape == (*raster.pixels.shape[:2], 3) and shown.dtype == np.uint8
        assert shown[raster.valid].std() > 15, path.name  # neither black nor one grey
        kinds[path.stem] = (raster.pixels.dtype.name, raster.pixels.shape[-1])
    assert kinds["ms1"] == ("float64", 4)
    assert kinds["pan1"] == ("uint16", 1)
    assert kinds["sar_hh"] == ("complex64", 1)
    sar = read_raster(home / "sar_masked.tif")
    assert sar.pixels.shape[-1] == 4
    assert 1 - sar.valid.mean() == pytest.approx(0.39, abs=0.01)  # NaN without a tag
    assert not to_rgb(sar.pixels, sar.valid)[~sar.valid].any()


def test_single_look_complex_is_shown_by_its_amplitude(real_data: Path) -> None:
    raster = read_raster(real_data / "spacenet/sn6_crops/sar_vv.tif")
    shown = to_rgb(raster.pixels, raster.valid)
    expected = to_rgb(np.abs(raster.pixels), raster.valid)
    np.testing.assert_array_equal(shown, expected)
    amplitude = np.abs(raster.pixels[..., 0])
    bright, dark = amplitude > np.quantile(amplitude, 0.9), amplitude < np.quantile(amplitude, 0.1)
    assert shown[bright].mean() > shown[dark].mean() + 60


def lonlat(west: float, south: float, east: float, north: float) -> list[list[list[float]]]:
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


CUT = {
    "type": "MultiPolygon",
    "coordinates": [lonlat(179.9, -1, 180, 1), lonlat(-180, -1, -179.9, 1)],
}
ACROSS = {"type": "Polygon", "coordinates": lonlat(179.9, -1, 180.1, 1)}
CIRCUMFERENCE = 40_075_016.685578488


def at(epsg: int, west: float, pixel: float) -> Header:
    """64 × 64 pixels around the equator."""
    place = Georeference(CRS.from_epsg(epsg), Affine(pixel, 0, west, 0, -pixel, 32 * pixel))
    return Header(64, 64, 1, "uint8", "GTiff", None, place)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("geometry", [CUT, ACROSS])
@pytest.mark.parametrize(
    "header",
    [
        at(4326, 180 - 0.01, 0.0003125),
        at(4326, -180 - 0.01, 0.0003125),
        at(4269, 180 - 0.01, 0.0003125),
        at(3857, CIRCUMFERENCE / 2 - 32, 1),
        at(3857, -CIRCUMFERENCE / 2 - 32, 1),
        at(3832, 3_339_584.72 - 32, 1),  # Mercator around 150° east: no edge there
        at(32660, 833_978.56 - 32, 1),
    ],
)
def test_labels_cut_at_the_date_line(
    tmp_path: Path, header: Header, geometry: dict[str, Any], shared: bool
) -> None:
    """RFC 7946 has a polygon end at 180 degrees and go on at -180."""
    far = {"type": "Polygon", "coordinates": lonlat(10, 10, 11, 11)}
    path = collected(tmp_path / "a.geojson", geometry, far, epsg=None)
    assert (burnt(path, header, shared=shared) == 1).all()
    assert label_extent(path).meets(header)


@pytest.mark.parametrize("shared", [False, True])
def test_an_image_in_longitudes_up_to_360(tmp_path: Path, shared: bool) -> None:
    header = at(4326, 235, 0.0001)
    polygon = {"type": "Polygon", "coordinates": lonlat(-125, -0.0032, -124.9968, 0.0032)}
    path = collected(tmp_path / "a.geojson", polygon, epsg=None)
    labels = burnt(path, header, shared=shared)
    assert labels[:, :32].all() and labels.sum() == 64 * 32
    assert label_extent(path).meets(header)
    assert not label_extent(path).meets(at(4326, 230, 0.0001))


def test_labels_of_a_zone_on_an_image_across_the_date_line(tmp_path: Path) -> None:
    x, y = 833_978.56, 0.0
    corners = [[x - 500, y - 500], [x + 500, y - 500], [x + 500, y + 500], [x - 500, y + 500]]
    polygon = {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}
    path = collected(tmp_path / "a.geojson", polygon, epsg=32660)
    assert (burnt(path, at(4326, 180 - 0.003, 0.00009375)) == 1).all()
    assert not burnt(path, at(4326, 0, 0.0003125), shared=True).any()


NO_GRID = Header(128, 128, 3, "uint8", "PNG", None, None)


@pytest.mark.parametrize("south", [25.20, -25.20])
@pytest.mark.parametrize("size", [0.0003, 0.6])
def test_degrees_are_no_pixels(tmp_path: Path, south: float, size: float) -> None:
    """A building in Dubai is within 128 × 128 pixels by its numbers, as is its mirror image."""
    polygon = {"type": "Polygon", "coordinates": lonlat(55.27, south, 55.27 + size, south + size)}
    path = collected(tmp_path / "a.geojson", polygon, epsg=None)
    with pytest.raises(DatasetError, match="look like degrees"):
        burnt(path, NO_GRID)


def test_polygons_that_reach_no_centre_of_a_pixel_are_no_pixels(tmp_path: Path) -> None:
    road = {"type": "Polygon", "coordinates": lonlat(55.1, 25.2, 57.3, 25.2004)}
    path = collected(tmp_path / "a.geojson", road, epsg=None)
    with pytest.raises(DatasetError, match="look like degrees"):
        burnt(path, NO_GRID)
    # A speck beside a building in pixels is one.
    speck, house = lonlat(5.1, 5.1, 5.2, 5.2), lonlat(20, 30, 30, 40)
    both = [{"type": "Polygon", "coordinates": rings} for rings in (speck, house)]
    assert burnt(collected(tmp_path / "b.geojson", *both, epsg=None), NO_GRID).sum() == 100
