"""Datasets of the workspace renamed and deleted, unless a training uses them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.datasets.catalogue import list_datasets, open_dataset
from core.datasets.class_names import write_class_names
from core.datasets.recipes.recipe import Recipe
from core.datasets.recipes.revisions import keep_draft, load_draft, save_recipe
from core.datasets.tags import change_tags, read_tags
from core.errors import DatasetError, WorkspaceError
from core.training.config import TrainConfig
from core.training.queue.datasets import delete_dataset, rename_dataset
from core.training.runs.run import create_run


@pytest.fixture
def demo(space: Path, demo_dataset: Path) -> Path:
    root = Path(shutil.copytree(demo_dataset, space / "datasets" / "demo"))
    dataset = open_dataset(root)
    write_class_names(dataset, [(f"{c.name}!", c.color) for c in dataset.classes.classes])
    change_tags("demo", ["Tile 1/image_part_001"], ["cloud"])
    keep_draft(Recipe(name="demo", dataset="demo", exclude=("a",)))
    save_recipe(Recipe(name="mine", dataset="demo"))
    return root


def ids() -> list[str]:
    return [ref.id for ref in list_datasets()]


def test_what_belongs_to_it_goes_along(demo: Path) -> None:
    rename_dataset("demo", " city ")
    assert ids() == ["city"]
    assert open_dataset(demo.with_name("city")).classes.names[0] == "Building!"
    assert read_tags("city") == {"Tile 1/image_part_001": ("cloud",)}
    assert read_tags("demo") == {}
    assert load_draft("city") is not None
    assert load_draft("demo") is None


def test_deleting_leaves_nothing_but_recipes(demo: Path, space: Path) -> None:
    delete_dataset("demo")
    assert ids() == []
    assert list((space / "datasets").iterdir()) == []
    assert [path.name for path in (space / "class_names").iterdir()] == [".lock"]
    assert (read_tags("demo"), load_draft("demo")) == ({}, None)
    assert sorted(p.name for p in (space / "recipes").iterdir()) == [".drafts", "mine"]


@pytest.mark.parametrize("by_path", [False, True])
def test_one_in_use_is_refused(demo: Path, by_path: bool) -> None:
    name = str(demo) if by_path else "demo"
    create_run("waits", TrainConfig(dataset=name), {"state": "queued", "place": 1.0})
    for change in (lambda: delete_dataset("demo"), lambda: rename_dataset("demo", "city")):
        with pytest.raises(DatasetError, match="is in use: waits"):
            change()
    assert ids() == ["demo"]


def test_an_ended_run_is_no_hindrance(demo: Path) -> None:
    create_run("ended", TrainConfig(dataset="demo"), {"state": "finished"})
    rename_dataset("demo", "city")
    assert ids() == ["city"]


def test_names_that_are_refused(demo: Path) -> None:
    shutil.copytree(demo, demo.with_name("other"))
    with pytest.raises(DatasetError, match="already"):
        rename_dataset("demo", "other")
    for name in ("../x", "", ".hidden", "server/a"):
        with pytest.raises(WorkspaceError, match="cannot be used as a name"):
            rename_dataset("demo", name)
        with pytest.raises((WorkspaceError, DatasetError)):
            delete_dataset(name)
    assert ids() == ["demo", "other"]


def test_the_servers_folders_are_never_touched(
    space: Path, demo_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    shutil.copytree(demo_dataset, store / "demo")
    monkeypatch.setenv("DSI_DATA_ROOTS", str(store))
    (entry,) = ids()
    for change in (lambda: delete_dataset(entry), lambda: rename_dataset(entry, "city")):
        with pytest.raises(WorkspaceError):
            change()
    # A link in the workspace goes, what it leads to stays.
    (space / "datasets").mkdir(parents=True, exist_ok=True)
    (space / "datasets/linked").symlink_to(store / "demo")
    rename_dataset("linked", "link")
    delete_dataset("link")
    assert not (space / "datasets/link").exists()
    assert len(list((store / "demo").rglob("*.jpg"))) == 12
