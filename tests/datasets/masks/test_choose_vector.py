"""Vector labels: layers, attributes with gaps, no background, collections, lines, grids."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from affine import Affine
from rasterio.crs import CRS
from rasterio.transform import from_origin

from core.classes import VOID
from core.datasets.audit.audit import audit
from core.datasets.catalogue import open_dataset
from core.datasets.dataset import Dataset
from core.datasets.masks.footprints import rasterise
from core.datasets.masks.vector_file import attribute_text, known_crs, label_extent
from core.datasets.recipes.apply import prepared
from core.datasets.recipes.recipe import Recipe
from core.errors import DatasetError
from core.imagery.header import Georeference, Header

SIDE, WEST, NORTH = 32, 325_000.0, 2_790_000.0
UTM = "EPSG:32640"
GRID = from_origin(WEST, NORTH, 1, 1)


def box(x: int, y: int, size: int = 8) -> Any:
    """A square of the image, from its pixels."""
    return shapely.box(WEST + x, NORTH - y - size, WEST + x + size, NORTH - y)


ROAD, ROOF, ALL = box(2, 2), box(20, 20), box(0, 0, SIDE)


def image(root: Path, name: str = "a") -> Path:
    path = root / f"images/{name}.tif"
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = {"driver": "GTiff", "width": SIDE, "height": SIDE, "count": 1, "dtype": "uint8"}
    with rasterio.open(path, "w", crs=UTM, transform=GRID, **profile) as file:
        file.write(np.full((1, SIDE, SIDE), 7, np.uint8))
    return root


def package(root: Path, layers: dict[str, list[Any]], values: Any = None, **options: Any) -> Path:
    """An image and a GeoPackage with these layers, whose attribute `class` is the layer's name."""
    path = image(root) / "labels/a.gpkg"
    path.parent.mkdir(exist_ok=True)
    for name, shapes in layers.items():
        texts = [name] * len(shapes) if values is None else values
        pyogrio.raw.write(
            path,
            np.array([shapely.to_wkb(shape) for shape in shapes], object),
            [np.array(texts)],
            ["class"],
            layer=name,
            driver="GPKG",
            geometry_type=shapes[0].geom_type,
            append=path.exists(),
            **({"crs": UTM} | options),
        )
    return root


def features(*pairs: tuple[Any, dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"type": "Feature", "properties": p, "geometry": shapely.geometry.mapping(g)}
        for g, p in pairs
    ]


def geojson(root: Path, listed: list[dict[str, Any]], crs: bool = True) -> Path:
    path = image(root) / "labels/a.geojson"
    path.parent.mkdir(exist_ok=True)
    content: dict[str, Any] = {"type": "FeatureCollection", "features": listed}
    if crs:
        name = "urn:ogc:def:crs:EPSG::32640"
        content["crs"] = {"type": "name", "properties": {"name": name}}
    path.write_text(json.dumps(content))
    return root


def table(root: Path, *names: str, **more: Any) -> Path:
    content = {"classes": [{"name": name} for name in names]} | more
    (root / "classes.json").write_text(json.dumps(content))
    return root


def counts(dataset: Dataset) -> dict[str, int]:
    pixels = np.bincount(dataset.load_labels(dataset.samples[0]).ravel(), minlength=256)
    used = {name: int(pixels[label]) for label, name in enumerate(dataset.classes.names)}
    return used | ({"void": int(pixels[VOID])} if pixels[VOID] else {})


AREA = SIDE * SIDE


@pytest.mark.parametrize("attribute", [{}, {"attribute": "class"}])
def test_layers_called_as_classes_are_read_as_them(
    tmp_path: Path, attribute: dict[str, str]
) -> None:
    root = package(tmp_path, {"aoi": [ALL], "road": [ROAD], "roof": [ROOF]})
    dataset = open_dataset(table(root, "bg", "road", "roof", **attribute))
    assert counts(dataset) == {"bg": AREA - 128, "road": 64, "roof": 64}
    assert "layers road, roof are read, not aoi" in dataset.notes[0].text
    # Named without a background: it is added.
    (root / "classes.json").unlink()
    dataset = open_dataset(table(root, "road", "roof"))
    assert counts(dataset) == {"background": AREA - 128, "road": 64, "roof": 64}


