"""The table of dataset layouts: one row is all that a new layout needs."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.cli.main import main
from core.datasets.audit.audit import audit
from core.datasets.catalogue import find_dataset, list_datasets, open_dataset, recognise
from core.datasets.known_layouts import LAYOUTS, Layout, demo_writers, describe_layouts
from core.errors import DatasetError
from tests.contributing import example


def write_frames(root: Path, *, scenes: int, seed: int, progress: object, size: int = 16) -> Path:
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


def test_a_new_layout_is_written_listed_opened_and_audited(
    space: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By the example of docs/contributing.md, whose row is the one change to the program."""
    _, (name, row) = example("A dataset layout", Layout, tmp_path)
    orphan = space / "datasets/polar/ice/day9-1.png"
    row = replace(row, write_demo=write_frames, orphans=lambda dataset: [orphan])
    monkeypatch.setitem(LAYOUTS, name, row)

    folder = space / "datasets/polar"
    assert main(["demo", str(folder), "--layout", "sea-ice", "--scenes", "3"]) == 0
    assert recognise(folder) == "sea-ice"
    assert [(ref.id, ref.layout) for ref in list_datasets()] == [("polar", "sea-ice")]
    capsys.readouterr()
    assert main(["datasets", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["datasets"]
    assert listed == [{"name": "polar", "layout": "sea-ice", "path": str(folder)}]
    dataset = find_dataset("polar")
    assert dataset.scenes == ("day0", "day1", "day2")
    labels = dataset.load_labels(dataset.samples[0], (16, 16))
    assert np.bincount(labels.ravel()).tolist() == [14 * 16, 2 * 16]
    report = audit(dataset).to_json()
    assert report["layout"] == "sea-ice"
    assert report["pixels_per_class"] == {"Water": 3 * 14 * 16, "Ice": 3 * 2 * 16}
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


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_reader_carries_its_fact_sheet(layout: str) -> None:
    facts = (LAYOUTS[layout].read.__doc__ or "").lower()
    for fact in ("size", "bands", "resolution", "classes", "void", "licence", "source"):
        assert re.search(rf"^\s+- [a-z ]*\b{fact}\b", facts, re.M), fact
