"""The state a training goes on from after it was stopped or killed: weights and optimizer."""

from __future__ import annotations

import json
import math
import shutil
import time
from typing import TYPE_CHECKING

from core.errors import RunError, WorkspaceError
from core.paths import disk_errors, write_atomic, write_json
from core.training.runs.run import EPOCH_FILE, Run

if TYPE_CHECKING:
    import keras

__all__ = ["check_space", "mark_checkpoint", "restore", "seconds_in_epoch", "write_checkpoint"]


def write_checkpoint(run: Run, model: keras.Model, epoch: int) -> str:
    """Write a model's weights and optimizer, without touching the state that is resumed from.

    Args:
        run: the run whose checkpoint folder is written to.
        model: a compiled model.
        epoch: the epoch it is in, from 0.

    Returns:
        The file's name, for `mark_checkpoint`.

    Raises:
        WorkspaceError: the disk refuses.
    """
    with disk_errors(run.checkpoint):
        run.checkpoint.mkdir(exist_ok=True)
    check_space(run, model)
    # A new name each time: the state that the epoch file names stays.
    name = f"epoch-{epoch + 1:04d}-{time.time_ns():x}.weights.h5"
    write_atomic(run.checkpoint / name, model.save_weights)
    return name


def mark_checkpoint(run: Run, name: str, epochs: int, steps: int, seconds: float = 0.0) -> None:
    """Let a resume go on from a checkpoint, and delete the others.

    Args:
        run: the run.
        name: name of the file.
        epochs: number of whole epochs it holds.
        steps: number of steps of the next epoch it holds.
        seconds: wall time of those steps.
    """
    mark = {"epoch": epochs, "batch": steps, "state": name, "seconds": round(seconds, 2)}
    write_json(run.checkpoint / EPOCH_FILE, mark)
    for old in run.checkpoint.glob("*.weights.h5"):
        if old.name != name:
            old.unlink()


def restore(run: Run, model: keras.Model) -> tuple[int, int]:
    """Load the marked checkpoint into a compiled model, if there is one.

    Returns:
        How many epochs are done, and how many steps of the next one; 0 and 0 where the training
        was killed before it had left a state.

    Raises:
        RunError: the state is damaged or belongs to another network.
    """
    saved = run.saved()
    if saved is None and not (run.checkpoint / EPOCH_FILE).exists():
        return 0, 0
    unreadable = RunError(
        "the state to continue from cannot be read",
        where=str(run.checkpoint),
        remedy="start a new run with the same settings; the best checkpoint stays usable",
    )
    if saved is None:
        raise unreadable
    state, epochs, steps = saved
    try:
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        model.load_weights(state)
    except (OSError, ValueError, KeyError) as error:
        raise unreadable from error
    return epochs, steps


def seconds_in_epoch(run: Run) -> float:
    """Wall time of the steps of an unfinished epoch that the marked checkpoint holds."""
    try:
        return float(json.loads((run.checkpoint / EPOCH_FILE).read_text())["seconds"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0  # there is none, or a version before wrote it


def check_space(run: Run, model: keras.Model) -> None:
    """Refuse to write a model's state where it will not fit: HDF5 does not survive a full disk.

    Raises:
        WorkspaceError: too little room.
    """
    variables = [*model.variables, *model.optimizer.variables]
    needed = sum(4 * math.prod(variable.shape) for variable in variables) + 2**20
    free = shutil.disk_usage(run.folder).free
    if free < needed:
        raise WorkspaceError(
            f"the disk is full: {free / 1e6:.0f} MB free, a checkpoint needs {needed / 1e6:.0f}",
            where=str(run.folder),
            remedy="free some disk space, then continue with Resume",
        )
