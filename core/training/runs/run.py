"""Trainings on disk: a folder each, readable while the process writes it."""

from __future__ import annotations

import errno
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.errors import RunError, WorkspaceError
from core.paths import (
    BUNDLED_MODELS,
    checked_name,
    disk_errors,
    is_name,
    new_folder,
    workspace,
    write_json,
)
from core.training.config import TrainConfig, load_config
from core.training.runs.liveness import is_alive
from core.training.runs.metrics import EpochRecord, Metrics, MetricsReader, seconds_trained
from core.training.runs.status import LaunchRecord, Status
from core.untrusted.folder import list_folder

__all__ = [
    "EPOCH_FILE",
    "STATE_FILE",
    "Run",
    "create_run",
    "find_run",
    "list_runs",
    "run_exists",
]

EPOCH_FILE = "training_metadata.json"
"""In the checkpoint folder: how many epochs are done, and the file with the state after them."""

STATE_FILE = "latest.weights.h5"
"""In the checkpoint folder: that state, where the epoch file names none."""

_START_GRACE = 180  # seconds without any process number, from the folder to the process


@dataclass(frozen=True)
class Run:
    """One training: its folder and what can be read from it at any time."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def title_line(self) -> str:
        """Heads what its process prints."""
        return f"run {self.name}: {self.folder}"

    @property
    def log(self) -> Path:
        return self.folder / "train.log"

    @property
    def metrics_file(self) -> Path:
        """What it measures, a record a line (`core.training.runs.metrics`)."""
        return self.folder / "metrics.jsonl"

    @property
    def stop_file(self) -> Path:
        return self.folder / "stop"

    @property
    def checkpoint(self) -> Path:
        """Folder with the state a resumed training starts from."""
        return self.folder / "checkpoint"

    @property
    def launched_file(self) -> Path:
        """Which process was launched for it, until that process writes the status itself."""
        return self.folder / "launched.json"

    @property
    def lock_file(self) -> Path:
        """Locked by the process that trains it."""
        return self.folder / "lock"

    @property
    def resumable(self) -> bool:
        """Whether it has not come to its end: it goes on from its last state, if need be from none.

        Raises:
            RunError: status.json is missing or damaged.
        """
        return self._read_status().state != "finished"

    def saved(self) -> tuple[Path, int, int] | None:
        """The state that a resumed training starts from, epochs done, and steps of the next one."""
        try:
            mark = json.loads((self.checkpoint / EPOCH_FILE).read_text())
            state = self.checkpoint / mark.get("state", STATE_FILE)
            return (state, int(mark["epoch"]), int(mark["batch"])) if state.is_file() else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def config(self) -> TrainConfig:
        """The configuration it was started with.

        Raises:
            ConfigError: the file is missing or does not fit.
        """
        return load_config(self.folder / "config.json")

    def status(self) -> Status:
        """Its state; one whose process ended unexpectedly is ``interrupted``.

        Raises:
            RunError: status.json is missing or damaged.
        """
        status = self._read_status()
        if self._is_current(status):
            return status
        # It may have written its last status, and ended, between the two looks.
        status = self._read_status()
        if self._is_current(status):
            return status
        return status.model_copy(update={"seconds_left": None} | self._ending(status))

    def _read_status(self) -> Status:
        path = self.folder / "status.json"
        try:
            return Status.model_validate_json(path.read_text())
        except (OSError, UnicodeDecodeError, ValidationError) as error:
            raise RunError(
                "the run's status cannot be read",
                where=str(path),
                remedy="its model can still be used; delete status.json to take it off the list",
            ) from error

    def _is_current(self, status: Status) -> bool:
        """Whether nothing contradicts it: its process, if it has one, is still there."""
        if status.state == "queued":
            return status.pid is None or is_alive(status.pid, status.process_start)
        return not status.alive or self._is_running(status)

    def _is_running(self, status: Status) -> bool:
        if status.pid is not None:
            return is_alive(status.pid, status.process_start)
        launched = self.launch_record()
        if launched is None:
            return time.time() - status.updated < _START_GRACE
        return is_alive(launched.pid, launched.process_start)

    def _ending(self, status: Status) -> dict[str, str]:
        launched = self.launch_record() if status.pid is None else None
        if launched and (reason := launched.error or self._last_log_line(launched.log_size)):
            return {"state": "failed", "message": f"It ended before the training began: {reason}"}
        kept = (
            f"the best checkpoint (epoch {status.best_epoch}) is kept and usable"
            if status.best_epoch
            else "no checkpoint had been written yet"
        )
        what = "The command that waited for its turn" if status.state == "queued" else "The process"
        ended = f"{what} ended unexpectedly (killed, or the machine restarted)"
        return {"state": "interrupted", "message": f"{ended}; {kept}."}

    def launch_record(self) -> LaunchRecord | None:
        """The content of launched.json; None where there is none."""
        try:
            return LaunchRecord.model_validate_json(self.launched_file.read_text())
        except (OSError, UnicodeDecodeError, ValidationError):
            return None

    def _last_log_line(self, start: int) -> str:
        """The last line that train.log has beyond `start` bytes, at most 300 characters."""
        if not self.log.is_file():
            return ""
        text = self.log.read_bytes()[start:].decode(errors="replace").strip()
        return text.splitlines()[-1].strip()[:300] if text else ""

    def write_status(self, status: Status) -> None:
        """Replace status.json.

        Raises:
            WorkspaceError: the disk refuses. The last word of a training is written over the old
                file then: a full disk leaves no room for another one beside it.
        """
        stamped = status.model_copy(update={"updated": time.time()})
        path = self.folder / "status.json"
        try:
            write_json(path, stamped.model_dump(mode="json"))
        except WorkspaceError:
            if status.alive or not path.is_file():
                raise
            with disk_errors(path), path.open("r+b") as file:
                file.write(stamped.model_dump_json(indent=2).encode())
                file.truncate()

    def append_metrics(self, record: dict[str, Any]) -> None:
        """Add a line to metrics.jsonl."""
        with (
            disk_errors(self.folder),
            self.metrics_file.open("a", encoding="utf-8") as file,
        ):
            file.write(json.dumps(record) + "\n")

    def metrics(self) -> Metrics:
        """All records of metrics.jsonl."""
        return MetricsReader(self.metrics_file, step_limit=None).read()

    def epochs(self) -> tuple[EpochRecord, ...]:
        """The epoch records of metrics.jsonl alone, which is much faster."""
        return MetricsReader(self.metrics_file, step_limit=0).read().epochs

    def seconds_trained(self) -> float:
        """Seconds that its epochs took so far, validation and inpainting included."""
        now = MetricsReader(self.metrics_file, step_limit=0).read()
        return seconds_trained(now.epochs, now.inpainting)

    def log_tail(self, lines: int = 200) -> str:
        """The last lines of train.log."""
        if not self.log.is_file():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def request_stop(self) -> None:
        """Ask the process to stop after the step it is in and keep its best weights."""
        with disk_errors(self.stop_file):
            self.stop_file.touch()


def create_run(name: str, config: TrainConfig, status: Mapping[str, object] | None = None) -> Run:
    """Make the folder of a new run.

    Args:
        name: name of the run and of its model.
        config: configuration of the run.
        status: fields of its first status that are not those of a run that is ``starting``.

    Raises:
        RunError: a run or another model of that name exists.
        WorkspaceError: the name is not allowed or the disk refuses.
    """
    folder = workspace().runs / checked_name(name)
    if any((place / name).is_dir() for place in (BUNDLED_MODELS, workspace().models)):
        raise RunError(f"there is a model {name!r} already", remedy="choose another name")
    duplicate = RunError(
        f"there is a run {name!r} already",
        remedy="choose another name, or resume that run",
    )
    if folder.exists():
        raise duplicate
    try:
        with new_folder(folder) as temporary:
            write_json(temporary / "config.json", config.model_dump(mode="json"))
            first = {"message": "Starting.", "epochs": config.epochs, "started": time.time()}
            Run(temporary).write_status(Status.model_validate(first | dict(status or {})))
    except OSError as error:
        # Another process was faster by a moment.
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise duplicate from error
        raise
    return Run(folder)


def find_run(name: str) -> Run:
    """The run of that name.

    Raises:
        RunError: there is none.
    """
    if run_exists(name):
        return Run(workspace().runs / name)
    names = ", ".join(run.name for run in list_runs()[:10]) or "none yet"
    raise RunError(f"there is no run {name!r}", remedy=f"known runs: {names}")


def run_exists(name: str) -> bool:
    """Whether there is a run of that name, damaged or not."""
    return is_name(name) and (workspace().runs / name / "status.json").is_file()


def list_runs() -> list[Run]:
    """All runs, the last started first."""
    # One that is being made has a name that begins with a dot.
    runs = workspace().runs
    configs = [runs / name / "config.json" for name in list_folder(runs).folders if is_name(name)]
    files = [(path, _age(path)) for path in configs if path.is_file()]
    files.sort(key=lambda pair: -pair[1])
    return [Run(path.parent) for path, _ in files if (path.parent / "status.json").is_file()]


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0  # deleted in this moment
