"""The state a training goes on from after it was stopped or killed."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from core.device import tensorflow
from core.errors import RunError, WorkspaceError
from core.paths import disk_errors, write_atomic, write_json
from core.training.callbacks.step_counter import StepCounter
from core.training.runs.run import EPOCH_FILE, Run

if TYPE_CHECKING:
    import keras

__all__ = ["check_space", "checkpointer", "restore"]

_EVERY = 300.0  # seconds between states within a long epoch


def checkpointer(
    run: Run, step_counter: StepCounter, partial: Callable[[], int]
) -> tuple[Any, Any]:
    """Two Keras callbacks that keep weights and optimizer, for `restore`.

    Like `keras.callbacks.BackupAndRestore`, but an epoch that was cut short is not taken for a
    whole one: its steps are counted, and a resume does the others. The state before an epoch
    stays what is resumed from until that epoch has been validated: one whose validation was killed
    is trained again. Within a long epoch the state is kept every five minutes.

    Args:
        run: whose checkpoint folder to write to.
        step_counter: counter of the steps.
        partial: steps done of the epoch that ends, where it was cut short; else 0.

    Returns:
        One that writes the state, before anything is done to the trained weights, and one that
        marks the epoch as done, after all that belongs to it.
    """
    tensorflow()
    import keras

    class Checkpointer(keras.callbacks.Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            self.wrote = time.monotonic()

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.epoch = epoch

        def on_train_batch_end(self, step: int, logs: Any = None) -> None:
            done = step_counter.within(step)
            if time.monotonic() - self.wrote > _EVERY and done < step_counter.steps:
                self.write(self.epoch)
                self.mark(self.epoch, done)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.write(epoch)

        def write(self, epoch: int) -> None:
            with disk_errors(run.checkpoint):
                run.checkpoint.mkdir(exist_ok=True)
            check_space(run, self.model)
            # A new name each time: the state that the epoch file names stays.
            self.written = f"epoch-{epoch + 1:04d}-{time.time_ns():x}.weights.h5"
            write_atomic(run.checkpoint / self.written, self.model.save_weights)
            self.wrote = time.monotonic()

        def mark(self, epochs: int, steps: int) -> None:
            mark = {"epoch": epochs, "batch": steps, "state": self.written}
            write_json(run.checkpoint / EPOCH_FILE, mark)
            for old in run.checkpoint.glob("*.weights.h5"):
                if old.name != self.written:
                    old.unlink()

    class Marker(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            done = partial()
            state.mark(epoch if done else epoch + 1, done)

    state = Checkpointer()
    return state, Marker()


def restore(run: Run, model: keras.Model) -> tuple[int, int]:
    """Load the state `checkpointer` wrote into a compiled model, if there is one.

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
