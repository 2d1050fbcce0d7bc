"""The layouts' readers: what they list, how they read masks, and what they refuse."""

from __future__ import annotations

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import rasterio

from core.classes import DUBAI_CLASSES, VOID
from core.datasets.catalogue import find_dataset, list_datasets, open_dataset, recognise
from core.errors import DatasetError, ImageError

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

GREY = np.full((6, 8, 3), 90, np.uint8)


def put(path: Path, pixels: np.ndarray = GREY) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = pixels[..., ::-1] if pixels.ndim == 3 else pixels
    assert cv2.imwrite(str(path), stored)
    return path


def dubai(root: Path) -> Path:
    for tile in (10, 2, 1):
        for part in (1, 2):
            put(root / f"Tile {tile}/images/image_part_00{part}.jpg")
            labels = np.full((6, 8), part, np.uint8)
            put(root / f"Tile {tile}/masks/image_part_00{part}.png", DUBAI_CLASSES.colorize(labels))
    return root


def test_dubai_tiles_are_scenes_in_numeric_order(tmp_path: Path) -> None:
    dataset = open_dataset(dubai(tmp_path / "set"))
    assert (dataset.name, dataset.layout) == ("set", "dubai")
    assert dataset.scenes == ("Tile 1", "Tile 2", "Tile 10")
    assert dataset.samples[0].id == "Tile 1/image_part_001"
    labels = dataset.load_labels(dataset.sample("Tile 2/image_part_002"), (6, 8))
    assert (labels == 2).all()
    assert any("mosaic" in note.text for note in dataset.notes)


def test_dubai_with_the_outer_folder_of_the_download(tmp_path: Path) -> None:
    dubai(tmp_path / "Semantic segmentation dataset")
    put(tmp_path / "Semantic segmentation dataset/Tile 1/images/no_mask.jpg")
    dataset = open_dataset(tmp_path)
    assert len(dataset.samples) == 7
    bare = dataset.sample("Tile 1/no_mask")
    assert bare.mask is None
    with pytest.raises(DatasetError, match="no mask"):
        dataset.load_labels(bare)
    with pytest.raises(DatasetError, match="no sample 'x'"):
        dataset.sample("x")


def test_dubai_class_file_is_compared(tmp_path: Path) -> None:
    file = dubai(tmp_path) / "classes.json"
    right = [{"title": c.name, "color": c.color} for c in DUBAI_CLASSES.classes]
    file.write_text(json.dumps({"classes": right}))
    assert not any("disagrees" in note.text for note in open_dataset(tmp_path).notes)
    right[0]["color"] = "#D0021B"
    file.write_text(json.dumps({"classes": right}))
    note = open_dataset(tmp_path).notes[0].text
    assert "Building as #D0021B (masks: #3C1098)" in note
    file.write_text("{")
    with pytest.raises(DatasetError, match=r"classes\.json cannot be read"):
        open_dataset(tmp_path)


def test_real_dubai_reads(real_data: Path) -> None:
    dataset = open_dataset(real_data / "dubai")
    assert (len(dataset.samples), len(dataset.scenes)) == (64, 8)
    assert "disagrees" in dataset.notes[0].text
    assert dataset.notes[0].severity == "warning"
    sample = dataset.samples[0]
    assert dataset.load_labels(sample, (644, 797)).max() in (4, VOID)


def test_pairs_with_index_masks(tmp_path: Path) -> None:
    labels = np.array([[0, 1], [2, VOID]], np.uint8)
    put(tmp_path / "images/a.png")
    put(tmp_path / "masks/a.png", labels)
    dataset = open_dataset(tmp_path)
    assert dataset.classes.names == ("Class 0", "Class 1", "Class 2")
    np.testing.assert_array_equal(dataset.load_labels(dataset.samples[0]), labels)
    with pytest.raises(DatasetError, match="8×6 but its mask is 2×2"):
        dataset.load_labels(dataset.samples[0], (6, 8))
    assert any("numbered" in note.text for note in dataset.notes)


