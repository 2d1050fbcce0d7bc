"""A callback that lets others watch a training while it runs, and ends it when asked to."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from core.device import memory_in_use, tensorflow
from core.errors import RunError
from core.training.callbacks.step_counter import StepCounter
from core.training.runs.run import Run, Status
from core.training.step.train_step import gradient_norms

__all__ = ["Means", "reporter"]


class Means:
    """Keras' logs are means since the epoch began; a curve wants those of the last steps."""

    def __init__(self) -> None:
        self._steps, self._sums = 0, dict[str, float]()

    def of(self, logs: Mapping[str, float], steps: int) -> dict[str, float]:
        """The means since the last call.

        Args:
            logs: means over `steps` steps.
            steps: since the epoch began, more than at the last call.
        """
        sums = {name: mean * steps for name, mean in logs.items()}
        new = steps - self._steps
        found = {name: (value - self._sums.get(name, 0.0)) / new for name, value in sums.items()}
        self._steps, self._sums = steps, sums
        return found


def reporter(
    run: Run,
    status: Callable[..., Status],
    step_counter: StepCounter,
    batch: int,
    limit_minutes: float,
    stale: Callable[[], bool],
) -> Any:
    """A Keras callback that writes step, throughput and time left about once a second.

    Args:
        run: what to report to; also where a request to stop is looked for.
        status: changes fields of the run's status and writes it.
        step_counter: counter of the steps.
        batch: crops a step.
        limit_minutes: stop after this time; 0 = no limit.
        stale: whether the validation has not improved for so long that the training is to end.

    Returns:
        The callback. Its attribute `stopped` says why the training ends early, or is empty; a
        request that comes with the last step changes nothing any more. `early` says whether it
        ends because nothing improved. `partial` are the steps done of an epoch that was cut
        short, or 0.
    """
    tensorflow()
    import keras

    class Reporter(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.stopped = ""
            self.early = False
            self.partial = 0
            self.began = time.monotonic()
            self.epoch_seconds: deque[float] = deque(maxlen=5)

        def on_train_begin(self, logs: Any = None) -> None:
            self.wrote = 0.0
            # Steps with the time they ended; the first one traces the graph and is left out.
            self.ticks: deque[tuple[int, float]] = deque(maxlen=40)

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.epoch = epoch
            self.epoch_began = time.monotonic()
            self.ticks.clear()
            self.means = Means()

        def on_train_batch_end(self, step: int, logs: Any = None) -> None:
            now = time.monotonic()
            self.ticks.append((step, now))
            done = step_counter.within(step)
            if not math.isfinite(float(logs["loss"])):
                # Before the epoch ends: neither the state nor the best weights become NaN.
                raise RunError(
                    "the loss became infinite or not a number",
                    where=f"epoch {self.epoch + 1}, step {done}",
                    remedy="choose a lower learning rate, or float32 precision",
                )
            self._look_for_an_end(done, now)
            if now - self.wrote < 1:
                return
            self.wrote = now
            self._report(step, done, logs)

        def _report(self, step: int, done: int, logs: Mapping[str, Any]) -> None:
            rate = self._rate()
            crops = rate * batch if rate else None
            status(
                message="Training.",
                epoch=self.epoch + 1,
                step=done,
                steps=step_counter.steps,
                images_per_second=crops,
                seconds_left=self._left(done, rate),
            )
            watched = {"loss": float(logs["loss"])} | gradient_norms(logs)
            means = self.means.of(watched, step + 1)
            record = {
                "kind": "step",
                "epoch": self.epoch + 1,
                "step": step_counter.overall(self.epoch, step),
                "loss": means.pop("loss"),
                "learning_rate": float(self.model.optimizer.learning_rate),
                "images_per_second": crops,
                "gradient_norm": means,
                **memory_in_use(),
            }
            run.append_metrics(record)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.epoch_seconds.append(time.monotonic() - self.epoch_began)
            # What was asked for while the images were validated.
            self._look_for_an_end(step_counter.steps, time.monotonic())
            if not self.stopped and stale():
                self.early = True
                self.model.stop_training = True

        def _look_for_an_end(self, done: int, now: float) -> None:
            whole = done == step_counter.steps
            if self.stopped or (whole and self.epoch + 1 == step_counter.epochs):
                return
            if run.stop_file.exists():
                self.stopped = "as you asked"
            elif limit_minutes and now - self.began > limit_minutes * 60:
                self.stopped = f"at its limit of {limit_minutes:g} minutes"
            if self.stopped:
                self.partial = 0 if whole else done
                self.model.stop_training = True

        def _rate(self) -> float | None:
            """Steps a second over the last ticks."""
            (first, began), (last, ended) = self.ticks[0], self.ticks[-1]
            return (last - first) / (ended - began) if last > first else None

        def _left(self, done: int, rate: float | None) -> float | None:
            if rate is None:
                return None
            # A whole epoch includes its validation, which steps alone do not tell.
            an_epoch = (
                sum(self.epoch_seconds) / len(self.epoch_seconds)
                if self.epoch_seconds
                else step_counter.steps / rate
            )
            epochs = step_counter.epochs - self.epoch - 1
            return (step_counter.steps - done) / rate + epochs * an_epoch

    return Reporter()
