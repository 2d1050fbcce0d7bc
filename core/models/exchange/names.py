"""Names of models: which are free, and giving a workspace's model another one, or deleting it."""

from __future__ import annotations

import uuid
from pathlib import Path

from core.errors import ModelError
from core.folder_lock import remove_held
from core.models.card import CARD_FILE
from core.models.prediction_history import forget_predictions, rename_in_predictions
from core.models.store import ModelRef, read_card
from core.paths import (
    BUNDLED_MODELS,
    checked_name,
    disk_errors,
    is_name,
    workspace,
    write_json,
)

__all__ = ["check_free", "delete_model", "free_name", "rename_model"]

_LONGEST = 90  # characters, with room for a number


def check_free(name: str) -> None:
    """See that no model and no run has this name.

    Raises:
        ModelError: one has it.
        WorkspaceError: it cannot be a name.
    """
    checked_name(name)
    space = workspace()
    # Of the bundled folders one holds weights alone.
    bundled = (BUNDLED_MODELS / name / CARD_FILE).is_file()
    if bundled or any((place / name).exists() for place in (space.models, space.runs)):
        raise ModelError(
            f"there is a model or a run {name!r} already", remedy="choose another name"
        )


def free_name(wish: str) -> str:
    """A name that is free: the wish itself, or with a number after it.

    Args:
        wish: any text, such as the name in somebody's card.
    """
    stem = wish[:_LONGEST].rstrip(" .")
    stem = stem if is_name(stem) else "model"
    for number in range(1, 10_000):
        name = stem if number == 1 else f"{stem}-{number}"
        try:
            check_free(name)
        except ModelError:
            continue
        return name
    raise ModelError(f"no name like {stem!r} is free", remedy="give one of your own")


def rename_model(ref: ModelRef, name: str) -> None:
    """Give a model of the workspace another name, in its card too.

    Raises:
        ModelError: it is none of the workspace's or is gone, or the name is taken.
        WorkspaceError: it cannot be a name, or the disk refuses.
    """
    folder = _own_folder(ref, "renamed")
    check_free(name)
    card = read_card(folder).model_copy(update={"name": name})
    write_json(folder / CARD_FILE, card.model_dump(mode="json"))
    with disk_errors(folder):
        folder.rename(folder.with_name(name))
    rename_in_predictions(ref.name, name, "model")


def delete_model(ref: ModelRef) -> None:
    """Delete a model of the workspace; runs and what they were trained from stay.

    Raises:
        ModelError: it is none of the workspace's, or is gone.
        WorkspaceError: the disk refuses.
    """
    folder = _own_folder(ref, "deleted")
    # Off the list in one step; what is left of a deletion that is killed is hidden.
    hidden = folder.with_name(f".deleted-{uuid.uuid4().hex}")
    with disk_errors(folder):
        folder.rename(hidden)
        remove_held(hidden)
    forget_predictions(model=ref.name)


def _own_folder(ref: ModelRef, done: str) -> Path:
    if ref.source != "workspace":
        owner = (
            "comes with the program" if ref.source == "bundled" else f"belongs to a {ref.source}"
        )
        raise ModelError(
            f"the model {ref.name!r} {owner} and cannot be {done}",
            remedy="delete its run instead" if ref.source == "run" else "leave it as it is",
        )
    folder = workspace().models / checked_name(ref.name)
    if not (folder / CARD_FILE).is_file():
        raise ModelError(f"the model {ref.name!r} is gone already", remedy="reload the page")
    return folder
