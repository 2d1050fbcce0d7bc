"""Processes that were killed, or work beside each other: nothing is left, and nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import numpy as np

from core.cli.main import main
from core.datasets.recipes.recipe import Recipe, load_recipe
from core.datasets.recipes.revisions import recipe_file, revisions
from core.folder_lock import hold_folder, release_folder
from core.leftovers import remove_leftovers
from core.paths import new_folder, workspace
from tests.conftest import REPOSITORY
from tests.imagery.test_raster import tiff

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
from core.cli.main import main
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


WRITER = """
import sys, time
from pathlib import Path
from core.paths import write_parts
def parts():
    yield b"0" * 100_000
    print("begun", flush=True)
    time.sleep(60)
write_parts(Path(sys.argv[1]), parts())
"""


def test_what_a_killed_prediction_leaves_goes_with_the_next(
    tiny_model: str, tmp_path: Path
) -> None:
    """It stayed in a folder that is nobody's workspace for ever."""
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(out / "town.geojson")],
        stdout=subprocess.PIPE, text=True, cwd=REPOSITORY,
    )  # fmt: skip
    assert process.stdout and process.stdout.readline()
    [part] = out.iterdir()
    others = [
        out / name
        for name in (".settings.app.json", ".dsi-abcd1234.notes.txt", ".dsi-ABCD1234.a.json")
    ]
    others.append(out / ".dsi-abcd1234.young_labels.png")
    for path in others:
        path.write_text("")
    (out / ".dsi-abcd1234.pipe.json").mkdir()
    for path in (part, *others[:-1]):
        os.utime(path, (1e9, 1e9))

    def predict() -> None:
        image = tmp_path / "a.tif"
        image.write_bytes(tiff(np.zeros((40, 48, 3), np.uint8)))
        arguments = [str(image), "--model", tiny_model, "--out", str(out)]
        assert main(["predict", *arguments]) == 0

    predict()
    assert part.exists()  # it is being written, however old
    process.send_signal(signal.SIGKILL)
    process.communicate()
    predict()
    assert not part.exists()
    assert all(path.exists() for path in others) and (out / ".dsi-abcd1234.pipe.json").is_dir()
