"""Masks of class numbers, palettes and colours, and what becomes of their values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.datasets.catalogue import open_dataset
from core.errors import ConfigError, DatasetError, UnnamedClasses
from core.training.checks.checks import check_training
from core.training.config import TrainConfig
from tests.datasets.masks.coded_masks import SIDE, expected, labels_of, laid_out, pixels_of, tif


@pytest.mark.parametrize("factor", [1, 255])
@pytest.mark.parametrize("value", [{}, {"value": "factor"}])
def test_a_table_of_one_class_gets_a_background(
    tmp_path: Path, factor: int, value: dict[str, Any]
) -> None:
    table = {"classes": [{"name": "building"} | dict.fromkeys(value, factor)]}
    masks = {f"{i}.png": labels_of(i) * factor for i in range(3)}
    dataset = open_dataset(laid_out(tmp_path, masks, table))
    assert pixels_of(dataset) == expected(["background", "building"], 3)
    assert "building alone" in dataset.notes[0].text


def test_a_table_of_one_class_and_masks_of_three_values(tmp_path: Path) -> None:
    root = laid_out(tmp_path, {"a.png": labels_of(0, 3)}, {"classes": [{"name": "building"}]})
    with pytest.raises(DatasetError, match="one class and the masks 3 values") as caught:
        open_dataset(root)
    assert "the background first" in caught.value.remedy


def test_a_table_of_one_colour_gets_the_other_as_background(tmp_path: Path) -> None:
    colors = np.array([[0, 0, 0], [255, 0, 0]], np.uint8)
    table = {"classes": [{"name": "Building", "color": "#FF0000"}]}
    dataset = open_dataset(laid_out(tmp_path, {"a.png": colors[labels_of(0)]}, table))
    assert pixels_of(dataset) == expected(["Background", "Building"], 1)


@pytest.mark.parametrize("value", [0, 1, 7, 255])
def test_masks_of_one_value_are_refused_before_a_run(tmp_path: Path, value: int) -> None:
    mask = np.full((SIDE, SIDE), value, np.uint8)
    dataset = open_dataset(laid_out(tmp_path, {f"{i}.png": mask for i in range(6)}))
    with pytest.raises(ConfigError, match="one class") as caught:
        check_training(TrainConfig(), dataset)
    assert "classes.json" in caught.value.remedy


@pytest.mark.parametrize("ids", [(10, 50, 90), (1, 2, 5), (0, 2, 3)])
def test_ids_with_gaps_are_named_by_their_value(tmp_path: Path, ids: tuple[int, ...]) -> None:
    masks = {f"{i}.png": np.array(ids, np.uint8)[labels_of(i, 3)] for i in range(2)}
    dataset = open_dataset(laid_out(tmp_path, masks))
    assert pixels_of(dataset) == expected([f"Class {i}" for i in ids], 2)


def test_mixed_0_1_and_0_255_are_both_read(tmp_path: Path) -> None:
    masks = {f"{i}.png": labels_of(i) * (255 if i % 2 else 1) for i in range(4)}
    dataset = open_dataset(laid_out(tmp_path, masks))
    assert pixels_of(dataset) == expected(["Background", "Foreground"], 4)
    assert dataset.notes[0].severity == "warning"
    with pytest.raises(UnnamedClasses, match="255 may be void"):
        open_dataset(laid_out(tmp_path / "few", dict([*masks.items()][:2])))
    void = {"classes": [{"name": "a"}, {"name": "b"}], "void": [255]}
    dataset = open_dataset(laid_out(tmp_path / "told", masks, void))
    assert pixels_of(dataset)["void"] == 128


@pytest.mark.parametrize("void_first", [False, True])
def test_a_table_that_counts_from_elsewhere_is_refused(tmp_path: Path, void_first: bool) -> None:
    """Masks of 1 to 3, or of 0 (not labelled) to 3, and three names."""
    values = labels_of(0, 3) + 1
    values[0] = 0 if void_first else values[0]
    root = laid_out(tmp_path, {"a.png": values}, "Land\nRoad\nRoof\n", "labels.txt")
    with pytest.raises(UnnamedClasses, match="3 classes without values") as caught:
        open_dataset(root)
    assert '"void": [0]' in caught.value.remedy


def test_labelmes_list_counts_from_the_background(tmp_path: Path) -> None:
    table = "__ignore__\n_background_\nroof\nroad\n"
    root = laid_out(tmp_path, {"a.png": labels_of(0, 3)}, table, "labels.txt")
    dataset = open_dataset(root)
    assert pixels_of(dataset) == expected(["_background_", "roof", "road"], 1)


def test_a_csv_with_void_first_shifts_the_indices(tmp_path: Path) -> None:
    table = "name,r,g,b\nunknown,0,0,0\nurban,0,255,255\nfield,255,255,0\n"
    values = labels_of(0, 2) + 1
    values[0] = 0
    dataset = open_dataset(laid_out(tmp_path, {"a.png": values}, table, "class_dict.csv"))
    counts = pixels_of(dataset)
    assert counts["urban"] + counts["field"] + counts["void"] == SIDE * SIDE
    assert counts["void"] == SIDE


def with_palette(labels: np.ndarray, colors: list[list[int]]) -> Image.Image:
    picture = Image.fromarray(labels, mode="P")
    picture.putpalette([value for color in colors for value in color])
    return picture


VOC = [[0, 0, 0], [128, 0, 0], [0, 128, 0]]


@pytest.mark.parametrize("colors", [VOC, [[0, 0, 0]] * 3], ids=["voc", "black"])
@pytest.mark.parametrize("table", ["background\nbuilding\nroad\n", None])
def test_a_palette_is_for_show_where_the_table_has_no_colours(
    tmp_path: Path, colors: list[list[int]], table: str | None
) -> None:
    masks = {f"{i}.png": with_palette(labels_of(i, 3), colors) for i in range(2)}
    root = laid_out(tmp_path, masks, table, "labels.txt")
    names = ["background", "building", "road"] if table else ["Class 0", "Class 1", "Class 2"]
    assert pixels_of(open_dataset(root)) == expected(names, 2)


def test_palettes_that_differ_are_read_by_their_colours(tmp_path: Path) -> None:
    """Programs that save few colours order each file's palette anew."""
    labels = labels_of(0, 3)
    swapped = with_palette(np.array([2, 0, 1], np.uint8)[labels], [VOC[1], VOC[2], VOC[0]])
    masks = {"a.png": with_palette(labels, VOC), "b.png": swapped}
    root = laid_out(tmp_path, masks)
    with pytest.raises(UnnamedClasses, match="in colours"):
        open_dataset(root)
    names = ["background", "building", "road"]
    colors = ["#000000", "#800000", "#008000"]
    table = {"classes": [{"name": n, "color": c} for n, c in zip(names, colors, strict=True)]}
    (root / "classes.json").write_text(json.dumps(table))
    counts = pixels_of(open_dataset(root))
    assert counts == {name: 2 * n for name, n in expected(names, 1).items()}


