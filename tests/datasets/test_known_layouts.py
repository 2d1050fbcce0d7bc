"""The table of dataset layouts: one row is all that a new layout needs."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.classes import ClassTable, LandClass
from core.cli.main import main
from core.datasets.audit.audit import audit
from core.datasets.catalogue import find_dataset, list_datasets, open_dataset, recognise
from core.datasets.dataset import Dataset, Sample
from core.datasets.known_layouts import LAYOUTS, Layout, demo_writers, describe_layouts
from core.datasets.masks.decode import MaskCoding
from core.errors import DatasetError

CLASSES = ClassTable(
    classes=(LandClass(name="Sea", color="#0000FF"), LandClass(name="Ice", color="#FFFFFF"))
)


def is_ice(root: Path) -> bool:
    return (root / "frames").is_dir()


def read_ice(root: Path, name: str) -> Dataset:
    """A made-up layout: ``frames/DAY-NUMBER.png`` with ``ice/DAY-NUMBER.png``, a day a scene."""
    samples = tuple(
        Sample(path.stem, path.stem.split("-")[0], path, root / "ice" / path.name)
        for path in sorted((root / "frames").glob("*.png"))
    )
    return Dataset(name, root, "ice", CLASSES, MaskCoding("index", values={0: 0, 1: 1}), samples)


def write_ice(root: Path, *, scenes: int, size: int = 16, seed: int = 0, progress: object) -> Path:
    rng = np.random.default_rng(seed)
    for folder in ("frames", "ice"):
        (root / folder).mkdir(parents=True)
    for scene in range(scenes):
        frame = rng.integers(0, 255, (size, size, 3), np.uint8)
        cv2.imwrite(str(root / f"frames/day{scene}-1.png"), frame)
        mask = np.zeros((size, size), np.uint8)
        mask[:2] = 1
        cv2.imwrite(str(root / f"ice/day{scene}-1.png"), mask)
    return root


@pytest.fixture
def ice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The row, which is the one change to the program."""
    row = Layout(
        description="`frames` and `ice`",
        recognise=is_ice,
        read=read_ice,
        orphans=lambda dataset: [dataset.root / "ice/day9-1.png"],
        write_demo=write_ice,
    )
    monkeypatch.setitem(LAYOUTS, "ice", row)


@pytest.mark.usefixtures("ice")
def test_a_new_layout_is_written_listed_opened_and_audited(
    space: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = space / "datasets/polar"
    assert main(["demo", str(folder), "--layout", "ice", "--scenes", "3"]) == 0
    assert recognise(folder) == "ice"
    assert [(ref.id, ref.layout) for ref in list_datasets()] == [("polar", "ice")]
    capsys.readouterr()
    assert main(["datasets", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["datasets"]
    assert listed == [{"name": "polar", "layout": "ice", "path": str(folder)}]
    dataset = find_dataset("polar")
    assert dataset.scenes == ("day0", "day1", "day2")
    labels = dataset.load_labels(dataset.samples[0], (16, 16))
    assert np.bincount(labels.ravel()).tolist() == [14 * 16, 2 * 16]
    report = audit(dataset).to_json()
    assert report["layout"] == "ice"
    assert report["pixels_per_class"] == {"Sea": 3 * 14 * 16, "Ice": 3 * 2 * 16}
    assert "ice/day9-1.png belongs to no image" in [row["detail"] for row in report["problems"]]
    with pytest.raises(DatasetError, match="one kind of image"):
        open_dataset(folder, product="PS-RGB")
    assert "`frames` and `ice`" in describe_layouts()


def test_a_folder_of_no_row_says_what_is_expected(tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    with pytest.raises(DatasetError, match="no known layout") as caught:
        open_dataset(tmp_path)
    for layout in LAYOUTS.values():
        assert layout.description in caught.value.remedy


def test_demo_sets_of_the_command_line() -> None:
    assert list(demo_writers()) == ["dubai", "spacenet6"]


def test_any_folder_with_images_is_asked_for_last() -> None:
    """`pairs` takes what others recognise more exactly."""
    assert list(LAYOUTS)[-1] == "pairs"
