"""The status that a training writes while it runs, and whether it was asked to stop."""

from __future__ import annotations

from typing import Any

from core.errors import DatasetError, RunError
from core.training.runs.run import Run
from core.training.runs.status import Status

__all__ = ["ResumeRefused", "StatusWriter", "Stopped", "check_stop"]


class StatusWriter:
    """The run's status; calling it changes fields and writes them."""

    def __init__(self, run: Run, status: Status) -> None:
        self._run = run
        self.now = status

    def __call__(self, **fields: Any) -> Status:
        if fields:
            self.now = self.now.model_copy(update=fields)
            self._run.write_status(self.now)
        return self.now


class Stopped(RunError):
    """It was asked to stop before there was anything to keep."""


class ResumeRefused(DatasetError):
    """The data is not what the run began with; nothing of the run was lost or changed."""


def check_stop(run: Run) -> None:
    """Raise if the run was asked to stop.

    Raises:
        Stopped: it was.
    """
    if run.stop_file.exists():
        raise Stopped("stopped before the first step, as you asked", where=run.name)
