"""One bad entry in a folder takes no other along: it is passed over, and named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.classes import DUBAI_CLASSES
from core.cli.main import main
from core.datasets.audit.audit import audit
from core.datasets.catalogue import find_dataset, list_datasets, open_dataset, skipped_places
from core.datasets.recipes.revisions import list_recipes
from core.errors import DatasetError
from core.models.store import foreign_models, list_models
from core.training.queue.launch import suggest_name
from core.training.runs.run import list_runs
from core.untrusted.folder import list_folder, skipped_below
from tests.conftest import REPOSITORY

NO_TEXT = "bad\udcff name"


def spoil(folder: Path) -> None:
    """Put beside what is there all that cannot be looked at."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "loop").symlink_to("loop")
    (folder / "nothing").symlink_to("/nowhere/at/all")
    (folder / NO_TEXT).mkdir()
    (folder / f"{NO_TEXT}.png").write_bytes(b"")
    os.mkfifo(folder / "pipe.png")


def test_what_is_passed_over_is_named(tmp_path: Path) -> None:
    spoil(tmp_path)
    (tmp_path / "images").mkdir()
    (tmp_path / "a.png").write_bytes(b"")
    listing = list_folder(tmp_path)
    assert listing.folders == ("images",)
    assert listing.files == ("a.png", "nothing")
    reasons = {skipped.path.name: skipped.reason for skipped in listing.skipped}
    assert reasons == {
        NO_TEXT: "its name is no UTF-8: rename it",
        f"{NO_TEXT}.png": "its name is no UTF-8: rename it",
        "loop": "too many levels of symbolic links",
        "pipe.png": "it is no file",
    }
    assert all(skipped.text.encode() for skipped in listing.skipped)
    assert not any(list_folder(tmp_path / "nowhere"))


@pytest.mark.parametrize("layout", ["dubai", "pairs"])
def test_a_set_is_read_without_them(demo_dataset: Path, tmp_path: Path, layout: str) -> None:
    root = Path(shutil.copytree(demo_dataset, tmp_path / "set"))
    if layout == "pairs":
        for part in ("images", "masks"):
            shutil.move(root / "Tile 1" / part, root / part)
        for tile in root.glob("Tile*"):
            shutil.rmtree(tile)
        (root / "classes.json").write_text(DUBAI_CLASSES.model_dump_json())
    before = open_dataset(root)
    folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
    for folder in folders:
        spoil(folder)
    dataset = open_dataset(root)
    assert dataset.layout == layout
    assert [s.id for s in dataset.samples] == [s.id for s in before.samples]
    problems = [p for p in audit(dataset).problems if p.kind == "skipped-entry"]
    assert len(problems) == min(20, 4 * len(folders))
    assert any("loop" in p.detail for p in problems)


def test_the_workspace_and_the_servers_folders(
    space: Path,
    demo_dataset: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(demo_dataset, space / "datasets/demo")
    shutil.copytree(demo_dataset, tmp_path / "shared/town/demo")
    monkeypatch.setenv("DSI_DATA_ROOTS", str(tmp_path / "shared"))
    for name in ("datasets", "models", "runs", "recipes", "recipes/town"):
        spoil(space / name)
    spoil(tmp_path / "shared")
    spoil(tmp_path / "shared/town")
    assert [ref.id for ref in list_datasets()] == ["demo", "server/shared/town/demo"]
    assert len(skipped_places()) == 12
    assert find_dataset("demo").samples
    assert [ref.name for ref in list_models() if ref.source != "bundled"] == []
    assert not foreign_models() and not list_runs() and not list_recipes()
    assert suggest_name("demo") == "demo-unet-01"
    for command in ("datasets", "models", "runs"):
        assert main([command]) == 0
    assert "loop is passed over: too many levels" in capsys.readouterr().err


def test_a_folder_of_the_workspace_whose_name_is_not_allowed(
    space: Path, demo_dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("demo", "Zürich (new)", ".hidden"):
        shutil.copytree(demo_dataset, space / "datasets" / name)
    (space / "datasets/läufe").mkdir()  # no dataset, but it may have been meant as one
    assert [ref.id for ref in list_datasets()] == ["demo"]
    texts = [skipped.text for skipped in skipped_places()]
    assert len(texts) == 2
    assert "Zürich (new) is passed over: its name cannot be used: rename it with up to" in texts[0]
    assert main(["datasets"]) == 0
    assert "Zürich (new) is passed over" in capsys.readouterr().err


def test_what_to_do_is_worded_for_page_and_command_line(space: Path, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    for dataset in ("gone", str(tmp_path / "nothing")):
        with pytest.raises(DatasetError) as caught:
            find_dataset(dataset)
        assert "written on the Data page or by the command `demo`" in str(caught.value.remedy)
        assert "python -m" not in str(caught.value.remedy)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may look into; `tmp_path` is the tests' own."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_folder_that_may_not_be_looked_into(demo_dataset: Path, open_folder: Path) -> None:
    """As another user, for root may look into all."""
    tmp_path = open_folder
    shutil.copytree(demo_dataset, tmp_path / "roots/demo")
    (tmp_path / "roots/closed/images").mkdir(parents=True)
    (tmp_path / "roots/closed").chmod(0)
    code = (
        "import os, sys\n"
        "from core.datasets.catalogue import list_datasets, skipped_places\n"
        "list_datasets(), skipped_places()  # imports what only root may read\n"
        "if os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "print([r.id for r in list_datasets()], [s.text for s in skipped_places()])"
    )
    (tmp_path / "ws/datasets").mkdir(parents=True)
    environment = {"DSI_WORKSPACE": str(tmp_path / "ws"), "DSI_DATA_ROOTS": str(tmp_path / "roots")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    (tmp_path / "roots/closed").chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert "['server/roots/demo']" in done.stdout
    assert "closed is passed over: it may not be looked into" in done.stdout
    assert skipped_below(tmp_path / "roots", 2) == []


def test_a_ring_of_links_as_workspace_or_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ring = tmp_path / "ring"
    ring.symlink_to(ring)
    monkeypatch.setenv("DSI_DATA_ROOTS", str(ring))
    monkeypatch.setenv("DSI_WORKSPACE", str(tmp_path / "space"))
    assert main(["datasets"]) == 0
    monkeypatch.setenv("DSI_WORKSPACE", str(ring))
    assert main(["datasets"]) == 1
    assert "ring" in capsys.readouterr().err
