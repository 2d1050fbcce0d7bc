"""Rename and delete saved recipes, with all their revisions."""

from __future__ import annotations

import shutil
import uuid

from core.datasets.recipes.recipe import load_recipe
from core.datasets.recipes.revisions import (
    discard_draft,
    keep_draft,
    list_recipes,
    load_draft,
    recipe_file,
    revisions,
)
from core.errors import ConfigError
from core.locks import locked
from core.paths import checked_name, disk_errors, new_folder, workspace, write_json

__all__ = ["delete_recipe", "move_recipes", "rename_recipe"]


def rename_recipe(name: str, new: str) -> None:
    """Call a recipe otherwise, in all its revisions.

    Raises:
        ConfigError: there is no such recipe, or one of the new name.
        WorkspaceError: the name cannot be used, or the disk refuses.
    """
    recipe_file(name)  # says that there is none
    new = checked_name(new.strip())
    folder = workspace().recipes
    if new == name:
        return
    if (folder / new).exists():
        raise ConfigError(f"there is a recipe {new!r} already", remedy="choose another name for it")
    with locked(folder / name / ".lock"):
        with new_folder(folder / new) as made:
            for number in revisions(name):
                recipe = load_recipe(recipe_file(name, number)).model_copy(update={"name": new})
                write_json(made / f"{number:04d}.json", recipe.model_dump(mode="json"))
        _remove(name)


def delete_recipe(name: str) -> None:
    """Delete a recipe with all its revisions. Trainings keep a copy of theirs.

    Raises:
        ConfigError: there is no such recipe.
        WorkspaceError: the disk refuses.
    """
    recipe_file(name)
    with locked(workspace().recipes / checked_name(name) / ".lock"):
        _remove(name)


def _remove(name: str) -> None:
    folder = workspace().recipes / name
    # Off the list in one step, whatever happens to the rest.
    hidden = folder.with_name(f".{name}.{uuid.uuid4().hex[:8]}")
    with disk_errors(folder):
        folder.rename(hidden)
        shutil.rmtree(hidden)


def move_recipes(dataset: str, new: str) -> None:
    """Let the draft and the recipes of a dataset name it by its new name.

    Args:
        dataset: its id so far.
        new: its id from now on.

    Raises:
        WorkspaceError: the disk refuses.
    """
    if draft := load_draft(dataset):
        called = new if draft.name == dataset and not draft.revision else draft.name
        keep_draft(draft.model_copy(update={"dataset": new, "name": called}))
        discard_draft(dataset)
    for name in list_recipes():
        for number in revisions(name):
            path = recipe_file(name, number)
            try:
                recipe = load_recipe(path)
            except ConfigError:
                continue  # it says so where it is loaded
            if recipe.dataset == dataset:
                moved = recipe.model_copy(update={"dataset": new})
                write_json(path, moved.model_dump(mode="json"))
