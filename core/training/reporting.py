"""Callbacks that let others watch a training and keep its best weights."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from core.device import tensorflow
from core.evaluation.evaluate import Evaluation
from core.training.runs import Run, Status

__all__ = ["reporter", "validator"]


def reporter(run: Run, status: Callable[..., Status], batch: int, limit_minutes: float) -> Any:
    """A Keras callback that writes step, throughput and time left about once a second.

    Args:
        run: what to report to; also where a request to stop is looked for.
        status: changes fields of the run's status and writes it.
        batch: crops a step.
        limit_minutes: stop after this time; 0 = no limit.
    """
    tensorflow()
    import keras

    class Reporter(keras.callbacks.Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            self.began = time.monotonic()
            self.wrote = 0.0
            self.epoch_seconds: deque[float] = deque(maxlen=5)
            # Steps with the time they ended; the first one traces the graph and is left out.
            self.ticks: deque[tuple[int, float]] = deque(maxlen=40)
            self.count = 0

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.epoch = epoch
            self.epoch_began = time.monotonic()
            self.ticks.clear()

        def on_train_batch_end(self, step: int, logs: Any = None) -> None:
            now = time.monotonic()
            self.count += 1
            self.ticks.append((step, now))
            over_time = limit_minutes and now - self.began > limit_minutes * 60
            if over_time or run.stop_file.exists():
                self.model.stop_training = True
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
            run.append_metrics(
                {
                    "kind": "step",
                    "epoch": self.epoch + 1,
                    "step": self.epoch * self.params["steps"] + step + 1,
                    "loss": float(logs["loss"]),
                }
            )

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.epoch_seconds.append(time.monotonic() - self.epoch_began)

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
