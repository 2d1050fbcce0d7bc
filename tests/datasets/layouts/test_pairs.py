"""Pairs as published sets lay them out, their class tables, and classes inferred from masks."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.classes import VOID, ClassTable, LandClass
from core.datasets.catalogue import open_dataset, recognise
from core.datasets.layouts.class_inference import LabelValue, infer_classes
from core.datasets.layouts.pairing import find_pairs
from core.datasets.masks import values as colors
from core.datasets.masks.class_file import find_class_file, read_class_file, write_class_file
from core.datasets.recipes.folder_split import given_split
from core.datasets.recipes.splits import split_samples
from core.errors import DatasetError, UnnamedClasses
from tests.datasets.layouts.test_readers import put

LABELS = np.array([[0, 1], [1, VOID]], np.uint8)


def laid_out(root: Path, files: list[str]) -> Path:
    """Files by name; what has a mask-like name or folder is a mask."""
    for name in files:
        mask = any(word in name.lower() for word in ("mask", "label", "annot", "gt"))
        put(root / name, *([LABELS] if mask else []))
    return root


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["Images/a.png", "Masks/a.png"], {"a": "Masks/a.png"}),
        (["image/a.jpg", "label/a.png"], {"a": "label/a.png"}),
        (["imgs/a.jpg", "annotations/a.png"], {"a": "annotations/a.png"}),
        (["images/a.jpg", "GT/a.png"], {"a": "GT/a.png"}),
        (["images/a.jpg", "masks/a_mask.png"], {"a": "masks/a_mask.png"}),
        (["a.tif", "a_mask.png", "b.tif"], {"a": "a_mask.png", "b": None}),
        (["a_sat.jpg", "a_label.png"], {"a_sat": "a_label.png"}),
        (["images/a.tif", "images/a_gt.png"], {"a": "images/a_gt.png"}),
        (
            ["train/images/a.png", "train/masks/a.png", "val/images/a.png", "val/masks/a.png"],
            {"train/a": "train/masks/a.png", "val/a": "val/masks/a.png"},
        ),
        (
            ["images/train/a.png", "masks/train/a.png", "images/test/b.png", "masks/test/b.png"],
            {"test/b": "masks/test/b.png", "train/a": "masks/train/a.png"},
        ),
        (
            ["train/a.png", "train_labels/a.png", "Valid/b.png", "valid_labels/b.png"],
            {"train/a": "train_labels/a.png", "val/b": "valid_labels/b.png"},
        ),
        (["train/a_sat.jpg", "train/a_mask.png", "x.png"], {"train/a_sat": "train/a_mask.png"}),
        (["images/a.png", "images/a.jpg", "masks/b.png"], {"a.jpg": None, "a.png": None}),
    ],
)
def test_layouts(tmp_path: Path, files: list[str], expected: dict[str, str | None]) -> None:
    root = laid_out(tmp_path / "set", files)
    assert recognise(root) == "pairs"
    listing = {
        s.id: s.mask.relative_to(root).as_posix() if s.mask else None
        for s in find_pairs(root).samples
    }
    assert listing == expected
    assert list(listing) == sorted(listing)


@pytest.mark.parametrize(
    "files", [["a.png", "b.png"], ["pictures of us/a.png"], ["a_mask.png"], ["train/a.png"]]
)
def test_what_is_no_set_of_pairs(tmp_path: Path, files: list[str]) -> None:
    assert recognise(laid_out(tmp_path / "set", files)) is None


def test_masks_without_image_are_reported(tmp_path: Path) -> None:
    root = laid_out(tmp_path, ["images/a.png", "masks/a.png", "masks/b.png"])
    assert find_pairs(root).orphans == (root / "masks/b.png",)


def test_the_split_that_folders_give(tmp_path: Path) -> None:
    names = [f"{side}/{kind}/{i}.png" for side in ("train", "val", "test") for i in range(2)
             for kind in ("images", "masks")]  # fmt: skip
    dataset = open_dataset(laid_out(tmp_path / "set", [*names, "test/images/bare.png"]))
    config = given_split(dataset)
    assert config is not None
    split = split_samples(dataset.samples, config)
    assert split.train == ("train/0", "train/1")
    assert split.val == ("val/0", "val/1")
    assert split.test == ("test/0", "test/1")
    assert given_split(open_dataset(laid_out(tmp_path / "b", ["images/a.png"]))) is None


@pytest.mark.parametrize(
    ("name", "text", "names", "void"),
    [
        ("class_dict.csv", "name,r,g,b\nRoad,110,193,228\nunknown,0,0,0\n", ["Road"], ["unknown"]),
        ("classes.csv", "Land;132;41;246\nRoad;110;193;228\n", ["Land", "Road"], []),
        ("classes.csv", "class_name, red, green, blue\nLand,132,41,246\n", ["Land"], []),
        ("labels.json", '[{"name": "Land", "color": [132, 41, 246]}]', ["Land"], []),
        ("labelmap.txt", "# label:rgb\nLand:132,41,246::\nvoid:0,0,0::", ["Land"], ["void"]),
        ("labels.txt", '{"classes": [{"title": "Land", "color": "#8429f6"}]}', ["Land"], []),
    ],
)  # fmt: skip
def test_class_tables_with_colours(
    tmp_path: Path, name: str, text: str, names: list[str], void: list[str]
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8-sig")
    assert find_class_file(tmp_path) == tmp_path / name
    table = read_class_file(tmp_path / name)
    assert list(table.classes.names) == names
    assert list(table.void) == void
    assert table.colored


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("labels.json", '{"3": "Land", "7": "Road"}'),
        ("labels.json", '{"Land": 3, "Road": 7}'),
        ("classes.csv", "id,name\n3,Land\n7,Road\n"),
        ("labels.json", '[{"name": "Land", "value": 3}, {"name": "Road", "value": 7}]'),
    ],
)  # fmt: skip
def test_class_tables_with_values(tmp_path: Path, name: str, text: str) -> None:
    put(tmp_path / "images/a.png")
    put(tmp_path / "masks/a.png", np.array([[3, 7, 255, 7]], np.uint8))
    (tmp_path / name).write_text(text)
    dataset = open_dataset(tmp_path)
    assert dataset.classes.names == ("Land", "Road")
    np.testing.assert_array_equal(dataset.load_labels(dataset.samples[0]), [[0, 1, VOID, 1]])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("class_dict.csv", "name,r,g,b\nRoad,110,193\n"),
        ("class_dict.csv", "name,r,g,b\nRoad,110,193,400\n"),
        ("class_dict.csv", ""),
        ("labels.json", '{"classes": 3}'),
        ("labels.json", '{"classes": [{"name": "a", "value": 1}, {"name": "b"}]}'),
        ("labels.txt", "Land\nLand\n"),
        ("classes.json", "[]"),
    ],
)
def test_class_tables_that_are_none(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DatasetError, match="class table cannot be read"):
        read_class_file(tmp_path / name)


@pytest.mark.parametrize("name", ["labels.json", "labels.txt", "classes.csv"])
def test_names_in_a_table_are_as_every_file_keeps_them(tmp_path: Path, name: str) -> None:
    head = "name\n" if name.endswith("csv") else ""
    written = '["Land", "ro%sad"]' if name.endswith("json") else head + "Land\nro%sad\n"
    (tmp_path / name).write_text(written.replace("Land", " Land") % "")
    assert read_class_file(tmp_path / name).classes.names == ("Land", "road")
    (tmp_path / name).write_text(written % ("\\u0001" if name.endswith("json") else "\x01"))
    with pytest.raises(DatasetError, match=r"the class name 'ro\\x01ad' has control characters"):
        read_class_file(tmp_path / name)


def test_names_alone_do_not_read_colours(tmp_path: Path) -> None:
    put(tmp_path / "images/a.png")
    put(tmp_path / "masks/a.png", np.full((2, 2, 3), (9, 0, 0), np.uint8))
    (tmp_path / "labels.txt").write_text("Land\nRoad\n")
    with pytest.raises(UnnamedClasses, match=r"labels\.txt gives none"):
        open_dataset(tmp_path)


def test_colours_are_counted(tmp_path: Path) -> None:
    mask = np.zeros((10, 10, 3), np.uint8)
    mask[:3] = 220, 20, 30
    mask[3, :5] = 0, 0, 255
    put(tmp_path / "images/a.png")
    put(tmp_path / "masks/a.png", mask)
    inferred = infer_classes(tmp_path)
    assert (inferred.kind, inferred.read, inferred.masks) == ("color", 1, 1)
    assert inferred.values == (
        LabelValue("#000000", 65, 0.65),
        LabelValue("#DC141E", 30, 0.3),
        LabelValue("#0000FF", 5, 0.05),
    )


def test_index_values_are_counted(tmp_path: Path) -> None:
    for name in ("a", "b"):
        put(tmp_path / f"images/{name}.png")
        put(tmp_path / f"masks/{name}.png", np.array([[0, 180], [180, 180]], np.uint8))
    assert infer_classes(tmp_path).values == (LabelValue(180, 6, 0.75), LabelValue(0, 2, 0.25))


def test_jpeg_colours_are_counted_as_few(tmp_path: Path) -> None:
    mask = np.zeros((64, 64, 3), np.uint8)
    cv2.circle(mask, (32, 32), 20, (220, 20, 30), -1)
    put(tmp_path / "images/a.png")
    put(tmp_path / "masks/a.jpg", mask)
    inferred = infer_classes(tmp_path)
    assert inferred.values[0].value == "#000000"
    assert inferred.tolerance > 0
    shares = [item.share for item in inferred.values]
    assert sum(shares) == pytest.approx(1)
    truth = float((mask[..., 0] > 0).mean())
    red = [i for i in inferred.values if int(str(i.value)[1:3], 16) > 200]
    assert len(red) == 1 and red[0].share == pytest.approx(truth, abs=0.03)


def test_a_picture_has_no_classes_to_name(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    put(tmp_path / "images/a.png")
    put(tmp_path / "masks/a.png", noise)
    with pytest.raises(DatasetError, match="too many to be classes"):
        infer_classes(tmp_path)


def test_listing_reads_a_bounded_number_of_masks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hundred masks of which one, the largest file, has the second class."""
    for i in range(300):
        put(tmp_path / f"images/{i:03}.png")
        put(tmp_path / f"masks/{i:03}.png", np.zeros((8, 8), np.uint8))
    put(tmp_path / "masks/211.png", np.eye(8, dtype=np.uint8))
    read: list[Path] = []
    real = colors.read_mask
    monkeypatch.setattr(colors, "read_mask", lambda p, form: read.append(p) or real(p, form))
    dataset = open_dataset(tmp_path)
    assert len(dataset.classes) == 2
    assert len(read) < 30


