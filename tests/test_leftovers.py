"""Processes that were killed, or work beside each other: nothing is left, and nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

from core.datasets.recipes.recipe import Recipe, load_recipe
from core.datasets.recipes.revisions import recipe_file, revisions
from core.folder_lock import hold_folder, release_folder
from core.leftovers import remove_leftovers
from core.paths import new_folder, workspace
from tests.conftest import REPOSITORY

MAKER = """
import sys, time
from core.paths import new_folder, workspace
with new_folder(workspace().datasets / "town") as part:
    (part / "large.bin").write_bytes(b"0" * 100_000)
    print(part, flush=True)
    time.sleep(60)
"""


def test_what_a_killed_import_leaves_is_removed(space: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", MAKER], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    )
    assert process.stdout
    part = Path(process.stdout.readline().strip())
    assert remove_leftovers(workspace()) == 0  # it is being made
    assert (part / "large.bin").is_file()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert part.is_dir()
    assert remove_leftovers(workspace()) == 1
    assert list(workspace().datasets.iterdir()) == []


def test_so_are_parts_of_files_and_nothing_else(space: Path) -> None:
    run = workspace().runs / "a"
    run.mkdir()
    half, young = run / ".abcd1234.model.weights.h5", run / ".abcd1235.model.weights.h5"
    kept = [run / "model.weights.h5", run / ".abc.json", workspace().recipes / ".drafts"]
    for path in (half, young, *kept):
        path.write_text("")
        os.utime(path, (1e9, 1e9))
    os.utime(young)
    (workspace().datasets / ".mine").mkdir()
    elsewhere = space.parent / "elsewhere"
    elsewhere.mkdir()
    (workspace().datasets / ".town.abcd1234").symlink_to(elsewhere)
    with new_folder(workspace().datasets / "town") as part:
        assert remove_leftovers(workspace()) == 1
        assert part.is_dir()
    assert not half.exists()
    assert young.exists() and all(path.exists() for path in kept)
    assert elsewhere.is_dir() and (workspace().datasets / ".mine").is_dir()


SAVER = """
import sys
from core.datasets.recipes.recipe import Recipe
from core.datasets.recipes.revisions import save_recipe
for number in range(30):
    save_recipe(Recipe(name="town", dataset="town", exclude=(f"{sys.argv[1]}-{number}",)))
"""


def test_recipes_of_two_processes_are_all_kept(space: Path) -> None:
    workspace().recipes.mkdir(exist_ok=True)
    both = [subprocess.Popen([sys.executable, "-c", SAVER, name], cwd=REPOSITORY) for name in "ab"]
    assert [process.wait() for process in both] == [0, 0]
    assert revisions("town") == list(range(1, 61))
    saved = {load_recipe(recipe_file("town", n)).exclude for n in range(1, 61)}
    assert saved == {(f"{name}-{n}",) for name in "ab" for n in range(30)}
    assert isinstance(load_recipe(recipe_file("town")), Recipe)


def test_what_a_killed_deletion_and_a_killed_checkpoint_leave(space: Path) -> None:
    hidden = f".deleted-{uuid.uuid4().hex}"
    for home in (workspace().models, workspace().runs):
        (home / hidden).mkdir()
        (home / hidden / "model.weights.h5").write_text("")
    checkpoint = workspace().runs / "a/checkpoint"
    checkpoint.mkdir(parents=True)
    half, whole = checkpoint / ".abcd1234.epoch-1.weights.h5", checkpoint / "epoch-1.weights.h5"
    for path in (half, whole):
        path.write_text("")
        os.utime(path, (1e9, 1e9))
    held = hold_folder(workspace().runs / hidden)  # somebody is at it
    assert remove_leftovers(workspace()) == 2
    assert not half.exists() and whole.exists()
    assert not (workspace().models / hidden).exists()
    release_folder(held)
    assert remove_leftovers(workspace()) == 1
