"""A click on a bar, or on a mark, filters the gallery by what it stands for."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest

from core.datasets.audit.audit import Audit, audit
from core.datasets.catalogue import open_dataset
from core.datasets.dataset import Dataset
from core.datasets.recipes.splits import SplitConfig, split_samples
from tests.pages.test_data import counted, opened
from tests.ui.components import tiles
from ui.data.statistics import shares, sizes

Click = Callable[[int, int], None]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> dict[str, Click]:
    """What a click on each chart would call, by the chart's key."""
    clicks: dict[str, Click] = {}

    def show(chart: Any, key: str, alt: str, on_click: Click) -> None:
        clicks[key] = on_click

    monkeypatch.setattr(shares, "show", show)
    monkeypatch.setattr(sizes, "show", show)
    return clicks


@pytest.fixture
def dataset(demo_dataset: Path, tmp_path: Path) -> Dataset:
    root = Path(shutil.copytree(demo_dataset, tmp_path / "demo"))
    for name in ("images/image_part_001.jpg", "masks/image_part_001.png"):
        picture = cv2.imread(str(root / "Tile 2" / name), cv2.IMREAD_UNCHANGED)
        cv2.imwrite(str(root / "Tile 2" / name), picture[:64, :80])
    return open_dataset(root)


@pytest.fixture
def report(dataset: Dataset) -> Audit:
    return audit(dataset)


def test_clicks_are_conditions(dataset: Dataset, report: Audit, drawn: dict[str, Click]) -> None:
    asked: list[dict[str, Any]] = []

    def ask(**conditions: Any) -> None:
        asked.append(conditions)

    shares.whole_shares(dataset, report, ask)
    drawn["whole-shares"](0, 2)
    drawn["whole-shares"](0, len(dataset.classes))  # void is no class
    shares.scene_shares(dataset, report, ask)
    drawn["scene-shares"](3, 1)
    shares.split_shares(dataset, report, split_samples(dataset.samples, SplitConfig()), ask)
    drawn["split-shares"](0, 0)
    sizes.image_sizes(report, ask)
    drawn["image-sizes"](0, 1)
    assert asked == [
        {"class": "Road", "share": 0.01},
        {"scene": ["Tile 2"]},
        {"side": ["train"]},
        {"size": ["80 × 64 px"]},
    ]


def test_the_gallery_shows_what_was_asked_for(space: Path, dataset: Dataset) -> None:
    root = Path(shutil.copytree(dataset.root, space / "datasets" / "demo"))
    at = counted(opened(dataset="demo", size="80 × 64 px"), root)
    assert [tile["id"] for tile in tiles(at)] == ["Tile 2/image_part_001"]
    at = opened(dataset="demo", **{"class": "Road", "share": "0.01"})
    assert 0 < len(tiles(at)) <= 12
    assert at.selectbox(key="class").value == "Road"
