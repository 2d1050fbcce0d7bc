"""One training from configuration to model card."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from core.device import tensorflow
from core.errors import DSIError, RunError
from core.models.card import ModelCard
from core.paths import disk_errors, existing_folder, workspace
from core.training.config import TrainConfig
from core.training.runs.liveness import process_start
from core.training.runs.run import Run
from core.training.runs.status_writer import ResumeRefused, StatusWriter, Stopped
from core.training.session.data import TRAIN_MEMORY

try:
    import fcntl
except ImportError:  # Windows has none; there only the process number in the status shows it.
    fcntl = None  # type: ignore[assignment]

__all__ = ["train"]


def train(run: Run, *, resume: bool = False, train_memory: int = TRAIN_MEMORY) -> ModelCard:
    """Train what `run`'s configuration says, in this process, and leave a model in its folder.

    Args:
        run: run made by `create_run`, or one that ended early.
        resume: whether to continue from its last whole epoch.
        train_memory: bytes of decoded training samples that are held; others are read again.

    Raises:
        DSIError: whatever a user can cause; the run is marked failed with that message, or
            stopped where the data is not what it began with.
    """
    config = run.config()
    with _locked(run), _in_its_place(run):
        return _attempt(run, config, resume, train_memory)


def _attempt(run: Run, config: TrainConfig, resume: bool, train_memory: int) -> ModelCard:
    before = run.status()
    if before.alive and before.pid not in (None, os.getpid()):
        raise _running(run)
    if resume and not run.resumable:
        raise RunError(f"the run {run.name!r} is finished", remedy="start a new run to train on")
    if not resume and before.state != "starting":
        raise RunError(
            f"the run {run.name!r} has ended: {before.state}",
            remedy="resume it, or choose another name",
        )
    if before.state != "starting":
        # One that is starting may have been asked to stop already.
        run.stop_file.unlink(missing_ok=True)
    status = StatusWriter(
        run,
        before.model_copy(
            update={
                "state": "running",
                "message": "Reading the dataset.",
                "note": "",
                "pid": os.getpid(),
                "process_start": process_start(os.getpid()),
                "epochs": config.epochs,
                "images_per_second": None,
                "seconds_left": None,
            }
        ),
    )
    try:
        status(message="Reading the dataset.")
        with _stop_on_sigterm(run), _policy_restored():
            from core.training.session.session import run_session  # imports TensorFlow

            return run_session(run, config, status, resume=resume, train_memory=train_memory)
    except (Stopped, ResumeRefused) as error:
        status(state="stopped", message=error.sentences, seconds_left=None)
        raise
    except DSIError as error:
        status(state="failed", message=error.sentences, seconds_left=None)
        raise
    except KeyboardInterrupt:
        status(state="stopped", message="Interrupted from the keyboard.", seconds_left=None)
        raise
    except BaseException as error:
        reason = _crash_message(error)
        _log_crash(run)
        status(state="failed", message=reason, seconds_left=None)
        raise RunError("the training failed", where=run.name, remedy=reason) from error


def _running(run: Run) -> RunError:
    return RunError(f"the run {run.name!r} is running", remedy="wait for it, or stop it first")


@contextmanager
def _locked(run: Run) -> Iterator[None]:
    """Keep other processes from training the same run; a process that dies lets go by itself."""
    with disk_errors(run.lock_file):
        file = run.lock_file.open("ab")
    with file:
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise _running(run) from error
            except OSError:
                pass  # some network disks have no locks
        yield


@contextmanager
def _in_its_place(run: Run) -> Iterator[None]:
    """End the training where its folder or its workspace is moved away or deleted.

    Raises:
        RunError: it was.
    """
    with existing_folder(workspace().root), existing_folder(run.folder):
        try:
            yield
        except (DSIError, OSError) as error:
            if run.folder.is_dir():
                raise
            raise RunError(
                "the run's folder has been moved or deleted",
                where=str(run.folder),
                remedy="where it was moved, go on from its last state: name its workspace by "
                "DSI_WORKSPACE, and resume it",
            ) from error


def _log_crash(run: Run) -> None:
    """Print the traceback; where that does not go to the run's log, add it there too."""
    traceback.print_exc()
    with suppress(OSError, ValueError, AttributeError):  # stderr need not be a file
        if os.path.samestat(os.fstat(sys.stderr.fileno()), run.log.stat()):
            return
    with suppress(OSError), run.log.open("a", encoding="utf-8") as log:
        log.write(traceback.format_exc())


@contextmanager
def _stop_on_sigterm(run: Run) -> Iterator[None]:
    """`kill` and a container's shutdown stop a training as its button does."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    before = signal.signal(signal.SIGTERM, lambda *_: run.request_stop())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _policy_restored() -> Iterator[None]:
    """Leave Keras' precision, which is global, as it was."""
    tensorflow()
    import keras

    policy = keras.config.dtype_policy()
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)


def _crash_message(error: BaseException) -> str:
    """Why a training crashed, in one sentence."""
    name = type(error).__name__
    if isinstance(error, MemoryError) or name == "ResourceExhaustedError":
        return "It ran out of memory: choose a smaller batch, crop or width."
    first = str(error).strip().splitlines()[0] if str(error).strip() else "no further message"
    return f"It crashed with {name}: {first[:300]} (the log has the details)."
