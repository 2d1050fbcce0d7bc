"""Callbacks that let others watch a training, keep its best weights and its state."""

from __future__ import annotations

import math
import shutil
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from core.device import tensorflow
from core.errors import RunError, WorkspaceError
from core.evaluation.evaluate import Evaluation
from core.paths import disk_errors, write_atomic, write_json
from core.training.runs import EPOCH_FILE, Run, Status

if TYPE_CHECKING:
    import keras

__all__ = ["check_space", "checkpointer", "reporter", "restore", "validator"]


def reporter(run: Run, status: Callable[..., Status], batch: int, limit_minutes: float) -> Any:
    """A Keras callback that writes step, throughput and time left about once a second.

    Args:
        run: what to report to; also where a request to stop is looked for.
        status: changes fields of the run's status and writes it.
        batch: crops a step.
        limit_minutes: stop after this time; 0 = no limit.

    Returns:
        The callback. Its attribute `stopped` says why the training ends early, or is empty; a
        request that comes with the last step changes nothing any more. `partial` says whether
        that was within an epoch.
    """
    tensorflow()
    import keras

    class Reporter(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.stopped = ""
            self.partial = False

        def on_train_begin(self, logs: Any = None) -> None:
            self.began = time.monotonic()
            self.wrote = 0.0
            self.epoch_seconds: deque[float] = deque(maxlen=5)
            # Steps with the time they ended; the first one traces the graph and is left out.
            self.ticks: deque[tuple[int, float]] = deque(maxlen=40)

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.epoch = epoch
            self.epoch_began = time.monotonic()
            self.ticks.clear()
            self.told = (0, 0.0)

        def on_train_batch_end(self, step: int, logs: Any = None) -> None:
            now = time.monotonic()
            self.ticks.append((step, now))
            loss = float(logs["loss"])
            if not math.isfinite(loss):
                # Before the epoch ends: neither the state nor the best weights become NaN.
                raise RunError(
                    "the loss became infinite or not a number",
                    where=f"epoch {self.epoch + 1}, step {step + 1}",
                    remedy="choose a lower learning rate, or float32 precision",
                )
            self._look_for_an_end(step + 1 == self.params["steps"], now)
            if now - self.wrote < 1:
                return
            self.wrote = now
            rate = self._rate()
            status(
                message="Training.",
                epoch=self.epoch + 1,
                step=step + 1,
                steps=self.params["steps"],
                images_per_second=rate * batch if rate else None,
                seconds_left=self._left(step, rate),
            )
            # Keras gives the mean since the epoch began; the curve wants that of these steps.
            steps, total = self.told
            self.told = (step + 1, loss * (step + 1))
            run.append_metrics(
                {
                    "kind": "step",
                    "epoch": self.epoch + 1,
                    "step": self.epoch * self.params["steps"] + step + 1,
                    "loss": (self.told[1] - total) / (step + 1 - steps),
                }
            )

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.epoch_seconds.append(time.monotonic() - self.epoch_began)
            # What was asked for while the images were validated.
            self._look_for_an_end(True, time.monotonic())

        def _look_for_an_end(self, whole: bool, now: float) -> None:
            if self.stopped or (whole and self.epoch + 1 == self.params["epochs"]):
                return
            if run.stop_file.exists():
                self.stopped = "as you asked"
            elif limit_minutes and now - self.began > limit_minutes * 60:
                self.stopped = f"at its limit of {limit_minutes:g} minutes"
            if self.stopped:
                self.partial = not whole
                self.model.stop_training = True

        def _rate(self) -> float | None:
            """Steps a second over the last ticks."""
            (first, began), (last, ended) = self.ticks[0], self.ticks[-1]
            return (last - first) / (ended - began) if last > first else None

        def _left(self, step: int, rate: float | None) -> float | None:
            if rate is None:
                return None
            steps, epochs = self.params["steps"], self.params["epochs"]
            # A whole epoch includes its validation, which steps alone do not tell.
            an_epoch = (
                sum(self.epoch_seconds) / len(self.epoch_seconds)
                if self.epoch_seconds
                else steps / rate
            )
            return (steps - step - 1) / rate + (epochs - self.epoch - 1) * an_epoch

    return Reporter()


def validator(
    run: Run,
    status: Callable[..., Status],
    validate: Callable[[], Evaluation],
    names: Sequence[str],
    keep: Callable[[int, dict[str, Any]], None],
) -> Any:
    """A Keras callback that scores the validation images after each epoch and keeps the best.

    What is best is told by the status, and so lasts through a resume.

    Args:
        run: where metrics go.
        status: changes fields of the run's status and writes it.
        validate: scores the weights that are in the model now.
        names: of the classes.
        keep: writes them as the best so far, given the epoch from 1 and the scores.
    """
    tensorflow()
    import keras

    class Validator(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.began = time.monotonic()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            spent = time.monotonic() - self.began
            status(message="Validating on whole images.", epoch=epoch + 1)
            result = validate()
            summary = result.summary(names)
            run.append_metrics(
                {
                    "kind": "epoch",
                    "epoch": epoch + 1,
                    "step": (epoch + 1) * self.params["steps"],
                    "loss": float(logs["loss"]),
                    "mean_iou": float(logs["mean_iou"]),
                    "learning_rate": float(self.model.optimizer.learning_rate),
                    "val_cross_entropy": result.cross_entropy,
                    "val_mean_iou": summary["mean_iou"],
                    "val_pixel_accuracy": summary["pixel_accuracy"],
                    "val_iou": {n: c["iou"] for n, c in summary["per_class"].items()},
                    "seconds": round(spent, 2),
                    "validation_seconds": round(time.monotonic() - self.began - spent, 2),
                }
            )
            best = status().best_mean_iou
            score = summary["mean_iou"] or 0.0
            if best is None or score > best:
                keep(epoch + 1, summary)
                status(best_epoch=epoch + 1, best_mean_iou=score)

    return Validator()


def checkpointer(run: Run, is_partial: Callable[[], bool]) -> tuple[Any, Any]:
    """Two Keras callbacks that keep weights and optimizer of each epoch, for `restore`.

    Like `keras.callbacks.BackupAndRestore`, but an epoch that was cut short is not taken for a
    whole one, and the state before an epoch stays what is resumed from until that epoch has been
    validated: one whose validation was killed is trained again.

    Args:
        run: whose checkpoint folder to write to.
        is_partial: whether the epoch that ends was cut short.

    Returns:
        One that writes the state, before anything is done to the trained weights, and one that
        marks the epoch as done, after all that belongs to it.
    """
    tensorflow()
    import keras

    class Checkpointer(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            with disk_errors(run.checkpoint):
                run.checkpoint.mkdir(exist_ok=True)
            check_space(run, self.model)
            # A new name each time: the state that the epoch file names stays.
            self.written = f"epoch-{epoch + 1:04d}-{time.time_ns():x}.weights.h5"
            write_atomic(run.checkpoint / self.written, self.model.save_weights)

    class Marker(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            done = epoch if is_partial() else epoch + 1
            mark = {"epoch": done, "batch": 0, "state": state.written}
            write_json(run.checkpoint / EPOCH_FILE, mark)
            for old in run.checkpoint.glob("*.weights.h5"):
                if old.name != state.written:
                    old.unlink()

    state = Checkpointer()
    return state, Marker()


def restore(run: Run, model: keras.Model) -> int:
    """Load the state `checkpointer` wrote into a compiled model.

    Returns:
        How many epochs are done.

    Raises:
        RunError: the state is damaged or belongs to another network.
    """
    unreadable = RunError(
        "the state to continue from cannot be read",
        where=str(run.checkpoint),
        remedy="start a new run with the same settings; the best checkpoint stays usable",
    )
    saved = run.saved()
    if saved is None:
        raise unreadable
    state, done = saved
    try:
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        model.load_weights(state)
    except (OSError, ValueError, KeyError) as error:
        raise unreadable from error
    return done


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