@pytest.mark.parametrize("key", ["name", "title"])
def test_pairs_with_colours_and_a_class_file(tmp_path: Path, key: str) -> None:
    put(tmp_path / "images/a.png")
    mask = np.zeros((6, 8, 3), np.uint8)
    mask[:2], mask[2] = (110, 193, 228), (9, 9, 9)
    put(tmp_path / "masks/a.png", mask)
    table = {"classes": [{key: "Road", "color": "#6ec1e4"}], "void": ["#000000"]}
    (tmp_path / "classes.json").write_text(json.dumps(table))
    dataset = open_dataset(tmp_path)
    with pytest.raises(DatasetError, match=r"#090909 \(8 px\)"):
        dataset.load_labels(dataset.samples[0])
    mask[2] = 0
    put(tmp_path / "masks/a.png", mask)
    labels = dataset.load_labels(dataset.samples[0])
    assert (labels[:2] == 0).all()
    assert (labels[2:] == VOID).all()


def test_binary_masks_of_255_are_foreground(tmp_path: Path) -> None:
    put(tmp_path / "images/a.png")
    put(tmp_path / "masks/a.png", np.array([[0, 255]], np.uint8))
    dataset = open_dataset(tmp_path)
    assert dataset.classes.names == ("Background", "Foreground")
    np.testing.assert_array_equal(dataset.load_labels(dataset.samples[0]), [[0, 1]])


def test_real_binary_masks(real_data: Path) -> None:
    """SpaceNet 1, Rio: GeoTIFF masks of 0 and 255 that are tagged nodata 0."""
    dataset = open_dataset(real_data / "spacenet/sn1_rio")
    assert len(dataset.samples) == 10
    for sample in dataset.samples:
        assert sample.mask is not None
        with rasterio.open(sample.mask) as file:
            expected = file.read(1) // 255
        np.testing.assert_array_equal(dataset.load_labels(sample), expected)


def test_nodata_that_is_no_class_is_void(tmp_path: Path) -> None:
    put(tmp_path / "images/a.png")
    (tmp_path / "masks").mkdir()
    profile = {"driver": "GTiff", "width": 3, "height": 1, "count": 1, "dtype": "uint8"}
    with rasterio.open(tmp_path / "masks/a.tif", "w", nodata=200, **profile) as file:
        file.write(np.array([[[0, 1, 200]]], np.uint8))
    table = {"classes": [{"name": n, "color": c} for n, c in (("a", "#000001"), ("b", "#000002"))]}
    (tmp_path / "classes.json").write_text(json.dumps(table))
    dataset = open_dataset(tmp_path)
    np.testing.assert_array_equal(dataset.load_labels(dataset.samples[0]), [[0, 1, VOID]])


def test_large_unknown_values_are_distinguished(tmp_path: Path) -> None:
    put(tmp_path / "images/a.png")
    put(tmp_path / "masks/a.png", np.array([[0, 1]], np.uint8))
    put(tmp_path / "images/b.png")
    (tmp_path / "classes.json").write_text('{"classes": [{"name": "a"}, {"name": "b"}]}')
    profile = {"driver": "GTiff", "width": 2, "height": 1, "count": 1, "dtype": "int32"}
    with rasterio.open(tmp_path / "masks/b.tif", "w", **profile) as file:
        file.write(np.array([[[1234567, 1234568]]], np.int32))
    dataset = open_dataset(tmp_path)
    with pytest.raises(DatasetError, match=r"value 1234567 \(1 px\), value 1234568 \(1 px\)"):
        dataset.load_labels(dataset.sample("b"))


def test_a_damaged_mask_does_not_close_the_dataset(tmp_path: Path) -> None:
    put(tmp_path / "images/a.png")
    put(tmp_path / "images/b.png")
    put(tmp_path / "masks/b.png", np.array([[0, 1]], np.uint8))
    (tmp_path / "masks/a.png").write_bytes(b"")
    dataset = open_dataset(tmp_path)
    assert len(dataset.classes) == 2
    with pytest.raises(ImageError, match="empty"):
        dataset.load_labels(dataset.sample("a"))


