"""The queue of trainings: one at a time on the device, the others in an order that can be changed.

What is queued stands in the runs' own `status.json` (state ``queued``, with its place), so each
change is one atomic write. Three files in the folder of the runs are locks; the kernel takes them
from a process that dies:

    .device.lock    held by the training, from the moment its process is born
    .queue.lock     held for a moment by whoever changes the queue or looks whose turn it is
    .worker.lock    held by the worker, which starts what is queued in the background

A process that is killed between starting a training and noting so leaves the run ``queued``. The
training has the device's lock then, so no other can start, and it takes its run off the queue
itself. One that is killed before that is started again: it has not begun.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import IO

from core.errors import DSIError, RunError
from core.locks import acquire, locked
from core.paths import workspace, write_json
from core.training.config import TrainConfig
from core.training.queue import processes
from core.training.runs.liveness import process_start
from core.training.runs.run import Run, create_run, find_run, list_runs
from core.training.runs.status import Status

__all__ = [
    "advance",
    "enqueue",
    "hold_device",
    "holds_device",
    "move",
    "note_launch_error",
    "queue_lock",
    "queued_runs",
    "remove",
    "run_worker",
    "submit",
]

_INTERVAL = 0.5  # seconds between two looks whose turn it is
_NO_PROCESS: dict[str, object] = {"pid": None, "process_start": None}


def queued_runs() -> list[Run]:
    """The runs that wait, the next one first; damaged folders are passed over."""
    return [run for run, _ in _waiting()]


def submit(name: str, config: TrainConfig, *, here: bool = False) -> Run:
    """Make a new run at the end of the queue.

    Args:
        name: name of the run and of its model.
        config: configuration of the run.
        here: whether this process will wait for its turn and train it; else it is for the
            background.

    Raises:
        RunError: a run or another model of that name exists.
        WorkspaceError: the name is not allowed or the disk refuses.
    """
    with queue_lock():
        return create_run(name, config, _last(here))


def enqueue(run: Run, *, here: bool = False) -> None:
    """Put a run that ended early at the end of the queue; it goes on from its last state.

    Args:
        run: an ended run.
        here: as in `submit`.

    Raises:
        RunError: it is running, waiting, or finished.
        WorkspaceError: the disk refuses.
    """
    with queue_lock():
        status = run.status()
        if status.alive:
            raise _running(run)
        if status.state == "queued":
            raise RunError(
                f"the run {run.name!r} waits in the queue already",
                remedy="wait for its turn, or take it off the queue on the Train page",
            )
        if not run.resumable:
            raise RunError(
                f"the run {run.name!r} is finished", remedy="start a new one to train on"
            )
        run.launched_file.unlink(missing_ok=True)
        run.stop_file.unlink(missing_ok=True)
        fields = {"images_per_second": None, "seconds_left": None} | _last(here)
        run.write_status(status.model_copy(update=fields))


def move(run: Run, position: int) -> None:
    """Give a waiting run another place.

    Args:
        run: a waiting run.
        position: new place, counted from 1; the others close up.

    Raises:
        RunError: it does not wait any more.
        WorkspaceError: the disk refuses.
    """
    with queue_lock():
        status = _still_waiting(run)
        others = [(other, its) for other, its in _waiting() if other != run]
        at = min(max(position, 1), len(others) + 1) - 1
        before = _place(others[at - 1][1]) if at else None
        after = _place(others[at][1]) if at < len(others) else None
        place = _between(before, after)
        if place in (before, after):
            # Halved so often that no number is left between them.
            for number, (other, its) in enumerate(others):
                other.write_status(its.model_copy(update={"place": float(number)}))
            place = at - 0.5
        run.write_status(status.model_copy(update={"place": place}))


def remove(run: Run) -> None:
    """Take a waiting run off the queue; it can be resumed later.

    Raises:
        RunError: it does not wait any more.
        WorkspaceError: the disk refuses.
    """
    with queue_lock():
        status = _still_waiting(run)
        kept = f"; the best checkpoint (epoch {status.best_epoch}) is kept and usable"
        message = f"Taken off the queue{kept if status.best_epoch else ' before it began'}."
        ended = {"state": "stopped", "message": message, "place": None}
        run.write_status(status.model_copy(update=ended | _NO_PROCESS))


def advance() -> Run | None:
    """Start the next training if none is going on, and see that someone looks after the others.

    Cheap, and safe to call at any time from any process.

    Returns:
        The run that was started, if one was.

    Raises:
        RunError: no process can be started; the run is marked failed.
        WorkspaceError: the disk refuses.
    """
    if not _folder().is_dir():
        return None
    with queue_lock():
        try:
            return _start_next()
        finally:
            if _for_the_background() and (free := acquire(_folder() / ".worker.lock")):
                free.close()
                processes.start_worker(_folder() / ".worker.log")


def run_worker() -> None:
    """Start what is queued in the background, one after the other, until nothing is left.

    Of several processes that try, one does it and the others return at once.
    """
    if not _folder().is_dir() or (worker := acquire(_folder() / ".worker.lock")) is None:
        return
    with worker:
        while _folder().is_dir():  # else the workspace was deleted
            with queue_lock():
                try:
                    busy = _start_next() is None and _is_locked()
                except RunError as error:
                    print(f"error: {error}", flush=True)  # its status has it too; on to the next
                    busy = False
                if not busy and not _for_the_background():
                    # Before the queue's lock: who adds one after this finds no worker.
                    worker.close()
                    return
            time.sleep(_INTERVAL)


def holds_device() -> bool:
    """Whether this process was started by the queue for a training in the background."""
    return processes.DEVICE_LOCK in os.environ


@contextmanager
def hold_device(run: Run, report: Callable[[str], object]) -> Iterator[None]:
    """Hold the device for the training of a run, as soon as it is its turn.

    Args:
        run: queued by this process, or what this process was started for.
        report: called with a sentence when what it waits for has changed.

    Raises:
        RunError: it was taken off the queue, or another process trains it.
        WorkspaceError: the disk refuses.
    """
    number = os.environ.pop(processes.DEVICE_LOCK, None)
    device = _wait(run, report) if number is None else _inherited(run, int(number))
    with device:
        yield


def note_launch_error(name: str, error: DSIError) -> None:
    """Note why the process that was launched for a run ends before the training began.

    Args:
        name: name of the run.
        error: error that ends the process.
    """
    if not _folder().is_dir():
        return  # the workspace was moved away
    with queue_lock():  # who launched it has written its record then
        run = find_run(name)
        if record := run.launch_record():
            reason = {"error": " ".join(str(error).split())}
            write_json(run.launched_file, record.model_copy(update=reason).model_dump(mode="json"))


def _inherited(run: Run, number: int) -> IO[bytes]:
    os.set_inheritable(number, False)  # it ends with this process, not with one of its children
    device = os.fdopen(number, "ab")
    with queue_lock():
        _claim(run)
    return device


def _wait(run: Run, report: Callable[[str], object]) -> IO[bytes]:
    reported = ""
    try:
        while True:
            with queue_lock():
                mine = _still_waiting(run)
                if mine.pid != os.getpid():
                    raise _running(run)
                waiting = queued_runs()
                ahead = waiting.index(run)
                device = None if ahead else _free_device()
                if device:
                    _claim(run)
                    return device
            with suppress(RunError):  # of that other run, whose status has it
                advance()  # the one before may be for the background, and its worker be gone
            message = _waiting_for(ahead)
            if message != reported:
                report(message)
                reported = message
            time.sleep(_INTERVAL)
    except KeyboardInterrupt:
        remove(run)
        raise


def _waiting_for(ahead: int) -> str:
    others = f", and {ahead} more in the queue" if ahead else ""
    return f"waiting: a training is going on{others}; Ctrl+C gives up"


def _claim(run: Run) -> None:
    status = run.status()
    if status.alive and status.pid not in (None, os.getpid()):
        raise _running(run)
    if status.state not in ("queued", "starting"):
        raise _taken_off(run)
    run.write_status(status.model_copy(update=_starting() | _this_process()))


def _start_next() -> Run | None:
    device = _free_device()
    if device is None:
        return None
    with device:
        run, status = next(iter(_waiting()), (None, None))
        if run is None or status is None or status.pid is not None:
            return None  # nothing waits, or the process that waits with it starts it itself
        run.launched_file.unlink(missing_ok=True)
        resumes = run.saved() is not None or run.metrics_file.is_file()
        dataset = ["--dataset", run.config().dataset]
        first = ["--config", str(run.folder / "config.json"), *dataset]
        processes.start_training(run, [*dataset, "--resume"] if resumes else first, device)
        run.write_status(status.model_copy(update=_starting()))
        return run


def _free_device() -> IO[bytes] | None:
    """The device's lock, if no training has it. Only to be tried with the queue's lock held."""
    device = acquire(_folder() / ".device.lock")
    if device is None:
        return None
    for run, status in _statuses():
        # Those that began otherwise, or where the disk has no locks.
        if status.alive and (status.pid is not None or run.launched_file.is_file()):
            device.close()
            return None
    return device


def _is_locked() -> bool:
    device = acquire(_folder() / ".device.lock")
    if device:
        device.close()
    return device is None


def _last(here: bool) -> dict[str, object]:
    """What makes a status one at the end of the queue."""
    places = [_place(status) for _, status in _waiting()]
    return {
        "state": "queued",
        "message": "Waiting for its turn.",
        "place": max(places, default=0.0) + 1,
    } | (_this_process() if here else _NO_PROCESS)


def _starting() -> dict[str, object]:
    return {
        "state": "starting",
        "message": "Starting.",
        "place": None,
    } | _NO_PROCESS


def _this_process() -> dict[str, object]:
    return {"pid": os.getpid(), "process_start": process_start(os.getpid())}


def _waiting() -> list[tuple[Run, Status]]:
    waiting = [(run, status) for run, status in _statuses() if status.state == "queued"]
    return sorted(waiting, key=lambda pair: (_place(pair[1]), pair[0].name))


def _statuses() -> Iterator[tuple[Run, Status]]:
    for run in list_runs():
        try:
            yield run, run.status()
        except RunError:
            continue  # damaged, or deleted in this moment


def _for_the_background() -> bool:
    return any(status.pid is None for _, status in _waiting())


def _still_waiting(run: Run) -> Status:
    status = run.status()
    if status.state == "queued":
        return status
    raise _running(run) if status.alive else _taken_off(run)


def _place(status: Status) -> float:
    return 0.0 if status.place is None else status.place


def _between(before: float | None, after: float | None) -> float:
    if before is None:
        return 1.0 if after is None else after - 1
    return before + 1 if after is None else (before + after) / 2


def _running(run: Run) -> RunError:
    return RunError(f"the run {run.name!r} is running", remedy="wait for it, or stop it first")


def _taken_off(run: Run) -> RunError:
    return RunError(
        f"the run {run.name!r} is not in the queue any more", remedy="resume it to put it back"
    )


def _folder() -> Path:
    # Without making it: whoever only looks leaves no trace.
    return workspace().root / "runs"


def queue_lock() -> AbstractContextManager[None]:
    """Held while the queue, or whether a run exists, is changed; for moments only."""
    return locked(workspace().runs / ".queue.lock")
