"""The contents of a training's `status.json` and `launched.json`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

__all__ = ["LaunchRecord", "RunState", "Status"]

RunState = Literal["queued", "starting", "running", "finished", "stopped", "failed", "interrupted"]


class Status(BaseModel):
    """The content of `status.json`; replaced atomically about once a second.

    Attributes:
        message: one sentence for people: what it is doing, or why it ended.
        note: what is other than when a resumed run began, in one sentence; empty where nothing is.
        place: rank of a queued run; lower comes first.
        pid, process_start: number of the training process, and when the kernel started it, so
            that a number used again is not taken for it. Of a queued run: the command that waits
            with it; without one it is started in the background.
        epoch, epochs, step, steps: progress, counted from 1; steps within the epoch.
        images_per_second: crops trained a second, over the last minute or so.
        seconds_left: time until the last epoch ends.
        started, updated: seconds since 1970.
        best_epoch, best_mean_iou: epoch and validation score of the checkpoint that is kept.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    state: RunState = "starting"
    message: str = ""
    note: str = ""
    place: float | None = None
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


class LaunchRecord(BaseModel):
    """The content of `launched.json`.

    Attributes:
        pid, process_start: as in the status.
        log_size: bytes that train.log had before.
        error: why the process ends before the training began, where it could say so.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    pid: int
    process_start: int | None
    log_size: int
    error: str = ""
