"""Start a training as a process of its own, which outlives the browser's page and the server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading

from core.errors import RunError
from core.paths import BUNDLED_MODELS, REPOSITORY, data_roots, workspace, write_json
from core.training.config import TrainConfig
from core.training.runs import Launched, Run, Status, create_run, list_runs, process_start

__all__ = ["launch", "resume", "running", "suggest_name"]


def launch(config: TrainConfig, name: str) -> Run:
    """Start a new training in the background.

    Args:
        config: its `dataset` is the id of a dataset; a relative folder would be looked for in
            the repository.
        name: of the run, and of its model.

    Returns:
        The run; its status says ``starting`` until the process takes over.

    Raises:
        RunError: a run or another model of that name exists, or no process can be started.
        WorkspaceError: the name is not allowed or the disk refuses.
    """
    run = create_run(name, config)
    _start(run, ["--config", str(run.folder / "config.json"), "--dataset", config.dataset])
    return run


def resume(run: Run) -> None:
    """Go on with an ended training in the background, from its last epoch.

    Raises:
        RunError: it is running or finished, or no process can be started.
        WorkspaceError: the disk refuses.
    """
    status = run.status()
    if status.alive:
        raise RunError(f"the run {run.name!r} is running", remedy="wait for it, or stop it first")
    if not run.resumable:
        raise RunError(f"the run {run.name!r} is finished", remedy="start a new one to train on")
    run.launched_file.unlink(missing_ok=True)
    run.stop_file.unlink(missing_ok=True)
    run.write_status(
        status.model_copy(
            update={
                "state": "starting",
                "message": "Starting again.",
                "pid": None,
                "process_start": None,
                "images_per_second": None,
                "seconds_left": None,
            }
        )
    )
    _start(run, ["--dataset", run.config().dataset, "--resume"])


def running() -> list[Run]:
    """The trainings that are going on now; damaged folders are passed over."""
    return [run for run in list_runs() if (status := _status(run)) and status.alive]


def suggest_name(dataset: str, architecture: str = "unet") -> str:
    """A name that no run or model has yet, such as ``demo-unet-01``."""
    plain = re.sub(r"[^a-z0-9]+", "-", dataset.rpartition("/")[2].lower()).strip("-") or "run"
    stem = f"{plain[:60]}-{architecture}"
    space = workspace()
    places = (space.runs, space.models, BUNDLED_MODELS)
    taken = {path.name for place in places if place.is_dir() for path in place.iterdir()}
    number = 1
    while f"{stem}-{number:02d}" in taken:
        number += 1
    return f"{stem}-{number:02d}"


def _status(run: Run) -> Status | None:
    try:
        return run.status()
    except RunError:
        return None


def _start(run: Run, arguments: list[str]) -> None:
    # The process runs in the repository: what is relative to our folder would point elsewhere.
    environment = os.environ | {"DSI_WORKSPACE": str(workspace().root)}
    if roots := data_roots():
        environment["DSI_DATA_ROOTS"] = os.pathsep.join(str(root) for root in roots)
    command = [sys.executable, "-m", "core", "train", "--run", run.name, *arguments]
    size = run.log.stat().st_size if run.log.is_file() else 0
    try:
        with run.log.open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=REPOSITORY,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as error:
        message = f"The training process could not be started: {error.strerror or error}."
        run.write_status(run.status().model_copy(update={"state": "failed", "message": message}))
        raise RunError(
            "the training process could not be started",
            where=str(error),
            remedy="free memory or disk space and try again",
        ) from error
    launched = Launched(pid=process.pid, process_start=process_start(process.pid), log_size=size)
    write_json(run.launched_file, launched.model_dump(mode="json"))
    # An ended child stays a zombie until someone waits for it.
    threading.Thread(target=process.wait, name=f"wait for {run.name}", daemon=True).start()
