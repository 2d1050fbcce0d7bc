"""After every epoch: whole validation images scored, and the best weights kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from core.device import tensorflow
from core.evaluation.evaluate import Evaluation
from core.training.runs.run import Run
from core.training.runs.status import Status
from core.training.step.train_step import gradient_norms

__all__ = ["validator"]


def validator(
    run: Run,
    status: Callable[..., Status],
    validate: Callable[[int], Evaluation],
    names: Sequence[str],
    keep: Callable[[int, dict[str, Any]], None],
    partial: Callable[[], int],
) -> Any:
    """A Keras callback that scores the validation images after each epoch and keeps the best.

    What is best is told by the status, and so lasts through a resume. The scores are added to the
    epoch's logs, for the callbacks that follow.

    Args:
        run: where metrics go.
        status: changes fields of the run's status and writes it.
        validate: scores the weights that are in the model now, given the epoch from 1.
        names: of the classes.
        keep: writes them as the best so far, given the epoch from 1 and the scores.
        partial: steps done of the epoch that ends, where it was cut short; else 0.

    Returns:
        The callback. Its attribute `scores` are the mean IoUs of all whole epochs so far, those
        of earlier processes included.
    """
    tensorflow()
    import keras

    class Validator(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.scores: list[float] = [
                record.val_mean_iou or 0.0 for record in run.epochs() if not record.partial
            ]

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.began = time.monotonic()
            del self.scores[epoch:]

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            spent = time.monotonic() - self.began
            status(message="Validating on whole images.", epoch=epoch + 1)
            result = validate(epoch + 1)
            summary = result.summary(names)
            cut_short = {"partial": True} if partial() else {}
            run.append_metrics(
                {
                    "kind": "epoch",
                    "epoch": epoch + 1,
                    # The optimizer's own count, of all processes that took part.
                    "step": int(self.model.optimizer.iterations),
                    **cut_short,
                    "loss": float(logs["loss"]),
                    "mean_iou": float(logs["mean_iou"]),
                    "learning_rate": float(self.model.optimizer.learning_rate),
                    "gradient_norm": gradient_norms(logs),
                    "val_cross_entropy": result.cross_entropy,
                    "val_mean_iou": summary["mean_iou"],
                    "val_pixel_accuracy": summary["pixel_accuracy"],
                    "val_iou": {n: c["iou"] for n, c in summary["per_class"].items()},
                    "seconds": round(spent, 2),
                    "validation_seconds": round(time.monotonic() - self.began - spent, 2),
                }
            )
            score = summary["mean_iou"] or 0.0
            if not cut_short:
                self.scores.append(score)
            logs["val_mean_iou"] = score
            logs["val_pixel_accuracy"] = summary["pixel_accuracy"] or 0.0
            logs["val_cross_entropy"] = result.cross_entropy
            best = status().best_mean_iou
            if best is None or score > best:
                keep(epoch + 1, summary)
                status(best_epoch=epoch + 1, best_mean_iou=score)

    return Validator()