def test_a_class_file_is_written_once(space: Path) -> None:
    root = space / "datasets/mine"
    put(root / "images/a.png")
    table = ClassTable(classes=(LandClass(name="Land", color="#123456"),))
    path = write_class_file(root, table, ["#000000"], values=[4], void_values=[9])
    assert path == root / "classes.json"
    again = read_class_file(path)
    assert (again.classes, again.values, again.void_values) == (table, (4,), (9,))
    with pytest.raises(DatasetError, match="has a class table already"):
        write_class_file(root, table)
    with pytest.raises(DatasetError, match="do not fit together"):
        write_class_file(space / "datasets/other", table, values=[1, 2])


def test_outside_the_workspace_nothing_is_written(space: Path, tmp_path: Path) -> None:
    root = tmp_path / "server/mine"
    put(root / "images/a.png")
    put(root / "masks/a.png", np.full((2, 2, 3), (9, 1, 1), np.uint8))
    (space / "datasets").mkdir(parents=True)
    (space / "datasets/link").symlink_to(root)
    table = ClassTable(classes=(LandClass(name="Land", color="#090101"),))
    path = write_class_file(space / "datasets/link", table)
    assert path.parent == space / "classes"
    assert json.loads(path.read_text())["classes"][0]["name"] == "Land"
    assert sorted(p.name for p in root.iterdir()) == ["images", "masks"]
    assert open_dataset(root).classes == table


