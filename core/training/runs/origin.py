"""What a run was launched for, where it was not for itself: `origin.json` beside it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import RunError
from core.paths import write_json
from core.training.runs.run import Run, list_runs

__all__ = ["Origin", "read_origin", "runs_of", "write_origin"]

_FILE = "origin.json"


class Origin(BaseModel):
    """The content of `origin.json`.

    Attributes:
        kind: ``suspects``: trained again without labels that were taken to be wrong; ``split``:
            trained to see how much the kind of split changes the score.
        evaluation: id of the evaluation from which it was launched.
        model: name of the model that was evaluated there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    kind: Literal["suspects", "split"]
    evaluation: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")
    model: str


def read_origin(run: Run) -> Origin | None:
    """What a run was launched for; None where it was for itself.

    Raises:
        RunError: the file is damaged.
    """
    path = run.folder / _FILE
    try:
        return Origin.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise RunError(
            "what the run was launched for cannot be read",
            where=str(path),
            remedy="delete the file; nothing else needs it",
        ) from error


def write_origin(run: Run, origin: Origin) -> None:
    """Note what a run is launched for.

    Raises:
        WorkspaceError: the disk refuses.
    """
    write_json(run.folder / _FILE, origin.model_dump(mode="json"))


def runs_of(evaluation: str, kind: str) -> list[Run]:
    """The runs that were launched from an evaluation, in the order of `list_runs`.

    Args:
        evaluation: its id.
        kind: of `Origin`.
    """
    listed = []
    for run in list_runs():
        try:
            origin = read_origin(run)
        except RunError:
            continue  # the run's own page says so
        if origin and (origin.evaluation, origin.kind) == (evaluation, kind):
            listed.append(run)
    return listed
