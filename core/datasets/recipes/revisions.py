"""Recipes in the workspace: every saving is a new revision, none is ever overwritten."""

from __future__ import annotations

import hashlib
import re
import threading
from pathlib import Path
from typing import Any

from core.datasets.recipes.recipe import Recipe, load_recipe
from core.errors import ConfigError
from core.formats import MISSING
from core.locks import locked
from core.paths import checked_name, disk_errors, is_name, workspace, write_json
from core.settings import flatten_settings
from core.untrusted.folder import list_folder

__all__ = [
    "differences",
    "discard_draft",
    "keep_draft",
    "list_recipes",
    "load_draft",
    "recipe_file",
    "revisions",
    "save_recipe",
]

_SAVING = threading.Lock()  # sessions of the dashboard are threads of one process
_FILE = re.compile(r"(\d{4,})\.json")


def list_recipes() -> list[str]:
    """Names of the recipes in the workspace."""
    names = list_folder(workspace().recipes).folders
    return [name for name in names if is_name(name) and revisions(name)]


def revisions(name: str) -> list[int]:
    """The revisions of a recipe, rising; empty if there is none of this name."""
    folder = workspace().recipes / checked_name(name)
    matches = (_FILE.fullmatch(name) for name in list_folder(folder).files)
    return sorted(int(match[1]) for match in matches if match)


def recipe_file(name: str, revision: int | None = None) -> Path:
    """The file of a recipe's revision, by default of the last.

    Raises:
        ConfigError: there is none.
    """
    known = revisions(name)
    wanted = revision if revision is not None else (known[-1] if known else 0)
    if wanted not in known:
        listed = ", ".join(map(str, known)) if known else ""
        raise ConfigError(
            f"there is no recipe {name!r}" + (f" revision {wanted}" if known else ""),
            remedy=f"its revisions are {listed}" if listed else "save one on the Data page",
        )
    return workspace().recipes / name / f"{wanted:04d}.json"


def save_recipe(recipe: Recipe) -> Recipe:
    """Keep a recipe as the next revision of its name.

    Returns:
        The recipe with its revision; the last one where nothing has changed since.

    Raises:
        WorkspaceError: the name cannot be used, or the disk is full.
    """
    folder = workspace().recipes / checked_name(recipe.name)
    with disk_errors(folder):
        folder.mkdir(exist_ok=True)
    # Threads of one process share its locks on files.
    with _SAVING, locked(folder / ".lock"):
        known = revisions(recipe.name)
        if known and not differences(load_recipe(recipe_file(recipe.name)), recipe):
            return load_recipe(recipe_file(recipe.name))
        number = (known[-1] if known else 0) + 1
        made = recipe.model_copy(update={"revision": number})
        write_json(folder / f"{number:04d}.json", made.model_dump(mode="json"))
        return made


def _draft_file(dataset: str) -> Path:
    # Ids have slashes; the leading dot keeps drafts out of the list of recipes.
    digest = hashlib.blake2b(dataset.encode(), digest_size=16).hexdigest()
    return workspace().recipes / ".drafts" / f"{digest}.json"


def load_draft(dataset: str) -> Recipe | None:
    """What was decided about a dataset and not saved yet; None if there is nothing.

    A draft that cannot be read any more counts as none.
    """
    path = _draft_file(dataset)
    if not path.is_file():
        return None
    try:
        return load_recipe(path)
    except ConfigError:
        return None


def keep_draft(recipe: Recipe) -> None:
    """Keep a recipe as the draft of its dataset, so that a reload of the page loses nothing.

    Raises:
        WorkspaceError: the disk is full or cannot be written.
    """
    path = _draft_file(recipe.dataset)
    with disk_errors(path):
        path.parent.mkdir(exist_ok=True)
    write_json(path, recipe.model_dump(mode="json"))


def discard_draft(dataset: str) -> None:
    """Forget the draft of a dataset."""
    path = _draft_file(dataset)
    with disk_errors(path):
        path.unlink(missing_ok=True)


def differences(one: Recipe, other: Recipe) -> list[tuple[str, str, str]]:
    """Settings in which two recipes differ, by dotted key, with both values as text.

    Name and revision do not count.
    """
    left, right = _texts(one), _texts(other)
    keys = [k for k in dict.fromkeys((*left, *right)) if k not in ("name", "revision", "version")]
    return [
        (key, left.get(key, MISSING), right.get(key, MISSING))
        for key in keys
        if left.get(key) != right.get(key)
    ]


def _texts(recipe: Recipe) -> dict[str, str]:
    flat = flatten_settings(recipe.model_dump(mode="json"))
    return {key: _text(value) for key, value in flat.items() if value != {}}


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)
