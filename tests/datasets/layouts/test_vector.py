"""Images with vector labels: a file an image, one for all, any reference system, any geometry."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin
from rasterio.warp import transform

from core.classes import VOID
from core.datasets.catalogue import open_dataset, recognise
from core.datasets.layouts.class_inference import infer_classes
from core.datasets.masks.choose_vector import FOREGROUND
from core.datasets.masks.class_file import write_class_file
from core.errors import DatasetError
from core.imagery.raster import Raster

WEST, NORTH = 500_000.0, 4_000_000.0


def image(path: Path, column: int = 0, crs: str | None = "EPSG:32631") -> Path:
    """20 × 10 pixels of 1 m; `column` places it so many images to the east."""
    path.parent.mkdir(parents=True, exist_ok=True)
    place: dict[str, Any] = {}
    if crs:
        place = {"crs": crs, "transform": from_origin(WEST + 20 * column, NORTH, 1, 1)}
    pixels = np.full((1, 10, 20), 700, np.uint16)
    with rasterio.open(
        path, "w", driver="GTiff", width=20, height=10, count=1, dtype="uint16", **place
    ) as file:
        file.write(pixels)
    return path


def box(left: float, top: float, right: float, bottom: float) -> Any:
    """In pixels of the first image, as a polygon in its map coordinates."""
    return shapely.box(WEST + left, NORTH - bottom, WEST + right, NORTH - top)


def labels(path: Path, shapes: list[Any], crs: str = "EPSG:32631", **fields: list[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if crs != "EPSG:32631":
        shapes = [
            shapely.transform(
                s, lambda xy: np.column_stack(transform("EPSG:32631", crs, xy[:, 0], xy[:, 1]))
            )
            for s in shapes
        ]
    pyogrio.raw.write(
        path,
        geometry=np.array([shapely.to_wkb(s) for s in shapes], object),
        field_data=[np.array(values, object) for values in fields.values()],
        fields=list(fields),
        geometry_type=shapes[0].geom_type,
        crs=crs,
        driver={".gpkg": "GPKG", ".geojson": "GeoJSON"}[path.suffix],
    )
    return path


EXPECTED = np.zeros((10, 20), np.uint8)
EXPECTED[2:6, 3:9] = 1


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg"])
@pytest.mark.parametrize("crs", ["EPSG:32631", "EPSG:4326", "EPSG:3857"])
def test_a_file_an_image_in_any_reference_system(tmp_path: Path, suffix: str, crs: str) -> None:
    image(tmp_path / "images/a.tif")
    image(tmp_path / "images/b.tif", 1)
    labels(tmp_path / f"labels/a{suffix}", [box(3, 2, 9, 6)], crs)
    assert recognise(tmp_path) == "vector"
    dataset = open_dataset(tmp_path)
    assert dataset.classes == FOREGROUND
    assert [s.mask is None for s in dataset.samples] == [False, True]
    np.testing.assert_array_equal(dataset.load_labels(dataset.sample("a"), (10, 20)), EXPECTED)


@pytest.mark.parametrize("crs", ["EPSG:32631", "EPSG:4326"])
def test_one_file_for_all_images(tmp_path: Path, crs: str) -> None:
    for column, name in enumerate("abc"):
        image(tmp_path / f"images/{name}.tif", column)
    # One on a, one on b, and one on no image at all.
    shapes = [box(3, 2, 9, 6), box(25, 0, 30, 10), box(5000, 0, 5010, 10)]
    labels(tmp_path / "labels.geojson", shapes, crs)
    dataset = open_dataset(tmp_path)
    assert dataset.coding.shared
    np.testing.assert_array_equal(dataset.load_labels(dataset.sample("a")), EXPECTED)
    assert dataset.load_labels(dataset.sample("b")).sum() == 50
    assert not dataset.load_labels(dataset.sample("c")).any()


def test_a_file_for_all_that_lies_elsewhere(tmp_path: Path) -> None:
    image(tmp_path / "images/a.tif")
    labels(tmp_path / "labels.geojson", [box(5000, 0, 5010, 10)])
    with pytest.raises(DatasetError, match=r"on none of the 1 images.*reference system"):
        open_dataset(tmp_path)


def test_labels_of_another_place_than_the_image(tmp_path: Path) -> None:
    """A reference system unlike the image's that is named wrongly puts the labels elsewhere."""
    image(tmp_path / "images/a.tif")
    wrong = labels(tmp_path / "labels/a.gpkg", [box(3, 2, 9, 6)])
    with_zone_33 = tmp_path / "labels/b.gpkg"
    shutil.move(wrong, with_zone_33)
    geometry = pyogrio.raw.read(with_zone_33)[2]
    pyogrio.raw.write(
        wrong, geometry=geometry, field_data=[], fields=[], geometry_type="Polygon",
        crs="EPSG:32633", driver="GPKG",
    )  # fmt: skip
    dataset = open_dataset(tmp_path)
    with pytest.raises(DatasetError, match=r"none of the 1 footprints lies on the image.*32633"):
        dataset.load_labels(dataset.sample("a"))


