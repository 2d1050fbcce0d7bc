"""Rename and delete datasets of the workspace, unless a training uses them."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

from core.datasets.class_names import class_names_file
from core.datasets.recipes.manage import move_recipes
from core.datasets.recipes.revisions import discard_draft
from core.datasets.tags import tags_file
from core.errors import ConfigError, DatasetError
from core.models.prediction_history import forget_predictions, rename_in_predictions
from core.paths import checked_name, disk_errors, workspace
from core.training.queue.queue import queue_lock
from core.training.runs.run import Run, list_runs

__all__ = ["change_unused", "delete_dataset", "rename_dataset", "runs_using"]


def runs_using(dataset: str, root: Path) -> list[Run]:
    """Runs that train on a dataset now or wait in the queue to.

    Args:
        dataset: its id.
        root: its folder.
    """
    using = []
    for run in list_runs():
        status = run.status()
        if not (status.alive or status.state == "queued"):
            continue
        try:
            name = run.config().dataset
        except ConfigError:
            continue  # it cannot go on either
        if name == dataset or Path(name).resolve() == root.resolve():
            using.append(run)
    return using


def change_unused(dataset: str, root: Path, change: Callable[[], None]) -> None:
    """Make a change of a dataset while no training can start on it.

    Args:
        dataset: its id.
        root: its folder.
        change: makes it.

    Raises:
        DatasetError: a training uses it, or waits to.
    """
    with queue_lock():
        if using := runs_using(dataset, root):
            names = ", ".join(run.name for run in using)
            raise DatasetError(
                f"the dataset {dataset!r} is in use: {names}",
                remedy="wait until the training has ended, stop it, or take it off the queue",
            )
        change()


def rename_dataset(name: str, new: str) -> None:
    """Call a dataset of the workspace otherwise; what is kept about it goes along.

    Raises:
        DatasetError: there is no such dataset in the workspace, one of the new name, or a training
            uses it.
        WorkspaceError: the name cannot be used, or the disk refuses.
    """
    folder, new = _own_folder(name), checked_name(new.strip())
    place = folder.with_name(new)
    if new == name:
        return
    if place.exists():
        raise DatasetError(
            f"there is a dataset {new!r} in the workspace already", remedy="choose another name"
        )

    def change() -> None:
        names, tags = class_names_file(folder), tags_file(name)
        with disk_errors(folder):
            folder.rename(place)
        for old, to in ((names, class_names_file(place)), (tags, tags_file(new))):
            if old.is_file():
                with disk_errors(old):
                    old.replace(to)
        move_recipes(name, new)
        rename_in_predictions(name, new, "dataset")

    change_unused(name, folder, change)


def delete_dataset(name: str) -> None:
    """Delete a dataset of the workspace with its draft, tags, class names and last predictions.

    Recipes, models and runs stay. Where the entry is a link to a folder elsewhere, the link goes
    and the folder stays.

    Raises:
        DatasetError: there is no such dataset in the workspace, or a training uses it.
        WorkspaceError: the disk refuses.
    """
    folder = _own_folder(name)
    # Off the list in one step; what is left of a deletion that is killed is hidden, and removed
    # as other leftovers are.
    hidden = folder.with_name(f".{name}.{uuid.uuid4().hex[:8]}")
    link = folder.is_symlink()
    kept = [tags_file(name)] if link else [tags_file(name), class_names_file(folder)]

    def change() -> None:
        with disk_errors(folder):
            folder.rename(hidden)

    change_unused(name, folder, change)
    for path in kept:
        with disk_errors(path):
            path.unlink(missing_ok=True)
    discard_draft(name)
    forget_predictions(dataset=name)
    with disk_errors(hidden):
        hidden.unlink() if link else shutil.rmtree(hidden)


def _own_folder(name: str) -> Path:
    """The folder of a dataset of the workspace; never one of the server's own."""
    folder = workspace().datasets / checked_name(name)
    if not folder.is_dir():
        raise DatasetError(
            f"there is no dataset {name!r} in the workspace",
            remedy="folders of the server's own are never changed from here",
        )
    return folder