@pytest.mark.parametrize(
    ("vectors", "without"),
    [
        (["labels/b.geojson", "labels/c.geojson"], "2 images have no mask"),
        (["labels/b.gpkg"], "2 images have no mask"),
        (["labels.geojson"], "2 images have no mask"),  # of all images
        (["images/b.geojson"], "2 images have no mask"),
        (["labels/a.geojson"], "2 images have no mask"),  # of an image that has a mask as well
    ],
)
def test_vectors_beside_masks_are_named(tmp_path: Path, vectors: list[str], without: str) -> None:
    """Masks are the labels where both are there; nobody should miss what was left out."""
    root = laid_out(tmp_path, ["images/a.png", "images/b.png", "images/c.png", "labels/a.png"])
    for name in vectors:
        (root / name).write_text("{}")
    dataset = open_dataset(root)
    (note,) = [note for note in dataset.notes if "not read" in note.text]
    assert note.severity == "warning"
    assert all(name in note.text for name in vectors) and without in note.text
    assert find_pairs(root).unread == tuple(root / name for name in vectors)


def test_vectors_of_images_that_all_have_masks(tmp_path: Path) -> None:
    root = laid_out(tmp_path, ["images/a.png", "labels/a.png"])
    (root / "area.geojson").write_text("{}")  # what the set covers, and no label
    assert not find_pairs(root).unread
    (root / "labels/a.geojson").write_text("{}")
    assert find_pairs(root).unread == (root / "labels/a.geojson",)
    (note,) = [note for note in open_dataset(root).notes if "not read" in note.text]
    assert note.text.startswith("A vector file is not read") and "no mask" not in note.text