def test_masks_of_two_kinds_are_not_mixed_up(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        put(tmp_path / f"images/{name}.png")
        put(tmp_path / f"masks/{name}.png", np.array([[0, 1]], np.uint8))
    put(tmp_path / "masks/b.png", np.full((1, 2, 3), (1, 0, 0), np.uint8))
    dataset = open_dataset(tmp_path)
    with pytest.raises(ImageError, match="index mask of one band"):
        dataset.load_labels(dataset.sample("b"))


def test_what_is_no_dataset_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such dataset folder"):
        open_dataset(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="empty"):
        open_dataset(tmp_path / "empty")
    (tmp_path / "other/pictures").mkdir(parents=True)
    with pytest.raises(DatasetError, match=r"no known layout.*Tile N/images"):
        open_dataset(tmp_path / "other")
    (tmp_path / "bare/images").mkdir(parents=True)
    with pytest.raises(DatasetError, match="holds no PNG"):
        open_dataset(tmp_path / "bare")
    (tmp_path / "tiles/Tile 1/images").mkdir(parents=True)
    with pytest.raises(DatasetError, match="hold no images"):
        open_dataset(tmp_path / "tiles")
    assert recognise(tmp_path / "other") is None


def test_coloured_masks_need_a_table(tmp_path: Path) -> None:
    put(tmp_path / "images/a.png")
    put(tmp_path / "masks/a.png", np.full((6, 8, 3), (9, 0, 0), np.uint8))
    with pytest.raises(DatasetError, match=r"no classes.json"):
        open_dataset(tmp_path)
    (tmp_path / "classes.json").write_text('{"classes": [{"name": "a", "color": "blue"}]}')
    with pytest.raises(DatasetError, match="class table cannot be read"):
        open_dataset(tmp_path)


def test_high_values_without_a_table(tmp_path: Path) -> None:
    put(tmp_path / "images/a.png")
    put(tmp_path / "masks/a.png", np.array([[0, 180]], np.uint8))
    with pytest.raises(DatasetError, match="values up to 180"):
        open_dataset(tmp_path)


@pytest.mark.parametrize("kind", ["published", "own classes"])
def test_a_folder_of_datasets_is_not_one(tmp_path: Path, kind: str) -> None:
    for number, name in enumerate(("first", "second")):
        if kind == "published":
            dubai(tmp_path / name)
            continue
        put(tmp_path / name / "images/a.png")
        put(tmp_path / name / "masks/a.png", np.ones((6, 8), np.uint8))
        classes = [{"name": f"class {n}"} for n in range(2 + number)]
        (tmp_path / name / "classes.json").write_text(json.dumps({"classes": classes}))
    with pytest.raises(DatasetError, match="holds 2 datasets, not one: first, second") as error:
        open_dataset(tmp_path)
    assert error.value.remedy == "give the folder of one of them"


def test_folders_without_classes_of_their_own_are_scenes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        put(tmp_path / name / "images/a.png")
        put(tmp_path / name / "masks/a.png", np.ones((6, 8), np.uint8))
    assert open_dataset(tmp_path).scenes == ("first", "second")


def test_catalogue_lists_workspace_and_server_folders(
    space: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list_datasets() == []
    dubai(space / "datasets/mine")
    dubai(space / "datasets/.hidden")
    root = tmp_path / "store"
    dubai(root / "project/city")
    monkeypatch.setenv("DSI_DATA_ROOTS", str(root))
    assert [ref.id for ref in list_datasets()] == ["mine", "server/store/project/city"]
    assert find_dataset("server/store/project/city").name == "server/store/project/city"
    with pytest.raises(DatasetError, match=r"no dataset '\.\./mine'"):
        find_dataset("../mine")


def test_two_server_folders_of_one_name_keep_their_own_datasets(
    space: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roots = [tmp_path / "first/data", tmp_path / "second/data", tmp_path / "third/data"]
    for root in roots[:2]:
        dubai(root / "city")
    dubai(roots[2])  # the root itself is a dataset
    monkeypatch.setenv("DSI_DATA_ROOTS", os.pathsep.join(str(r) for r in [*roots, roots[0]]))
    assert {ref.id: ref.path for ref in list_datasets()} == {
        "server/data/city": roots[0] / "city",
        "server/data-2/city": roots[1] / "city",
        "server/data-3": roots[2],
    }
    assert find_dataset("server/data-2/city").root == roots[1] / "city"