def test_an_image_without_a_grid(tmp_path: Path) -> None:
    image(tmp_path / "images/a.tif", crs=None)
    labels(tmp_path / "labels/a.geojson", [box(3, 2, 9, 6)], "EPSG:4326")
    dataset = open_dataset(tmp_path)
    with pytest.raises(DatasetError, match="the image is not georeferenced"):
        dataset.load_labels(dataset.samples[0])


ON_IMAGE = [(WEST + 3, NORTH - 2), (WEST + 9, NORTH - 6)]


@pytest.mark.parametrize("shape", [shapely.Point(ON_IMAGE[0]), shapely.LineString(ON_IMAGE)])
@pytest.mark.parametrize("place", ["labels/a.geojson", "labels.geojson"])
def test_geometry_that_is_no_polygon(tmp_path: Path, shape: Any, place: str) -> None:
    image(tmp_path / "images/a.tif")
    labels(tmp_path / place, [shape])
    dataset = open_dataset(tmp_path)
    with pytest.raises(DatasetError, match=f"is a {shape.geom_type}, and a mask needs polygons"):
        dataset.load_labels(dataset.samples[0])


@pytest.mark.parametrize("text", ["", "{", '{"type": "Feature', '{"type": "Topology"}'])
def test_a_damaged_file(tmp_path: Path, text: str) -> None:
    image(tmp_path / "a.tif")
    (tmp_path / "buildings.geojson").write_text(text)
    with pytest.raises(DatasetError, match=r"labels cannot be read|no feature"):
        open_dataset(tmp_path)


def test_classes_by_an_attribute(tmp_path: Path) -> None:
    image(tmp_path / "images/a.tif")
    shapes = [box(0, 0, 4, 10), box(4, 0, 8, 10), box(8, 0, 10, 10), box(12, 0, 14, 10)]
    kinds = ["forest", "res", "res", "cloud"]
    labels(tmp_path / "labels.gpkg", shapes, kind=kinds, id=["1", "2", "3", "4"], one=["x"] * 4)
    plain = open_dataset(tmp_path)
    assert any("every polygon is Foreground" in note.text for note in plain.notes)
    inferred = infer_classes(tmp_path)
    assert inferred.kind == "attribute"
    assert inferred.attributes == ("kind", "id")  # `one` tells nothing apart
    counted = infer_classes(tmp_path, "kind")
    values = [(v.value, v.pixels) for v in counted.values]
    assert values == [
        ("res", 2),
        ("forest", 1),
        ("cloud", 1),
    ]
    with pytest.raises(DatasetError, match=r"no attribute 'height'.*kind"):
        infer_classes(tmp_path, "height")
    table = {
        "attribute": "kind",
        "classes": [
            {"name": "Background", "color": "#000001", "value": "none"},
            {"name": "Wood", "color": "#000002", "value": "forest"},
            {"name": "Houses", "color": "#000003", "value": "res"},
        ],
        "void": ["cloud"],
    }
    (tmp_path / "classes.json").write_text(json.dumps(table))
    dataset = open_dataset(tmp_path)
    row = dataset.load_labels(dataset.samples[0])[5]
    expected = [1] * 4 + [2] * 6 + [0] * 2 + [VOID] * 2 + [0] * 6
    np.testing.assert_array_equal(row, expected)


def test_an_attribute_without_its_void_is_reported(space: Path) -> None:
    root = space / "datasets/set"
    image(root / "images/a.tif")
    labels(root / "labels.gpkg", [box(0, 0, 4, 10), box(4, 0, 8, 10)], kind=["a", "b"])
    write_class_file(root, FOREGROUND, values=["", "a"], attribute="kind")
    dataset = open_dataset(root)
    with pytest.raises(DatasetError, match=r"value b \(40 px\)"):
        dataset.load_labels(dataset.samples[0])


def test_the_real_atlanta_tile(real_data: Path) -> None:
    """One GeoTIFF and buildings.geojson in one folder: the burnt area is that of the polygons."""
    dataset = open_dataset(real_data / "spacenet/sn4_atlanta")
    assert (dataset.layout, [s.id for s in dataset.samples]) == ("vector", ["image"])
    burnt = dataset.load_labels(dataset.samples[0], (900, 900))
    shapes = shapely.from_wkb(pyogrio.raw.read(dataset.samples[0].mask)[2])
    raster: Raster = dataset.load_image(dataset.samples[0])
    assert raster.georeference is not None
    frame = shapely.box(*rasterio.transform.array_bounds(900, 900, raster.georeference.transform))
    whole = shapely.intersection(shapely.union_all(shapes), frame)
    edges = whole.length / 0.5  # in pixels of 0.5 m
    assert abs(int((burnt == 1).sum()) - whole.area / 0.25) < edges / 2
