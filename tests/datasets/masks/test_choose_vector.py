"""Which layer and which attribute of polygons are the classes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from core.datasets.audit.audit import audit
from core.datasets.catalogue import open_dataset
from core.datasets.masks.vector_file import attribute_text
from core.datasets.recipes.apply import prepared
from core.datasets.recipes.recipe import Recipe
from core.errors import DatasetError
from tests.datasets.masks.vector_labels import (
    ALL,
    AREA,
    NORTH,
    ROAD,
    ROOF,
    SIDE,
    WEST,
    box,
    counts,
    features,
    geojson,
    package,
    table,
)


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
