"""Trainings on disk: a folder each, readable while the process writes it."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import RunError
from core.paths import checked_name, disk_errors, is_name, workspace, write_json
from core.training.config import TrainConfig, load_config

__all__ = ["Run", "RunState", "Status", "create_run", "find_run", "list_runs"]

RunState = Literal["starting", "running", "finished", "stopped", "failed", "interrupted"]

_START_GRACE = 180  # seconds a launched process may take before it writes its number


class Status(BaseModel):
    """What `status.json` says; replaced atomically about once a second.

    Attributes:
        message: one sentence: what it is doing, or why it ended.
        pid, process_start: the training process, and when the kernel started it, so that a
            number used again is not taken for it.
        epoch, epochs, step, steps: counted from 1; steps within the epoch.
        images_per_second: crops trained a second, of the last minute or so.
        seconds_left: until the last epoch ends.
        started, updated: seconds since 1970.
        best_epoch, best_mean_iou: of the checkpoint that is kept.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    state: RunState = "starting"
    message: str = ""
    pid: int | None = None
    process_start: int | None = None
    epoch: int = 0
    epochs: int = 0
    step: int = 0
    steps: int = 0
    images_per_second: float | None = None
    seconds_left: float | None = None
    started: float = 0.0
    updated: float = 0.0
    best_epoch: int | None = None
    best_mean_iou: float | None = None

    @property
    def alive(self) -> bool:
        return self.state in ("starting", "running")


@dataclass(frozen=True)
class Run:
    """One training: its folder and what can be read from it at any time."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def log(self) -> Path:
        return self.folder / "train.log"

    @property
    def stop_file(self) -> Path:
        return self.folder / "stop"

    @property
    def checkpoint(self) -> Path:
        """Folder with the state a resumed training starts from."""
        return self.folder / "checkpoint"

    def config(self) -> TrainConfig:
        """The configuration it was started with.

        Raises:
            ConfigError: the file is missing or does not fit.
        """
        return load_config(self.folder / "config.json")

    def status(self) -> Status:
        """Its state; one whose process is gone without a word is ``interrupted``.

        Raises:
            RunError: status.json is missing or damaged.
        """
        path = self.folder / "status.json"
        try:
            status = Status.model_validate_json(path.read_text())
        except (OSError, ValidationError) as error:
            raise RunError(
                "the run's status cannot be read", where=str(path), remedy="delete the run's folder"
            ) from error
        if not status.alive or _is_running(status):
            return status
        kept = (
            f"the best checkpoint (epoch {status.best_epoch}) is kept and usable"
            if status.best_epoch
            else "no checkpoint had been written yet"
        )
        message = f"The process ended without a word (killed, or the machine restarted); {kept}."
        return status.model_copy(
            update={"state": "interrupted", "message": message, "seconds_left": None}
        )

    def write_status(self, status: Status) -> None:
        """Replace status.json."""
        stamped = status.model_copy(update={"updated": time.time()})
        write_json(self.folder / "status.json", stamped.model_dump(mode="json"))

    def append_metrics(self, record: dict[str, Any]) -> None:
        """Add a line to metrics.jsonl."""
        with (
            disk_errors(self.folder),
            (self.folder / "metrics.jsonl").open("a", encoding="utf-8") as file,
        ):
            file.write(json.dumps(record) + "\n")

    def metrics(self) -> list[dict[str, Any]]:
        """All lines of metrics.jsonl: ``{"kind": "step"|"epoch", …}``; a half-written last one is left out."""
        path = self.folder / "metrics.jsonl"
        if not path.is_file():
            return []
        records = []
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                records.append(json.loads(line))
            except ValueError:
                continue  # the writer was killed, or is, in the middle of it
        return records

    def log_tail(self, lines: int = 200) -> str:
        """The last lines of train.log."""
        if not self.log.is_file():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def request_stop(self) -> None:
        """Ask the process to stop after the step it is in and keep its best weights."""
        with disk_errors(self.stop_file):
            self.stop_file.touch()


def _is_running(status: Status) -> bool:
    if status.pid is None:
        return time.time() - status.updated < _START_GRACE
    return process_start(status.pid) == status.process_start


def process_start(pid: int) -> int | None:
    """When the kernel started this process, in its clock ticks; None if it is gone.

    Where there is no /proc (macOS) a living process gives 0: its number alone must do.
    """
    stat = Path(f"/proc/{pid}/stat")
    if not Path("/proc/self/stat").exists():
        try:
            os.kill(pid, 0)
        except OSError:
            return None
        return 0
    try:
        # The second field is the program's name in brackets and may hold spaces.
        fields = stat.read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def create_run(name: str, config: TrainConfig) -> Run:
    """Make the folder of a new run, ``starting``.

    Raises:
        RunError: a run of that name exists.
        WorkspaceError: the name is not allowed or the disk refuses.
    """
    folder = workspace().runs / checked_name(name)
    with disk_errors(folder):
        try:
            folder.mkdir()
        except FileExistsError as error:
            raise RunError(
                f"there is a run {name!r} already",
                remedy="choose another name, or continue it with --resume",
            ) from error
    run = Run(folder)
    write_json(folder / "config.json", config.model_dump(mode="json"))
    now = time.time()
    run.write_status(Status(message="Starting.", epochs=config.epochs, started=now))
    return run


def find_run(name: str) -> Run:
    """The run of that name.

    Raises:
        RunError: there is none.
    """
    folder = workspace().runs / name
    if is_name(name) and (folder / "status.json").is_file():
        return Run(folder)
    names = ", ".join(run.name for run in list_runs()[:10]) or "none yet"
    raise RunError(f"there is no run {name!r}", remedy=f"known runs: {names}")


def list_runs() -> list[Run]:
    """All runs, the last started first."""
    files = list(workspace().runs.glob("*/config.json"))
    files.sort(key=lambda path: -path.stat().st_mtime)
    return [Run(path.parent) for path in files if (path.parent / "status.json").is_file()]
