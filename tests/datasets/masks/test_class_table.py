"""The numbers and void words of class tables count in every form, or the table is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.datasets.catalogue import open_dataset
from core.datasets.masks.class_file import ClassFile, read_class_file
from core.errors import DatasetError
from tests.datasets.masks.coded_masks import expected, labels_of, laid_out, pixels_of

NUMBERED = {"water": 2, "road": 1, "land": 0}
TRUTH = expected(["land", "road", "water"], 1)


def read(folder: Path, table: Any, name: str = "classes.json") -> ClassFile:
    path = folder / name
    path.write_text(table if isinstance(table, str) else json.dumps(table))
    return read_class_file(path)


def records(key: str) -> list[dict[str, Any]]:
    return [{"name": name, key: value} for name, value in NUMBERED.items()]


@pytest.mark.parametrize("form", ["json", "csv"])
@pytest.mark.parametrize(
    "key",
    [
        "id",
        "index",
        "class_id",
        "classValue",
        "pixel_value",
        "code",
        "label",
        "class",
        "Pixel Value",
    ],
)
def test_json_and_csv_know_the_same_columns(tmp_path: Path, key: str, form: str) -> None:
    table: Any = {"classes": records(key)}
    if form == "csv":
        table = "\n".join([f"name;{key}", *(f"{n};{v}" for n, v in NUMBERED.items())])
    root = laid_out(tmp_path, {"a.png": labels_of(0, 3)}, table, f"classes.{form}")
    assert pixels_of(open_dataset(root)) == TRUTH


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("classes.json", {"classes": NUMBERED}),
        ("classes.json", {"classes": {"2": "water", "1": "road", "0": "land"}}),
        ("classes.json", {"2": {"name": "water"}, "1": {"name": "road"}, "0": {"name": "land"}}),
        ("classes.json", {"water": {"id": 2}, "road": {"id": 1}, "land": {"id": 0}}),
        ("classes.json", {"classes": [r | {"value": f"{r['id']}.0"} for r in records("id")]}),
        ("classes.csv", "class,name\n2,water\n1,road\n0,land\n"),
        ("classes.csv", "label,name\n2,water\n1,road\n0,land\n"),
        ("classes.csv", "class name,class value\nwater,2\nroad,1\nland,0\n"),
        ("classes.csv", "value,name,id\n2,water,7\n1,road,8\n0,land,9\n"),
        ("classes.csv", "water,2\nroad,1\nland,0\n"),
        ("classes.csv", "2;water\n1;road\n0;land\n"),
        ("classes.csv", "sep=;\nclass name;class value\nwater;2\nroad;1\nland;0\n"),
        ("classes.csv", "\ufeffsep=,\nwater,2\nroad,1\nland,0\n"),
        ("labels.txt", "2 water\n1 road\n0 land\n"),
        ("labels.txt", "2\twater\n1\troad\n0\tland\n"),
        ("labels.txt", "2: water\n1: road\n0: land\n"),
        ("labels.txt", "2,water\n1,road\n0,land\n"),
        ("labels.txt", "water,2\nroad,1\nland,0\n"),
        ("labels.txt", "water 2\nroad 1\nland 0\n"),
    ],
)  # fmt: skip
def test_numbers_of_a_table_are_the_values(tmp_path: Path, name: str, table: Any) -> None:
    root = laid_out(tmp_path, {"a.png": labels_of(0, 3)}, table, name)
    assert pixels_of(open_dataset(root)) == TRUTH


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Class 1\nClass 2\n", ("Class 1", "Class 2")),
        ("3 storeys\nhut\n", ("3 storeys", "hut")),
        ("2 wheels\n2 doors\n", ("2 wheels", "2 doors")),
    ],
)
def test_a_number_may_be_part_of_a_name(tmp_path: Path, text: str, names: tuple[str, ...]) -> None:
    table = read(tmp_path, text, "labels.txt")
    assert (table.classes.names, table.values) == (names, ())


@pytest.mark.parametrize(
    "text",
    [
        'name,rgb\nland,"0,255,0"\nroad,"(255, 0, 0)"\n',
        "land,0,0,255,0\nroad,1,255,0,0\n",
        "0,land,0,255,0\n1,road,255,0,0\n",
        "land,#00FF00\nroad,#FF0000\n",
        "Name,Hex_Color,Value\nland,00FF00,0\nroad,FF0000,1\n",
    ],
)
def test_colours_of_a_csv(tmp_path: Path, text: str) -> None:
    table = read(tmp_path, text, "class_dict.csv")
    assert table.classes.names == ("land", "road")
    assert table.colored and table.classes.colors == ((0, 255, 0), (255, 0, 0))
    assert table.values in ((), (0, 1))


@pytest.mark.parametrize(
    ("name", "table", "message"),
    [
        ("classes.json", {"land": 0, "road": 1.9}, "1.9 is no whole number"),
        ("classes.json", {"classes": [{"name": "a", "id": 1.5}]}, "1.5 is no whole number"),
        ("classes.csv", "name,code\na,0\nb,1.5\n", "1.5 is no whole number"),
        ("classes.json", {"0": "1", "1": "2"}, "neither 0 nor"),
        ("classes.json", {"classes": [{"name": "a", "values": [0, 1]}]}, "several values"),
        ("classes.json", {"classes": [{"name": "a", "ignore": "b"}]}, "neither true nor false"),
        ("classes.csv", "land,0,0,255,255\nroad,1,255,0,255\n", "no heading"),
    ],
)
def test_numbers_that_are_no_values_are_refused(
    tmp_path: Path, name: str, table: Any, message: str
) -> None:
    with pytest.raises(DatasetError, match=message):
        read(tmp_path, table, name)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"rank": (7, 3, 5)}, "rank gives each class a number"),
        ({"id": (2, 1, 0), "label": (0, 1, 2)}, "id and label give the classes different"),
        ({"id": ("x", 1, 2)}, "id gives some classes a number"),
    ],
)
def test_numbers_that_may_be_values_are_asked_for(
    tmp_path: Path, columns: dict[str, tuple[Any, ...]], message: str
) -> None:
    """Not so where colours say what is what."""
    colors = np.array([[0, 0, 0], [255, 0, 0], [0, 0, 255]], np.uint8)
    named = zip(["land", "road", "water"], ["#000000", "#FF0000", "#0000FF"], strict=True)
    listed: list[dict[str, Any]] = [{"name": name, "color": color} for name, color in named]
    for key, values in columns.items():
        listed = [{**c, key: value} for c, value in zip(listed, values, strict=True)]
    root = laid_out(tmp_path / "index", {"a.png": labels_of(0, 3)}, listed)
    with pytest.raises(DatasetError, match=message) as caught:
        open_dataset(root)
    assert "value" in caught.value.remedy
    root = laid_out(tmp_path / "color", {"a.png": colors[labels_of(0, 3)]}, listed)
    assert pixels_of(open_dataset(root)) == TRUTH


VOID_TRUTH = {"road": TRUTH["road"], "water": TRUTH["water"], "void": TRUTH["land"]}


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("classes.json", ["void", "road", "water"]),
        ("classes.json", ["NoData", "road", "water"]),
        ("classes.json", ["No Data", "road", "water"]),
        ("labels.txt", "no_data\nroad\nwater\n"),
        ("classes.json", {"0": "unlabeled", "1": "road", "2": "water"}),
        ("classes.json", {"classes": ["nothing", "road", "water"], "void": ["Nothing"]}),
        ("classes.json", {"classes": ["nothing", "road", "water"], "ignore": "nothing"}),
        ("classes.json", {"classes": {"road": 1, "water": 2}, "Void": [0]}),
        ("classes.json", {"classes": {"road": 1, "water": 2}, "ignore_index": 0}),
        ("classes.json", {"classes": {"road": 1, "water": 2}, "void_values": [0], "ignore": 0}),
        ("classes.json", {"classes": {"road": 1, "water": 2}, "void": {"nothing": 0}}),
        ("classes.json", {"classes": {"road": 1, "water": 2}, "void": [{"value": 0}]}),
        ("classes.json", {"classes": {"road": 1, "water": 2}, "void": [0, "unlabeled"]}),
        ("classes.json", {"road": 1, "water": 2, "void": [0]}),
        ("classes.json", [{"name": "rest", "ignore": True}, {"name": "road"}, {"name": "water"}]),
        ("classes.csv", "name,id,void\nrest,0,yes\nroad,1,no\nwater,2,\n"),
    ],
)  # fmt: skip
def test_void_in_the_words_of_any_table(tmp_path: Path, name: str, table: Any) -> None:
    root = laid_out(tmp_path, {"a.png": labels_of(0, 3)}, table, name)
    assert pixels_of(open_dataset(root)) == VOID_TRUTH


@pytest.mark.parametrize(
    ("first", "void"),
    [
        ([{"name": "unlabeled", "color": "#000000"}], ["unlabeled"]),
        ([{"name": "Outside", "color": "#000000"}], ["outside"]),
        ([], [[0, 0, 0]]),
        ([], [0, 0, 0]),
        ([], {"nothing": "#000000"}),
    ],
)
def test_void_of_coloured_masks(tmp_path: Path, first: list[Any], void: Any) -> None:
    colors = np.array([[0, 0, 0], [255, 0, 0], [0, 0, 255]], np.uint8)
    named = [{"name": "road", "color": "#FF0000"}, {"name": "water", "color": "#0000FF"}]
    table = {"classes": [*first, *named], "void": void}
    root = laid_out(tmp_path, {"a.png": colors[labels_of(0, 3)]}, table)
    assert pixels_of(open_dataset(root)) == VOID_TRUTH


@pytest.mark.parametrize("void", [[{}], [[0, 0]], [[0, 0, 256]], [[0, 0, 0, 0]], [True]])
def test_void_that_is_none_is_refused(tmp_path: Path, void: Any) -> None:
    table = {"classes": ["land", "road"], "void": void}
    with pytest.raises(DatasetError, match="cannot be read: "):
        read(tmp_path, table)


def test_a_colour_cannot_be_a_class_and_void(tmp_path: Path) -> None:
    table = {"classes": [{"name": "land", "color": "#010203"}], "void": [[1, 2, 3]]}
    with pytest.raises(DatasetError, match="#010203 is that of land, and is listed as void"):
        read(tmp_path, table)
