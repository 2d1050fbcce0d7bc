"""Getting a dataset in: a ZIP uploaded, and classes named, without a browser."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.datasets.catalogue import open_dataset
from core.datasets.fingerprint import fingerprint
from tests.datasets.download.test_archive import packed, pairs
from tests.datasets.layouts.test_readers import put
from tests.datasets.layouts.test_vector import box, image, labels
from tests.pages.test_data import facts, opened, settled
from ui.shell.jobs import find_job

RED, BLUE = (220, 20, 30), (10, 60, 200)


def uploaded(at: AppTest, name: str, data: bytes) -> AppTest:
    at.file_uploader(key="zip").upload(name, data, "application/zip").run()
    return at


def unpacked(at: AppTest) -> AppTest:
    at.button(key="unpack").click().run()
    job = find_job("unpack-zip")
    assert job is not None
    job.join()
    return at.run()


def test_a_zip_becomes_the_chosen_dataset(space: Path) -> None:
    files = {**pairs("my city/", 3), "my city/notes.doc": b"x"}
    at = uploaded(opened(), "my city.zip", packed(files).getvalue())
    assert at.text_input(key="zip-name").value == "my city"
    at = unpacked(at)
    assert not at.exception
    assert not at.error
    assert at.selectbox(key="dataset").value == "my city"
    assert "3 samples" in facts(at)
    settled(space / "datasets/my city")
    at.run()
    assert any("notes" in info.value and "left out" in info.value for info in at.info)


def test_a_bad_zip_is_one_box_and_leaves_nothing(space: Path) -> None:
    at = unpacked(uploaded(opened(), "a.zip", packed({"../evil.png": b"x"}).getvalue()))
    assert not at.exception
    assert [e.value for e in at.error if "leads out of the folder" in e.value]
    assert len(at.error) == 1
    assert not any((space / "datasets").iterdir())


@pytest.mark.parametrize("name", ["../evil", ""])
def test_a_name_that_is_none(space: Path, name: str) -> None:
    at = uploaded(opened(), "a.zip", packed(pairs()).getvalue())
    at.text_input(key="zip-name").set_value(name)
    at.button(key="unpack").click().run()
    assert not at.exception
    assert "cannot be used as a name" in at.error[0].value
    assert not any((space / "datasets").iterdir())


def colored(root: Path) -> Path:
    mask = np.zeros((6, 8, 3), np.uint8)
    mask[:3], mask[3:5] = RED, BLUE
    put(root / "images/a.png")
    put(root / "masks/a.png", mask)
    return root


def test_colours_are_named_and_the_dataset_opens(space: Path) -> None:
    root = colored(space / "datasets/painted")
    at = opened(dataset="painted")
    assert not at.exception
    assert not at.error
    assert len(at.get("image")) == 1
    keep = next(b for b in at.button if b.label == "Keep these classes")
    keep.click().run()
    assert "has no name" in at.error[0].value
    at.text_input(key="naming-name-0").set_value("Roof")
    at.text_input(key="naming-name-1").set_value("Roof")
    at.checkbox(key="naming-void-2").check()
    next(b for b in at.button if b.label == "Keep these classes").click().run()
    assert "Two classes are called Roof" in at.error[0].value
    at.text_input(key="naming-name-1").set_value("Wa\x01ter")
    next(b for b in at.button if b.label == "Keep these classes").click().run()
    assert "has control characters" in at.error[0].value
    at.text_input(key="naming-name-1").set_value("Water")
    next(b for b in at.button if b.label == "Keep these classes").click().run()
    assert not at.exception
    assert not at.error
    assert "1 sample" in facts(at)
    assert json.loads((root / "classes.json").read_text()) == {
        "classes": [{"name": "Roof", "color": "#DC141E"}, {"name": "Water", "color": "#0A3CC8"}],
        "void": ["#000000"],
    }
    labels = open_dataset(root).load_labels(open_dataset(root).samples[0])
    np.testing.assert_array_equal(labels[:, 0], [0, 0, 0, 1, 1, 255])
    settled(root)


def test_a_server_folder_is_never_written_to(
    space: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = colored(tmp_path / "store/painted")
    monkeypatch.setenv("DSI_DATA_ROOTS", str(tmp_path / "store"))
    before = fingerprint(root)
    at = opened(dataset="server/store/painted")
    for number, name in enumerate(("Roof", "Water", "Nothing")):
        at.text_input(key=f"naming-name-{number}").set_value(name)
    next(b for b in at.button if b.label == "Keep these classes").click().run()
    assert not at.exception
    assert not at.error
    assert fingerprint(root) == before
    assert open_dataset(root).classes.names == ("Roof", "Water", "Nothing")
    assert len(list((space / "classes").glob("*.json"))) == 1


def test_numbered_classes_can_be_named(space: Path) -> None:
    root = space / "datasets/numbered"
    put(root / "images/a.png")
    put(root / "masks/a.png", np.array([[0, 1], [3, 255]], np.uint8))
    at = opened(dataset="numbered")
    assert not at.exception
    at.session_state["naming"] = True
    at.run()
    assert at.checkbox(key="naming-void-3").value
    for number, name in enumerate(("Land", "Road", "Water")):
        at.text_input(key=f"naming-name-{number}").set_value(name)
    next(b for b in at.button if b.label == "Keep these classes").click().run()
    assert not at.exception
    dataset = open_dataset(root)
    assert dataset.classes.names == ("Land", "Road", "Water")
    np.testing.assert_array_equal(dataset.load_labels(dataset.samples[0]), [[0, 1], [2, 255]])
    settled(root)


def test_jpeg_masks_are_named_by_their_few_colours(space: Path) -> None:
    root = space / "datasets/smooth"
    mask = np.zeros((64, 64, 3), np.uint8)
    mask[10:40, 5:33] = RED
    put(root / "images/a.png")
    put(root / "masks/a.jpg", mask)
    at = opened(dataset="smooth")
    assert not at.exception
    assert any("soft values" in caption.value for caption in at.caption)
    names = [t for t in at.text_input if t.label.startswith("Name of \\#")]
    assert len(names) == 2
    names[0].input("Land")
    names[1].input("Roof")
    next(b for b in at.button if b.label == "Keep these classes").click().run()
    assert not at.exception
    assert not at.error
    kept = json.loads((root / "classes.json").read_text())
    assert [c["name"] for c in kept["classes"]] == ["Land", "Roof"]
    assert kept["tolerance"] > 0


def test_polygons_are_named_by_an_attribute(space: Path) -> None:
    root = space / "datasets/parcels"
    image(root / "images/a.tif")
    labels(
        root / "labels.gpkg",
        [box(0, 0, 4, 10), box(4, 0, 8, 10), box(8, 0, 9, 10)],
        kind=["forest", "res", "res"],
    )
    at = opened(dataset="parcels")
    assert not at.exception
    assert any("every polygon is Foreground" in info.value for info in at.info)
    at.session_state["naming"] = True
    at.run()
    assert at.text_input(key="naming-name-0").value == "res"
    at.text_input(key="naming-name-0").set_value("Houses")
    next(b for b in at.button if b.label == "Keep these classes").click().run()
    assert not at.exception
    assert not at.error
    dataset = open_dataset(root)
    assert dataset.classes.names == ("Background", "Houses", "forest")
    row = dataset.load_labels(dataset.samples[0])[5]
    np.testing.assert_array_equal(row, [2] * 4 + [1] * 5 + [0] * 11)
    settled(root)
