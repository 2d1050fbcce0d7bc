"""The time of every step."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import keras

__all__ = ["StepTimer"]


class StepTimer(keras.callbacks.Callback):
    """Times every step, and ends the training when enough are timed.

    Args:
        first_done: called after the first step, in which TensorFlow traces the graph.
        limit: seconds for which the steps after the first are timed.
        least: number of steps that are timed however long they take.

    Attributes:
        seconds: seconds of each step, the first included.
    """

    def __init__(self, first_done: Callable[[], None], limit: float, least: int) -> None:
        super().__init__()
        self.first_done, self.limit, self.least = first_done, limit, least

    def on_train_begin(self, logs: Any = None) -> None:
        self.seconds: list[float] = []
        self.last = time.perf_counter()

    def on_train_batch_end(self, step: int, logs: Any = None) -> None:
        float(logs["loss"])  # a GPU computes on in the background: wait for it
        now = time.perf_counter()
        self.seconds.append(now - self.last)
        self.last = now
        if step == 0:
            self.first_done()
        others = self.seconds[1:]
        if len(others) >= self.least and sum(others) >= self.limit:
            self.model.stop_training = True