@pytest.mark.parametrize("table", [True, False])
def test_values_and_nodata_of_a_land_cover_palette(tmp_path: Path, table: bool) -> None:
    values = np.array([10, 50, 80], np.uint8)[labels_of(0, 3)]
    values[:2] = 0
    root = laid_out(tmp_path, {"a.png": labels_of(0)})
    (root / "masks/a.png").unlink()
    shown = {0: (0, 0, 0, 0), 10: (0, 100, 0), 50: (250, 0, 0), 80: (0, 100, 200)}
    tif(root / "masks/a.tif", values, shown, nodata=0)
    if table:
        names = {"Tree": 10, "Built": 50, "Water": 80}
        content = {"classes": [{"name": name, "value": value} for name, value in names.items()]}
        (root / "classes.json").write_text(json.dumps(content))
    dataset = open_dataset(root)
    counts = pixels_of(dataset)
    assert counts.pop("void") == 2 * SIDE
    assert [*counts.values()] == [int((values == value).sum()) for value in (10, 50, 80)]
    wanted = ("Tree", "Built", "Water") if table else ("Class 10", "Class 50", "Class 80")
    assert dataset.classes.names == wanted


def test_other_tags_of_no_data_are_void(tmp_path: Path) -> None:
    root = laid_out(tmp_path, {"a.png": labels_of(0)})
    (root / "masks/a.png").unlink()
    tif(root / "masks/a.tif", labels_of(0, 3).astype(np.int16) - 1, nodata=-1)
    counts = pixels_of(open_dataset(root))
    assert counts == {"Class 0": 64, "Class 1": 64, "void": SIDE * SIDE - 128}


