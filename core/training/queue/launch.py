"""Launch a training in the background, where it outlives the browser's page and the server."""

from __future__ import annotations

import re

from core.errors import RunError
from core.paths import BUNDLED_MODELS, workspace
from core.training.config import TrainConfig
from core.training.queue.queue import advance, enqueue, submit
from core.training.runs.run import Run, list_runs
from core.training.runs.status import Status
from core.untrusted.folder import list_folder

__all__ = ["launch", "resume", "running_runs", "suggest_name"]


def launch(config: TrainConfig, name: str) -> Run:
    """Start a new training in the background, or queue it where another one is going on.

    Args:
        config: configuration whose `dataset` is the id of a dataset; a relative folder would be
            looked for in the repository.
        name: name of the run and of its model.

    Returns:
        The run; its status says ``queued`` until it is its turn, then ``starting`` until the
        process takes over.

    Raises:
        RunError: a run or another model of that name exists, or no process can be started.
        WorkspaceError: the name is not allowed or the disk refuses.
    """
    run = submit(name, config)
    advance()
    return run


def resume(run: Run) -> None:
    """Go on with an ended training in the background, from its last state, when it is its turn.

    Raises:
        RunError: it is running, waiting or finished, or no process can be started.
        WorkspaceError: the disk refuses.
    """
    enqueue(run)
    advance()


def running_runs() -> list[Run]:
    """The trainings that are going on now; damaged folders are passed over."""
    return [run for run in list_runs() if (status := _status(run)) and status.alive]


def suggest_name(dataset: str, architecture: str = "unet") -> str:
    """A name that no run or model has yet, such as ``demo-unet-01``."""
    plain = re.sub(r"[^a-z0-9]+", "-", dataset.rpartition("/")[2].lower()).strip("-") or "run"
    stem = f"{plain[:60]}-{architecture}"
    space = workspace()
    places = (space.runs, space.models, BUNDLED_MODELS)
    used = {name for place in places for name in list_folder(place).folders}
    number = 1
    while f"{stem}-{number:02d}" in used:
        number += 1
    return f"{stem}-{number:02d}"


def _status(run: Run) -> Status | None:
    try:
        return run.status()
    except RunError:
        return None
