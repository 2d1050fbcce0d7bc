"""Delete a run with everything it left."""

from __future__ import annotations

import uuid

from core.errors import RunError
from core.folder_lock import remove_held
from core.locks import acquire
from core.models.prediction_history import forget_predictions
from core.paths import disk_errors
from core.training.queue.queue import queue_lock
from core.training.runs.run import Run

__all__ = ["delete_run"]


def delete_run(run: Run) -> None:
    """Delete an ended run: folder, model, checkpoint and log.

    Raises:
        RunError: it is running or waits in the queue, or is gone already.
        WorkspaceError: the disk refuses.
    """
    with queue_lock():
        if not run.folder.is_dir():
            raise RunError(f"the run {run.name!r} is gone already", remedy="reload the page")
        state = run.status().state
        if state == "queued":
            raise RunError(
                f"the run {run.name!r} waits in the queue", remedy="take it off the queue first"
            )
        lock = acquire(run.lock_file)  # a training holds it, whatever its status says
        if state in ("starting", "running") or lock is None:
            raise RunError(
                f"the run {run.name!r} is running", remedy="stop it and wait until it has ended"
            )
        # Off the list in one step; what is left of a deletion that is killed is hidden.
        hidden = run.folder.with_name(f".deleted-{uuid.uuid4().hex}")
        with lock, disk_errors(run.folder):
            run.folder.rename(hidden)
    forget_predictions(model=run.name)
    with disk_errors(hidden):
        remove_held(hidden)