NAMES = ["road", "roof", "tree"]


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("classes", [2, 3])
def test_a_void_0_makes_a_list_of_names_count_from_1(
    tmp_path: Path, classes: int, named: bool
) -> None:
    listed: list[Any] = [{"name": name} for name in NAMES] if named else list(NAMES)
    masks = {f"{i}.png": labels_of(i, classes + 1) for i in range(3)}
    table = {"classes": listed, "void": [0]}
    dataset = open_dataset(laid_out(tmp_path, masks, table))
    counts = expected(["void", *NAMES[:classes]], 3)
    assert pixels_of(dataset) == {**dict.fromkeys(NAMES, 0), **counts}
    assert "count from 1, road" in dataset.notes[0].text


@pytest.mark.parametrize(
    ("names", "void", "top"),
    [
        (NAMES, [1], 3),
        (NAMES, [0, 3], 3),
        (NAMES, [0], 5),
        (["background", "road", "roof"], [0], 3),
    ],
)
def test_a_void_among_the_numbers_of_the_classes_is_asked_for(
    tmp_path: Path, names: list[str], void: list[int], top: int
) -> None:
    root = laid_out(tmp_path, {"a.png": labels_of(0, top)}, {"classes": names, "void": void})
    with pytest.raises(UnnamedClasses, match="as void and 3 classes without values") as caught:
        open_dataset(root)
    assert "give each class its value" in caught.value.remedy


def test_a_void_row_in_the_order_of_a_text_has_a_note(tmp_path: Path) -> None:
    masks = {f"{i}.png": labels_of(i, 3) for i in range(2)}
    root = laid_out(tmp_path, masks, "unlabeled\nbg\nroad\n", "labels.txt")
    dataset = open_dataset(root)
    assert pixels_of(dataset) == expected(["void", "bg", "road"], 2)
    assert dataset.notes[0].text.startswith("labels.txt lists unlabeled: read as void")


@pytest.mark.parametrize("kind", [float, str])
def test_whole_numbers_may_be_fractions_and_texts(tmp_path: Path, kind: type) -> None:
    listed = [{"name": name, "value": kind(i)} for i, name in enumerate(NAMES)]
    dataset = open_dataset(laid_out(tmp_path, {"a.png": labels_of(0, 3)}, {"classes": listed}))
    assert pixels_of(dataset) == expected(NAMES, 1)


@pytest.mark.parametrize(
    ("values", "void", "words"),
    [
        ((0, 1, 1), [], "roof and tree have the same value, 1"),
        ((0, 1, None), [], "some classes have a value and tree has none"),
        ((0, 1, 2), [0], "the value 0 is that of road, and is listed as void"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused_in_words(
    tmp_path: Path, values: tuple[int | None, ...], void: list[int], words: str
) -> None:
    listed = [
        {"name": name} | ({} if value is None else {"value": value})
        for name, value in zip(NAMES, values, strict=True)
    ]
    table = {"classes": listed, "void": void}
    with pytest.raises(DatasetError, match=words):
        open_dataset(laid_out(tmp_path, {"a.png": labels_of(0, 3)}, table))
