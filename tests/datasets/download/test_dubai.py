"""Fetching the Dubai set, with a stand-in for kagglehub: no network."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import cv2
import kagglehub.exceptions
import numpy as np
import pytest
import requests

from core.datasets.catalogue import open_dataset
from core.datasets.download.dubai import DUBAI_HANDLE, DUBAI_URL, fetch_dubai
from core.errors import DatasetError

SECRET = "0123456789abcdef"


def pretend(monkeypatch: pytest.MonkeyPatch, download: Callable[[str], str]) -> None:
    fake = ModuleType("kagglehub")
    fake.dataset_download = download  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "kagglehub", fake)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """What kagglehub leaves in its cache: the set with the folder around it."""
    home = tmp_path / "cache" / "Semantic segmentation dataset"
    for part in (1, 2):
        for folder, suffix in (("images", "jpg"), ("masks", "png")):
            path = home / f"Tile 1/{folder}/image_part_00{part}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(path), np.full((4, 4, 3), 155, np.uint8))
    return tmp_path / "cache"


def test_the_set_arrives_in_the_workspace(
    space: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    pretend(monkeypatch, lambda handle: asked.append(handle) or str(cache))
    seen: list[tuple[int, int]] = []
    folder = fetch_dubai(lambda done, total: seen.append((done, total)))
    assert asked == [DUBAI_HANDLE]
    assert folder == space / "datasets" / "dubai"
    assert (folder / "Tile 1/images/image_part_001.jpg").is_file()
    assert len(open_dataset(folder).samples) == 2
    assert seen == [(0, 0), (1, 4), (2, 4), (3, 4), (4, 4)]
    assert [p.name for p in folder.parent.iterdir()] == ["dubai"]  # nothing half-made is left
    with pytest.raises(DatasetError, match="already"):
        fetch_dubai()


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (requests.exceptions.ConnectionError("offline"), "cannot be reached"),
        (requests.exceptions.ConnectTimeout("offline"), "cannot be reached"),
        (kagglehub.exceptions.UnauthenticatedError(), "refused"),
        (kagglehub.exceptions.CredentialError(f"bad key {SECRET}"), "refused"),
        (kagglehub.exceptions.KaggleApiHTTPError(f"403 key={SECRET}"), "refused"),
        (kagglehub.exceptions.DataCorruptionError("md5"), "failed (DataCorruptionError)"),
        (ValueError("Unsupported archive type"), "failed (ValueError)"),
        (OSError(28, "No space left on device"), "No space left on device"),
    ],
)
def test_failure_says_how_to_do_it_by_hand(
    space: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, says: str
) -> None:
    def download(handle: str) -> str:
        raise error

    pretend(monkeypatch, download)
    with pytest.raises(DatasetError) as caught:
        fetch_dubai()
    text = str(caught.value)
    assert says in text
    assert DUBAI_URL in text
    assert str(space / "datasets" / "dubai") in text
    assert "`Tile 1/images`" in text
    assert SECRET not in text
    assert list((space / "datasets").iterdir()) == []


def test_something_else_was_downloaded(
    space: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "else").mkdir()
    pretend(monkeypatch, lambda handle: str(tmp_path / "else"))
    with pytest.raises(DatasetError, match="no `Tile N/images`"):
        fetch_dubai()
