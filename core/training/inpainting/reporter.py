"""What an inpainting tells while it goes on."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

from core.training.callbacks.epoch_state import EpochState
from core.training.callbacks.reporter import Reporter
from core.training.config import TrainConfig
from core.training.runs.run import Run
from core.training.runs.status_writer import StatusWriter

__all__ = ["InpaintingReporter"]


class InpaintingReporter(Reporter):
    """Writes about once a second how far it is, and after each epoch its loss.

    Args:
        run: the run whose metrics are written.
        status: status of the run.
        state: state of the inpainting.
        config: configuration of the run: the epochs that follow count as time left.
    """

    def __init__(
        self, run: Run, status: StatusWriter, state: EpochState, config: TrainConfig
    ) -> None:
        super().__init__(run, status, state, config.batch)
        self.following = config.epochs * state.steps

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        super().on_epoch_end(epoch, logs)
        state = self.state
        if state.partial:
            return  # a resume does the rest of it
        loss = float(logs["loss"])
        print(f"{_place(state)}: loss {loss:.4f}", file=sys.stderr)  # in the run's log
        record = {"kind": "inpainting", "epoch": epoch + 1, "loss": loss}
        self.run.append_metrics(record | {"seconds": round(state.seconds, 2)})

    def _report(self, step: int, logs: Mapping[str, Any]) -> None:
        state, rate = self.state, self._rate()
        done = state.steps_in_epoch(step)
        left = self.time_left.estimate(state.epoch)
        # Its own steps and, without their validations, those of the training.
        seconds = None if left is None or rate is None else left + self.following / rate
        self.status(
            message=f"{_place(state)}, step {done} of {state.steps}: "
            f"loss {float(logs['loss']):.4f}.",
            images_per_second=rate * self.batch if rate else None,
            seconds_left=seconds,
        )
        self.last = time.monotonic()


def _place(state: EpochState) -> str:
    return f"{state.phase}epoch {state.epoch + 1} of {state.epochs}"
