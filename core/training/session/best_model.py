"""The model a run leaves: its best weights while it trains, and the finished card at its end."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from core.evaluation.evaluate import Evaluation, evaluate_images
from core.inference.predictor import Predictor
from core.models.card import CARD_FILE, WEIGHTS_FILE, ModelCard, Training
from core.models.spec import ModelSpec
from core.models.store import load_model, save_model
from core.paths import write_json
from core.training.callbacks.checkpointer import check_space
from core.training.config import TrainConfig
from core.training.runs.metrics import seconds_trained
from core.training.runs.run import Run
from core.training.runs.sample_scores import (
    ByClass,
    SampleScores,
    by_sample,
    read_samples,
    write_samples,
)
from core.training.runs.status_writer import StatusWriter
from core.training.session.initial_weights import read_initial_weights
from core.training.session.training_data import TrainingData

if TYPE_CHECKING:
    import keras

__all__ = ["BestModelSaver", "finish"]


class BestModelSaver:
    """Writes the weights that are in the model as the run's best, with a card."""

    def __init__(
        self,
        run: Run,
        config: TrainConfig,
        data: TrainingData,
        spec: ModelSpec,
        model: keras.Model,
        compiled: keras.Model,
    ) -> None:
        self.run, self.config, self.data, self.spec = run, config, data, spec
        # The same layers twice; the optimizer's state is no part of a model.
        self.model, self.compiled = model, compiled
        self.by_sample: dict[str, ByClass] = {}
        """IoU by validation sample and class, of the validation that went before `keep`."""

    def keep(self, epoch: int, summary: dict[str, Any]) -> None:
        check_space(self.run, self.compiled)
        # A new name each time: a resumed epoch must not write over the weights of the card.
        name = f"best-{epoch:04d}-{time.time_ns():x}.weights.h5"
        save_model(self.model, self.run.folder, name, self._card(epoch, summary, name))
        for old in self.run.folder.glob("*.weights.h5"):
            if old.name != name:
                old.unlink()
        write_samples(self.run, SampleScores(epoch=epoch, sides={"val": self.by_sample}))

    def _card(
        self, epoch: int, summary: dict[str, Any], weights: str
    ) -> Callable[[str], ModelCard]:
        split = self.data.split
        # Of all epochs so far, those before a resume included.
        seconds = seconds_trained(self.run.epochs())
        initial_weights = read_initial_weights(self.run)

        def card(sha256: str) -> ModelCard:
            return ModelCard(
                name=self.run.name,
                spec=self.spec,
                classes=self.data.dataset.classes,
                dtype=self.data.dtype,
                bands=self.data.dataset.bands,
                file_bands=self.data.file_bands,
                normalisation=self.data.normalisation,
                training=Training(
                    dataset=self.data.dataset.name,
                    train=split.train,
                    val=split.val,
                    test=split.test,
                    epoch=epoch,
                    scores={"val": summary},
                    config=self.config.model_dump(mode="json"),
                    minutes=round(seconds / 60, 1),
                    notes=initial_weights.notes if initial_weights else "",
                ),
                weights=weights,
                sha256=sha256,
                parameters=self.model.count_params(),
            )

        return card


def finish(
    run: Run, data: TrainingData, status: StatusWriter, *, stopped: str, early: bool = False
) -> ModelCard:
    """Score the kept weights on the test samples and give them their lasting name.

    Args:
        stopped: why it ended before its end, or empty.
        early: whether it ended because nothing improved any more.
    """
    model, card = load_model(run.folder)
    scored = dict(card.training.scores)
    # The samples come with the recipe's bands already.
    predictor = Predictor(model, card.normalisation, multiple=card.spec.multiple, dtype=card.dtype)
    kept = read_samples(run)
    sides = dict(kept.sides) if kept and kept.epoch == card.training.epoch else {}
    if "val" not in sides:
        # It was killed between keeping the weights and their scores by image.
        status(message="Scoring the best checkpoint on the validation samples.", seconds_left=None)
        sides["val"] = {}
        evaluate_images(predictor, data.val, by_sample(card.classes.names, sides["val"]))
    if len(data.test):
        status(message="Scoring the best checkpoint on the test samples.", seconds_left=None)
        found: dict[str, ByClass] = {}
        test: Evaluation = evaluate_images(
            predictor, data.test, by_sample(card.classes.names, found)
        )
        scored["test"] = test.summary(card.classes.names)
        sides["test"] = found
    write_samples(run, SampleScores(epoch=card.training.epoch, sides=sides))
    training = card.training.model_copy(update={"scores": scored})
    made = card.model_copy(update={"training": training})
    if card.weights == WEIGHTS_FILE:
        # Nothing better came of a resume: the weights stay, and so does their hash.
        write_json(run.folder / CARD_FILE, made.model_dump(mode="json"))
    else:

        def final(sha256: str) -> ModelCard:
            return made.model_copy(update={"weights": WEIGHTS_FILE, "sha256": sha256})

        made = save_model(model, run.folder, WEIGHTS_FILE, final)
        (run.folder / card.weights).unlink()
    now = status()
    best = f"epoch {now.best_epoch}, mean IoU {now.best_mean_iou:.3f} on the validation images"
    if not stopped:
        shutil.rmtree(run.checkpoint, ignore_errors=True)
    status(
        state="stopped" if stopped else "finished",
        message=f"{_ended(stopped, early, now.epoch)}; kept {best}.",
        seconds_left=None,
    )
    return made


def _ended(stopped: str, early: bool, epoch: int) -> str:
    if stopped:
        return f"Stopped {stopped}"
    return (
        f"Finished early, as nothing improved any more, after epoch {epoch}"
        if early
        else "Finished"
    )
