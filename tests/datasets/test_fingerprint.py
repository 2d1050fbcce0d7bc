"""Changes of a dataset's files that are noticed, and walks that are saved."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.datasets import fingerprint as module
from core.datasets.fingerprint import fingerprint

LARGE = {"small": 1, "trusted": 10_000.0}
"""Three files are many, and 1 s of trust for each."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "set"
    for name in ("images/a.png", "images/b.png", "masks/a.png"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"1")
    return root


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the clock shows."""
    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def rewrite(path: Path, seconds: int) -> None:
    """Other content of the same size, written in place `seconds` later."""
    status = path.stat()
    path.write_bytes(b"2")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + seconds * 10**9))


def test_every_change_of_a_small_folder_shows_at_once(folder: Path) -> None:
    seen = [fingerprint(folder)]
    assert fingerprint(folder) == seen[0]
    rewrite(folder / "images/a.png", 1)
    seen.append(fingerprint(folder))
    (folder / "images/c.png").write_bytes(b"1")
    seen.append(fingerprint(folder))
    (folder / "masks/a.png").unlink()
    seen.append(fingerprint(folder))
    assert len(set(seen)) == 4


def test_a_large_folder_is_read_once_in_a_while(folder: Path, clock: list[float]) -> None:
    before = fingerprint(folder, **LARGE)
    rewrite(folder / "images/a.png", 1)
    clock[0] += 2.9
    assert fingerprint(folder, **LARGE) == before  # not looked at again so soon
    clock[0] += 0.2
    assert fingerprint(folder, **LARGE) != before


@pytest.mark.parametrize("change", ["added", "removed", "replaced", "new folder"])
def test_other_names_in_a_large_folder_show_at_once(
    folder: Path, clock: list[float], change: str
) -> None:
    before = fingerprint(folder, **LARGE)
    inside = folder / "images"
    if change == "added":
        (inside / "c.png").write_bytes(b"1")
    elif change == "removed":
        (inside / "b.png").unlink()
    elif change == "replaced":
        (inside / ".new").write_bytes(b"22")
        (inside / ".new").replace(inside / "b.png")
    else:
        (inside / "more").mkdir()
        (inside / "more/d.png").write_bytes(b"1")
    # The clock of the disk may tick more slowly than this test runs.
    times = inside.stat()
    os.utime(inside, ns=(times.st_atime_ns, times.st_mtime_ns + 10**7))
    assert fingerprint(folder, **LARGE) != before


def test_links_that_lead_nowhere_or_in_a_circle(folder: Path) -> None:
    before = fingerprint(folder)
    (folder / "images/gone.png").symlink_to(folder / "nothing")
    (folder / "images/up").symlink_to(folder)
    assert fingerprint(folder) == before


def test_a_folder_that_is_gone(folder: Path) -> None:
    assert fingerprint(folder / "nothing") != fingerprint(folder)
