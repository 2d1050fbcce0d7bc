"""How far the prediction of a scene is, beside where its results go."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import WorkspaceError
from core.folder_lock import hold_folder, release_folder
from core.formats import percent
from core.paths import disk_errors, write_json

__all__ = ["SceneState", "share_done", "unfinished", "unfinished_folder"]

_FILE = "state.json"
_WORDS = {
    "image": "the image has changed",
    "model": "it was of another model",
    "options": "it was with other options",
    "grid": "its tiles lay elsewhere, as in another version of this program",
}


class SceneState(BaseModel):
    """What a prediction is of, and how far it is.

    Attributes:
        version: of this form.
        image: fingerprint of the image, see `core.inference.outputs.made_from`.
        model: SHA-256 of the model's card.
        options: what the values that are kept depend on.
        grid: where the tiles begin, and how large they are.
        rows: rows of tiles.
        rows_done: those whose values are kept.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    image: str
    model: str
    options: dict[str, Any]
    grid: str
    rows: int
    rows_done: int = 0

    @property
    def share(self) -> float:
        """How much of it is done, 0 to 1."""
        return self.rows_done / max(1, self.rows)


def unfinished_folder(out: Path, stem: str) -> Path:
    """Where an unfinished prediction of an image keeps its values."""
    return out / f".dsi-{stem}.unfinished"


class Unfinished:
    """An unfinished prediction, held by this process.

    Attributes:
        folder: where it keeps its values.
        state: how far it is.
    """

    def __init__(self, folder: Path, state: SceneState) -> None:
        self.folder, self.state = folder, state

    def advance(self, rows_done: int) -> None:
        """Note that so many rows of tiles are kept.

        Raises:
            WorkspaceError: the disk is full, or the folder is gone.
        """
        self.state = self.state.model_copy(update={"rows_done": rows_done})
        write_json(self.folder / _FILE, self.state.model_dump())


@contextmanager
def unfinished(out: Path, stem: str, wanted: SceneState, *, resume: bool) -> Iterator[Unfinished]:
    """The unfinished prediction of an image, a new one where there is none; removed at the end.

    Where the block ends by an error or an interruption it stays, with what is done.

    Args:
        out: folder of the results.
        stem: name of the image without its suffix.
        wanted: what is to be predicted, with nothing done.
        resume: whether to go on with one that is there.

    Raises:
        WorkspaceError: one is there and not to be resumed, is of something else, or another process
            is at it; or the folder cannot be written.
    """
    folder = unfinished_folder(out, stem)
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        held = hold_folder(folder)
    try:
        if held is None:
            raise WorkspaceError(
                "another process predicts this image into this folder",
                where=str(folder),
                remedy="wait for it, or choose another --out",
            )
        work = _open(folder, wanted, resume)
        try:
            yield work
        except WorkspaceError as error:
            remedy = f"{error.remedy}; then go on with --resume"
            raise WorkspaceError(error.what, where=error.where, remedy=remedy) from error
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        release_folder(held)
        with suppress(OSError):
            folder.rmdir()  # where nothing was kept


def _open(folder: Path, wanted: SceneState, resume: bool) -> Unfinished:
    remove = f"or remove {folder} to begin anew"
    try:
        there = _read(folder)
    except (ValueError, ValidationError) as error:
        raise WorkspaceError(
            "what a prediction left unfinished cannot be read",
            where=str(folder / _FILE),
            remedy=f"take it from a backup, {remove}",
        ) from error
    if there is None:
        made = Unfinished(folder, wanted)
        made.advance(0)
        return made
    if not resume:
        raise WorkspaceError(
            f"an unfinished prediction of this image is there, {percent(there.share, 0)} done",
            where=str(folder),
            remedy=f"go on with --resume, {remove}",
        )
    for member, words in _WORDS.items():
        if getattr(there, member) != getattr(wanted, member):
            raise WorkspaceError(
                f"the unfinished prediction cannot go on: {words}",
                where=str(folder),
                remedy=f"give it what it was made with, {remove}",
            )
    return Unfinished(folder, there)


def share_done(out: Path, stem: str) -> float | None:
    """How much of an unfinished prediction is kept, 0 to 1; None where there is none to resume."""
    try:
        state = _read(unfinished_folder(out, stem))
    except (ValueError, ValidationError):
        return None
    return state.share if state is not None else None


def _read(folder: Path) -> SceneState | None:
    try:
        text = (folder / _FILE).read_text()
    except OSError:
        return None  # killed before anything was kept
    return SceneState.model_validate(json.loads(text))
