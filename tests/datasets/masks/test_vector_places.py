"""Where polygons lie, how they overlap, and what form their file has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import rasterio
import shapely
from affine import Affine
from rasterio.crs import CRS
from rasterio.transform import from_origin

from core.datasets.audit.audit import audit
from core.datasets.catalogue import open_dataset
from core.datasets.masks.footprints import rasterise
from core.datasets.masks.vector_file import known_crs, label_extent
from core.errors import DatasetError
from core.imagery.header import Georeference, Header
from tests.datasets.masks.vector_labels import (
    AREA,
    NORTH,
    ROAD,
    ROOF,
    SIDE,
    UTM,
    WEST,
    box,
    counts,
    features,
    geojson,
    image,
    package,
    table,
)


def test_a_collection_gives_its_polygons(tmp_path: Path) -> None:
    line = shapely.LineString([(WEST, NORTH), (WEST + 9, NORTH)])
    inner = shapely.GeometryCollection([shapely.MultiPolygon([ROOF])])
    listed = features((shapely.GeometryCollection([ROAD, line, inner]), {}))
    assert counts(open_dataset(geojson(tmp_path / "a", listed)))["Foreground"] == 128
    without = features((shapely.GeometryCollection([line]), {}))
    dataset = open_dataset(geojson(tmp_path / "b", without))
    with pytest.raises(DatasetError, match="is a GeometryCollection"):
        dataset.load_labels(dataset.samples[0])


@pytest.mark.parametrize("name", ["a.geojsonl", "a.ndjson", "a.geojson"])
@pytest.mark.parametrize("mark", ["", "\x1e"])
def test_a_feature_a_line(tmp_path: Path, name: str, mark: str) -> None:
    to_degrees = rasterio.warp.transform_geom
    listed = features((ROAD, {}), (ROOF, {}))
    for feature in listed:
        feature["geometry"] = to_degrees(UTM, "EPSG:4326", feature["geometry"], precision=12)
    path = image(tmp_path) / "labels" / name
    path.parent.mkdir()
    path.write_text("".join(f"{mark}{json.dumps(feature)}\n" for feature in listed))
    assert counts(open_dataset(tmp_path))["Foreground"] == 128


def header(crs: CRS | None, transform: Affine | None) -> Header:
    place = Georeference(crs, transform) if transform is not None else None
    return Header(SIDE, SIDE, 1, "uint8", "GTiff", None, place)


def test_labels_in_the_coordinates_of_a_grid_without_a_system(tmp_path: Path) -> None:
    local = from_origin(5000, 8000, 0.5, 0.5)
    square = shapely.box(5001, 7996, 5005, 7999)  # 8 × 6 pixels from x 2, y 2
    root = geojson(tmp_path, features((square, {})), crs=False)
    path = root / "labels/a.geojson"
    labels, _ = rasterise(path, Path("a.tif"), header(None, local), ("bg", "x"))
    assert labels[2:8, 2:10].all() and labels.sum() == 48
    beside = from_origin(0, 0, 0.5, 0.5)
    with pytest.raises(DatasetError, match="none of the 1 footprints") as caught:
        rasterise(path, Path("a.tif"), header(None, beside), ("bg", "x"))
    assert "no coordinate reference system" in caught.value.remedy


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_geopackage_of_an_undefined_system_is_in_the_images(tmp_path: Path) -> None:
    root = package(tmp_path, {"a": [ROAD]}, crs=None)
    assert counts(open_dataset(root))["Foreground"] == 64
    assert known_crs('ENGCRS["Undefined Cartesian SRS",EDATUM["Unknown"]]') is None
    assert known_crs(UTM) == UTM


@pytest.mark.parametrize("sign", [1, -1])
def test_pixels_drawn_downwards(tmp_path: Path, sign: int) -> None:
    """QGIS lays an image without a grid below the x axis."""
    square = shapely.box(2, sign * 3, 10, sign * 9)
    path = geojson(tmp_path, features((square, {})), crs=False) / "labels/a.geojson"
    labels, _ = rasterise(path, Path("a.tif"), header(None, None), ("bg", "x"))
    assert labels[3:9, 2:10].all() and labels.sum() == 48


def test_a_ring_that_is_not_closed_is_called_so(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ring = [list(corner) for corner in ROAD.exterior.coords][:-1]
    feature = {"type": "Feature", "properties": {}}
    geojson(tmp_path, [feature | {"geometry": {"type": "Polygon", "coordinates": [ring]}}])
    problems = audit(open_dataset(tmp_path)).problems
    assert any("a ring of it is not closed" in problem.detail for problem in problems)
    assert "Non closed" not in capfd.readouterr().err


@pytest.mark.parametrize("head", ["\n", "\r\n \n"])
def test_features_a_line_after_blank_ones(tmp_path: Path, head: str) -> None:
    path = geojson(tmp_path, []) / "labels/a.geojson"
    degrees = [shapely.box(54.0 + x, 25.0, 54.001 + x, 25.001) for x in (0, 0.01)]
    path.write_text(head + "\n".join(json.dumps(f) for f in features(*((g, {}) for g in degrees))))
    assert label_extent(path).bounds[0] == pytest.approx(54.0)


@pytest.mark.parametrize("dissolved", [True, False])
def test_parts_of_a_multipolygon_lie_on_what_is_larger_than_each(
    tmp_path: Path, dissolved: bool
) -> None:
    """A class that was dissolved into one feature is larger than the neighbour it lies in."""
    parts = [box(x, y, 4) for x, y in ((3, 3), (9, 3), (20, 20), (26, 20), (20, 26), (26, 26))]
    buildings = [shapely.MultiPolygon(parts)] if dissolved else parts
    listed = [(part, {"c": "building"}) for part in buildings]
    root = geojson(tmp_path, features(*listed, (box(2, 2, 9), {"c": "residential"})))
    dataset = open_dataset(table(root, "bg", "building", "residential", attribute="c"))
    # The second part reaches two columns out of the neighbour.
    assert counts(dataset) == {"bg": AREA - 153, "building": 96, "residential": 57}


def test_overlapping_parts_are_one_area(tmp_path: Path) -> None:
    both = shapely.MultiPolygon([box(2, 2), box(6, 6)])
    assert counts(open_dataset(geojson(tmp_path, features((both, {})))))["Foreground"] == 112


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
@pytest.mark.parametrize("crs", ["EPSG:4326", UTM, None])
def test_a_geopackage_says_whether_it_is_in_pixels(tmp_path: Path, crs: str | None) -> None:
    root = package(tmp_path, {"a": [shapely.box(2, 3, 10, 9)]}, crs=crs)
    path = root / "labels/a.gpkg"
    if crs is None:
        labels, _ = rasterise(path, Path("a.png"), header(None, None), ("bg", "x"))
        assert labels[3:9, 2:10].all() and labels.sum() == 48
        return
    with pytest.raises(DatasetError, match=f"in {crs} and the image is not") as caught:
        rasterise(path, Path("a.png"), header(None, None), ("bg", "x"))
    assert "without a reference system" in caught.value.remedy
