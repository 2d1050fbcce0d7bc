"""Tags and notes that people give a run; they lie beside it and change nothing of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import RunError
from core.paths import write_json
from core.training.runs.run import Run

__all__ = ["Notes", "read_notes", "tidy_tags", "write_notes"]

_FILE = "notes.json"
_LONGEST = 40  # characters of a tag


class Notes(BaseModel):
    """The content of `notes.json`.

    Attributes:
        tags: short words to find the run by, each once.
        text: anything.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    tags: tuple[str, ...] = ()
    text: str = ""


def read_notes(run: Run) -> Notes:
    """Tags and notes of a run; empty where it has none.

    Raises:
        RunError: the file is damaged.
    """
    path = run.folder / _FILE
    try:
        return Notes.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Notes()
    except (OSError, ValidationError) as error:
        raise RunError(
            "the run's notes cannot be read",
            where=str(path),
            remedy="delete the file; nothing else needs it",
        ) from error


def write_notes(run: Run, notes: Notes) -> None:
    """Replace tags and notes of a run.

    Raises:
        RunError: the run was deleted.
        WorkspaceError: the disk refuses.
    """
    if not run.folder.is_dir():
        raise RunError(f"the run {run.name!r} is gone", remedy="choose another one from the list")
    write_json(run.folder / _FILE, notes.model_dump(mode="json"))


def tidy_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags without empty and double ones, each in one line of at most 40 characters."""
    tidy = (re.sub(r"\s+", " ", tag).strip()[:_LONGEST].strip() for tag in tags)
    return tuple(dict.fromkeys(tag for tag in tidy if tag))