def test_one_of_several_layers_is_to_be_chosen(tmp_path: Path) -> None:
    root = package(tmp_path, {"aoi": [ALL], "buildings": [ROAD, ROOF]})
    with pytest.raises(DatasetError, match="layers aoi, buildings") as caught:
        open_dataset(root)
    assert '"layer"' in caught.value.remedy
    dataset = open_dataset(table(root, "bg", "house", layer="buildings"))
    assert counts(dataset) == {"bg": AREA - 128, "house": 128}
    assert "not aoi" in dataset.notes[0].text
    with pytest.raises(DatasetError, match=r"no layer 'roads'.*aoi, buildings"):
        open_dataset(table(root, "bg", "house", layer="roads"))


def test_a_layer_of_points_is_left_out_with_a_note(tmp_path: Path) -> None:
    root = package(tmp_path, {"trees": [shapely.Point(WEST + 3, NORTH - 3)], "roofs": [ROOF]})
    dataset = open_dataset(root)
    assert counts(dataset) == {"Background": AREA - 64, "Foreground": 64}
    assert any("roofs" in n.text and "not trees" in n.text for n in dataset.notes)


def test_numbers_with_a_gap_are_whole(tmp_path: Path) -> None:
    """A column of whole numbers with a null comes out of GDAL as 1.0 and NaN."""
    root = package(tmp_path, {"a": [ROAD, ROOF, box(2, 20)]}, [1.0, 2.0, np.nan])
    classes = [{"name": n, "value": v} for n, v in (("bg", 0), ("road", 1), ("roof", 2))]
    (root / "classes.json").write_text(json.dumps({"attribute": "class", "classes": classes}))
    dataset = open_dataset(root)
    with pytest.raises(DatasetError, match=r"no value \(64 px\)"):
        dataset.load_labels(dataset.samples[0])
    (problem,) = [p for p in audit(dataset).problems if p.kind == "unknown-colour"]
    assert [action.label for action in problem.actions][:2] == [
        "Read no value as void",
        "Read no value as bg",
    ]
    read = prepared(dataset, Recipe(mask_values={"no value": "void"}))
    assert counts(read) == {"bg": AREA - 192, "road": 64, "roof": 64, "void": 64}
    content = {"attribute": "class", "classes": classes, "void": [None]}
    (root / "classes.json").write_text(json.dumps(content))
    assert counts(open_dataset(root))["void"] == 64


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        ("1.0", "1"),
        ("1.50", "1.50"),
        (None, "no value"),
        ("a.0", "a.0"),
        (7, "7"),
        (" lead", "lead"),
    ],
)
def test_attributes_as_text(value: Any, text: str) -> None:
    assert attribute_text(value) == text


@pytest.mark.parametrize("attribute", [{}, {"attribute": "class"}])
def test_a_table_without_background_gets_one(tmp_path: Path, attribute: dict[str, str]) -> None:
    listed = features((ROAD, {"class": "road"}), (ROOF, {"class": "roof"}))
    root = table(geojson(tmp_path, listed), "road", "roof", **attribute)
    dataset = open_dataset(root)
    assert counts(dataset) == {"background": AREA - 128, "road": 64, "roof": 64}
    assert any("no background" in note.text for note in dataset.notes)


def test_a_table_of_one_class_gets_a_background(tmp_path: Path) -> None:
    dataset = open_dataset(table(geojson(tmp_path, features((ROAD, {}))), "Roof"))
    assert counts(dataset) == {"Background": AREA - 64, "Roof": 64}


def test_three_classes_and_nothing_that_tells_them(tmp_path: Path) -> None:
    root = table(geojson(tmp_path, features((ROAD, {"id": 4}))), "bg", "road", "roof")
    with pytest.raises(DatasetError, match="nothing says which one a polygon is of"):
        open_dataset(root)


def test_a_first_class_without_polygons_is_to_be_explained(tmp_path: Path) -> None:
    """It may be the background, or one that these images happen to lack."""
    root = geojson(tmp_path, features((ROOF, {"class": "roof"})))
    with pytest.raises(DatasetError, match="road, the first class of"):
        open_dataset(table(root, "road", "roof", attribute="class"))
    with pytest.raises(DatasetError, match="Land, the first class of"):
        open_dataset(table(root, "Land", "Roof"))
    assert counts(open_dataset(table(root, "Land", "House")))["Land"] == AREA - 64
    classes = [{"name": "Land", "value": "none"}, {"name": "Roof", "value": "roof"}]
    (root / "classes.json").write_text(json.dumps({"attribute": "class", "classes": classes}))
    assert counts(open_dataset(root)) == {"Land": AREA - 64, "Roof": 64}


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


