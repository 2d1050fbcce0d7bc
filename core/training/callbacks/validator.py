"""The scores of whole validation images after every epoch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras

from core.classes import ClassTable
from core.datasets.batches.labelled_image import LabelledImage
from core.evaluation.evaluate import Evaluation, evaluate_images
from core.inference.predictor import Predictor
from core.training.callbacks.epoch_state import EpochState
from core.training.runs.run import Run
from core.training.runs.sample_scores import all_of, by_sample
from core.training.runs.status_writer import StatusWriter
from core.training.runs.timelapse import TimelapseWriter
from core.training.step.replicas import scalar
from core.training.step.train_step_model import gradient_norms

__all__ = ["Validator"]


class Validator(keras.callbacks.Callback):
    """Scores the weights that are in the model when an epoch ends, and records the epoch.

    The scores are added to the epoch's logs, for the callbacks that follow.

    Args:
        run: the run whose metrics are written; those of earlier processes are read.
        status: status of the run.
        state: state of the training; its scores are set.
        predictor: predictor with the network that is trained.
        images: the validation samples.
        classes: classes of the dataset.
        timelapse: where the predictions of pinned samples go.
    """

    def __init__(
        self,
        run: Run,
        status: StatusWriter,
        state: EpochState,
        predictor: Predictor,
        images: Iterable[LabelledImage],
        classes: ClassTable,
        timelapse: TimelapseWriter,
    ) -> None:
        super().__init__()
        self.run, self.status, self.state = run, status, state
        self.predictor, self.images, self.names = predictor, images, classes.names
        self.timelapse = timelapse
        state.scores = [record.val_mean_iou or 0.0 for record in run.epochs() if not record.partial]

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        del self.state.scores[epoch:]

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        seconds = self.state.seconds
        self.status(message="Validating on whole images.", epoch=epoch + 1)
        evaluation = self._evaluate(epoch)
        summary = self.state.summary = evaluation.summary(self.names)
        self.run.append_metrics(
            {
                "kind": "epoch",
                "epoch": epoch + 1,
                # Not the optimizer's count: float16 training skips steps that overflow.
                "step": self.state.steps_done,
                **({"partial": True} if self.state.partial else {}),
                "loss": float(logs["loss"]),
                "mean_iou": float(logs["mean_iou"]),
                "learning_rate": scalar(self.model.optimizer.learning_rate),
                "gradient_norm": gradient_norms(logs, self.model),
                "val_cross_entropy": evaluation.cross_entropy,
                "val_mean_iou": summary["mean_iou"],
                "val_pixel_accuracy": summary["pixel_accuracy"],
                "val_iou": {name: scores["iou"] for name, scores in summary["per_class"].items()},
                "seconds": round(seconds, 2),
                "validation_seconds": round(self.state.seconds - seconds, 2),
            }
        )
        if not self.state.partial:
            self.state.scores.append(summary["mean_iou"] or 0.0)
        logs["val_mean_iou"] = summary["mean_iou"] or 0.0
        logs["val_pixel_accuracy"] = summary["pixel_accuracy"] or 0.0
        logs["val_cross_entropy"] = evaluation.cross_entropy

    def _evaluate(self, epoch: int) -> Evaluation:
        each = all_of(self.timelapse.of(epoch + 1), by_sample(self.names, self.state.sample_scores))
        return evaluate_images(self.predictor, self.images, each)
