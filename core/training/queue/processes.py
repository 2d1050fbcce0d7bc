"""The processes of the background: a training, and the worker that starts the next one."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

from core.errors import RunError
from core.paths import REPOSITORY, data_roots, disk_errors, workspace, write_json
from core.training.runs.liveness import process_start
from core.training.runs.run import Run
from core.training.runs.status import LaunchRecord

__all__ = ["DEVICE_LOCK", "start_training", "start_worker"]

DEVICE_LOCK = "TRAINING_TURN"
"""Environment variable of a training in the background: the number of the open file that is its
right to the device (`core.training.queue.queue`)."""


def start_training(run: Run, arguments: list[str], device_lock: IO[bytes]) -> None:
    """Start ``python -m core train`` for a run, in a session of its own.

    Args:
        run: run whose log takes what the process prints.
        arguments: arguments of the command, besides ``--run``.
        device_lock: held by the process from its birth to its death.

    Raises:
        RunError: no process can be started; the run is marked failed.
        WorkspaceError: the disk refuses.
    """
    with disk_errors(run.log), run.log.open("a", encoding="utf-8") as log:
        log.write(f"{run.title_line}\n")
    size = run.log.stat().st_size
    command = [sys.executable, "-m", "core", "train", "--run", run.name, *arguments]
    try:
        process = _detached(command, run.log, device_lock)
    except OSError as error:
        message = f"The training process could not be started: {error.strerror or error}."
        failed = {"state": "failed", "message": message, "place": None}
        run.write_status(run.status().model_copy(update=failed))
        raise RunError(
            "the training process could not be started",
            where=str(error),
            remedy="free memory or disk space and try again",
        ) from error
    launched = LaunchRecord(
        pid=process.pid, process_start=process_start(process.pid), log_size=size
    )
    write_json(run.launched_file, launched.model_dump(mode="json"))


def start_worker(log: Path) -> None:
    """Start the process that starts queued trainings; it ends by itself when none is left.

    Raises:
        RunError: no process can be started.
        WorkspaceError: the disk refuses.
    """
    try:
        _detached([sys.executable, "-m", "core.training.queue.worker"], log)
    except OSError as error:
        raise RunError(
            "the process that starts queued trainings could not be started",
            where=str(error),
            remedy="free memory or disk space and open the Train page again",
        ) from error


def _detached(
    command: list[str], log: Path, device_lock: IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    # The process runs in the repository: what is relative to our folder would point elsewhere.
    environment = os.environ | {"DSI_WORKSPACE": str(workspace().root)}
    if roots := data_roots():
        environment["DSI_DATA_ROOTS"] = os.pathsep.join(str(root) for root in roots)
    if device_lock:
        environment[DEVICE_LOCK] = str(device_lock.fileno())
    with disk_errors(log):
        file = log.open("ab")
    with file:
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(device_lock.fileno(),) if device_lock else (),
        )
    # An ended child stays a zombie until someone waits for it.
    waits = f"wait for process {process.pid}"
    threading.Thread(target=process.wait, name=waits, daemon=True).start()
    return process
