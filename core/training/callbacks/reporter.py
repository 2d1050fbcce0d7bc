"""What others see of a training while it runs: its status and the metrics of its steps."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from typing import Any

import keras

from core.device import memory_in_use
from core.training.callbacks.epoch_state import EpochState
from core.training.callbacks.time_left import TimeLeft
from core.training.runs.run import Run
from core.training.runs.status_writer import StatusWriter
from core.training.step.replicas import scalar
from core.training.step.train_step_model import gradient_norms

__all__ = ["Reporter"]

_INTERVAL = 1.0  # seconds between two reports


class _StepMeans:
    """Keras' logs are means since the epoch began; a curve wants those of the last steps."""

    def __init__(self) -> None:
        self._steps, self._sums = 0, dict[str, float]()

    def update(self, logs: Mapping[str, float], steps: int) -> dict[str, float]:
        """The means since the last call.

        Args:
            logs: means over `steps` steps.
            steps: number of steps since the epoch began, more than at the last call.
        """
        sums = {name: mean * steps for name, mean in logs.items()}
        new = steps - self._steps
        means = {name: (value - self._sums.get(name, 0.0)) / new for name, value in sums.items()}
        self._steps, self._sums = steps, sums
        return means


class Reporter(keras.callbacks.Callback):
    """Writes step, throughput and time left about once a second.

    Args:
        run: the run whose metrics are written.
        status: status of the run.
        state: state of the training.
        batch: batch size in crops.
        interval: seconds between two reports.
    """

    def __init__(
        self,
        run: Run,
        status: StatusWriter,
        state: EpochState,
        batch: int,
        interval: float = _INTERVAL,
    ) -> None:
        super().__init__()
        self.run, self.status, self.state = run, status, state
        self.batch, self.interval = batch, interval
        self.time_left = TimeLeft(state.steps, state.epochs, state.validation_steps)

    def on_train_begin(self, logs: Any = None) -> None:
        self.last = 0.0
        # Steps with the time they ended; the first one traces the graph and is left out.
        self.ticks: deque[tuple[int, float]] = deque(maxlen=40)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.time_left.begin_epoch()
        self.ticks.clear()
        self.means = _StepMeans()

    def on_train_batch_end(self, step: int, logs: Any = None) -> None:
        now = time.monotonic()
        self.ticks.append((step, now))
        self.time_left.end_step(self.state.steps_in_epoch(step), now)
        if now - self.last >= self.interval:
            self.last = now
            self._report(step, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.time_left.end_epoch(time.monotonic())

    def _report(self, step: int, logs: Mapping[str, Any]) -> None:
        state = self.state
        done = state.steps_in_epoch(step)
        rate = self._rate()
        crops = rate * self.batch if rate else None
        self.status(
            message="Training.",
            epoch=state.epoch + 1,
            step=done,
            steps=state.steps,
            images_per_second=crops,
            seconds_left=self.time_left.estimate(state.epoch),
        )
        means = self.means.update(
            {"loss": float(logs["loss"])} | gradient_norms(logs, self.model), step + 1
        )
        record = {
            "kind": "step",
            "epoch": state.epoch + 1,
            "step": state.steps_in_training(step),
            "loss": means.pop("loss"),
            "learning_rate": scalar(self.model.optimizer.learning_rate),
            "images_per_second": crops,
            "gradient_norm": means,
            **memory_in_use(),
        }
        self.run.append_metrics(record)

    def _rate(self) -> float | None:
        """Steps a second over the last ticks."""
        (first, start), (last, end) = self.ticks[0], self.ticks[-1]
        return (last - first) / (end - start) if last > first else None