@pytest.mark.parametrize("under", [ROOF, ALL])
def test_polygons_of_the_background_are_background(tmp_path: Path, under: Any) -> None:
    root = geojson(tmp_path, features((under, {"c": "background"}), (ROAD, {"c": "road"})))
    dataset = open_dataset(table(root, "background", "road", attribute="c"))
    assert dataset.classes.names == ("background", "road")
    labels = dataset.load_labels(dataset.samples[0])
    assert np.bincount(labels.ravel()).tolist() == [SIDE * SIDE - 64, 64]
    assert "outside of all polygons" in dataset.notes[-1].text


@pytest.mark.parametrize("names", [("road", "Background", "roof"), ("road", "roof", "none")])
def test_a_background_that_is_not_the_first_is_refused(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    root = geojson(tmp_path, features((ROAD, {"c": "road"}), (ROOF, {"c": "roof"})))
    with pytest.raises(DatasetError, match="is the first class") as caught:
        open_dataset(table(root, *names, attribute="c"))
    assert caught.value.remedy.endswith("first")


def test_a_class_other_with_polygons_is_one_of_its_own(tmp_path: Path) -> None:
    root = geojson(tmp_path, features((ROAD, {"c": "road"}), (ROOF, {"c": "other"})))
    dataset = open_dataset(table(root, "road", "other", attribute="c"))
    assert dataset.classes.names == ("background", "road", "other")


def test_a_table_of_the_background_alone_is_refused(tmp_path: Path) -> None:
    root = geojson(tmp_path, features((ROAD, {"c": "background"})))
    with pytest.raises(DatasetError, match="background alone"):
        open_dataset(table(root, "background", attribute="c"))


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


TREE, CAR = box(20, 2), box(2, 20)


@pytest.mark.parametrize("names", [("bg", "building"), ("building",), ("bg", "building", "road")])
def test_kinds_beside_the_classes_are_unknown(tmp_path: Path, names: tuple[str, ...]) -> None:
    kinds = (ROAD, {"kind": "building"}), (TREE, {"kind": "tree"}), (CAR, {"kind": "car"})
    dataset = open_dataset(table(geojson(tmp_path, features(*kinds)), *names))
    result = audit(dataset)
    assert [p.detail[:10] for p in result.problems if p.kind == "unknown-colour"] == [
        "value tree",
        "value car ",
    ]
    read = prepared(dataset, Recipe(mask_values={"value tree": "void", "value car": "void"}))
    assert counts(read)["building"] == 64
    (note,) = [n for n in dataset.notes if "it is read" in n.text]
    assert note.severity == "warning" and "car, tree" in note.text


def test_all_polygons_are_the_one_class_whatever_they_say(tmp_path: Path) -> None:
    kinds = (ROAD, {"id": 1, "floors": 1}), (TREE, {"id": 2, "floors": 9}), (CAR, {"floors": 12})
    root = geojson(tmp_path, features(*kinds))
    classes = [{"name": "bg", "value": 0}, {"name": "building", "value": 1}]
    (root / "classes.json").write_text(json.dumps({"classes": classes}))
    dataset = open_dataset(root)
    assert counts(dataset) == {"bg": AREA - 192, "building": 192}
    assert dataset.notes[0].text == "Every polygon is building, whatever id and floors say."


def test_a_running_number_is_no_class(tmp_path: Path) -> None:
    names = ("bg", 0), ("building", 1), ("road", 2)
    content = {"classes": [{"name": name, "value": value} for name, value in names]}
    listed = features((ROAD, {"number": 1, "code": "b"}), (ROOF, {"number": 2, "code": "r"}))
    root = geojson(tmp_path, listed)
    (root / "classes.json").write_text(json.dumps(content))
    with pytest.raises(DatasetError, match="which one a polygon is of: number may but"):
        open_dataset(root)
    # Asked for it is one.
    (root / "classes.json").write_text(json.dumps(content | {"attribute": "number"}))
    assert counts(open_dataset(root)) == {"bg": AREA - 128, "building": 64, "road": 64}


def test_dissolved_classes_by_number_are_to_be_explained(tmp_path: Path) -> None:
    """One feature of the background and one of buildings: not two buildings."""
    root = geojson(tmp_path, features((ROAD, {"c": 0}), (ROOF, {"c": 1})))
    classes = [{"name": "bg", "value": 0}, {"name": "building", "value": 1}]
    (root / "classes.json").write_text(json.dumps({"classes": classes}))
    with pytest.raises(DatasetError, match="c may but number them") as caught:
        open_dataset(root)
    assert '"attribute": "c"' in caught.value.remedy
    (root / "classes.json").write_text(json.dumps({"classes": classes, "attribute": "c"}))
    assert counts(open_dataset(root)) == {"bg": AREA - 64, "building": 64}


def test_numbers_that_come_again_are_classes(tmp_path: Path) -> None:
    listed = features((ROAD, {"n": 1, "c": 1}), (ROOF, {"n": 2, "c": 2}), (TREE, {"n": 3, "c": 2}))
    root = geojson(tmp_path, listed)
    (root / "class_dict.csv").write_text("value,name\n0,bg\n1,building\n2,road\n")
    assert counts(open_dataset(root)) == {"bg": AREA - 192, "building": 64, "road": 128}


def test_attributes_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    pairs = [(ROAD, "building", "building"), (TREE, "tree", "building")]
    listed = features(*((shape, {"kind": k, "roof": r}) for shape, k, r in pairs))
    root = table(geojson(tmp_path, listed), "bg", "building")
    with pytest.raises(DatasetError, match="kind, roof all have values") as caught:
        open_dataset(root)
    assert '"attribute": "kind"' in caught.value.remedy
    # Where they say the same, it does not matter which one is read.
    listed = features((ROAD, {"kind": "building", "roof": "building"}))
    assert counts(open_dataset(geojson(tmp_path, listed)))["building"] == 64


def test_a_void_row_of_a_table_is_void_in_polygons(tmp_path: Path) -> None:
    listed = features((ROAD, {"c": "building"}), (TREE, {"c": "unknown"}))
    root = geojson(tmp_path, listed)
    (root / "class_dict.csv").write_text("name\nbackground\nbuilding\nunknown\n")
    assert counts(open_dataset(root)) == {"background": AREA - 128, "building": 64, "void": 64}


@pytest.mark.parametrize(
    "names", [("bg", "building", "road"), ("bg", "road"), ("Building", "road")]
)
def test_layers_and_values_match_without_case(tmp_path: Path, names: tuple[str, ...]) -> None:
    """One rule for both: the very name first, then the only one that differs in case alone."""
    shapes = {"Building": [ROAD], "road": [ROOF]}
    by_layer = open_dataset(table(package(tmp_path / "a", shapes), *names))
    listed = features(*((s, {"c": name}) for name, (s,) in shapes.items()))
    by_value = open_dataset(table(geojson(tmp_path / "b", listed), *names))
    said = "Names that differ in case or Unicode form alone are read as one: Building as building."
    for dataset in (by_layer, by_value):
        assert (said in [note.text for note in dataset.notes]) == ("building" in names)
    if "bg" in names and "building" not in names:
        assert "not Building" in by_layer.notes[0].text  # no class, in whatever case
        return
    assert counts(by_layer) == counts(by_value)
    assert list(counts(by_layer).values()) == [AREA - 128, 64, 64]


def test_a_name_that_two_classes_have_but_for_case_is_neither(tmp_path: Path) -> None:
    listed = features((ROAD, {"c": "ROAD"}), (ROOF, {"c": "Road"}), (TREE, {"c": "road"}))
    root = table(geojson(tmp_path, listed), "bg", "road", "Road", attribute="c")
    with pytest.raises(DatasetError, match=r"value ROAD \(64 px\)"):
        open_dataset(root).load_labels(open_dataset(root).samples[0])
    layers = package(tmp_path / "layers", {"ROAD": [ROAD], "roof": [ROOF]})
    with pytest.raises(DatasetError, match="the layer ROAD is called as several classes"):
        open_dataset(table(layers, "bg", "road", "Road", "roof"))
