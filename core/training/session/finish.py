"""The end of a training: the kept weights scored on the test samples, and the run's last status."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from core.evaluation.evaluate import evaluate_images
from core.inference.predictor import Predictor
from core.models.card import CARD_FILE, WEIGHTS_FILE, ModelCard
from core.models.model_input import ModelInput
from core.models.store import load_model, save_model
from core.paths import write_json
from core.training.runs.run import Run
from core.training.runs.sample_scores import (
    SampleScores,
    by_sample,
    read_samples,
    write_samples,
)
from core.training.runs.status_writer import StatusWriter
from core.training.session.collapse import never_predicted
from core.training.session.training_data import TrainingData

if TYPE_CHECKING:
    import keras

__all__ = ["finish"]


def finish(
    run: Run, data: TrainingData, status: StatusWriter, *, stop_reason: str, stopped_early: bool
) -> ModelCard:
    """Score the kept weights on the test samples and give them their lasting name.

    Args:
        run: the run, with its best weights and their card.
        data: what it was trained and validated on.
        status: status of the run.
        stop_reason: why it ended before its end, "as you asked", or empty.
        stopped_early: whether it ended because nothing improved any more.

    Returns:
        The card with the scores of the test samples.
    """
    model, card = load_model(run.folder)
    names, scores = card.classes.names, dict(card.training.scores)
    # The samples come with the recipe's bands already.
    predictor = Predictor(model, ModelInput.of_spec(card.spec, card.normalisation, card.dtype))
    kept = read_samples(run)
    sides = dict(kept.sides) if kept and kept.epoch == card.training.epoch else {}
    if "val" not in sides:
        # It was killed between keeping the weights and their scores by image.
        status(message="Scoring the best checkpoint on the validation samples.", seconds_left=None)
        sides["val"] = {}
        evaluate_images(predictor, data.val, by_sample(names, sides["val"]))
    if len(data.test):
        status(message="Scoring the best checkpoint on the test samples.", seconds_left=None)
        sides["test"] = {}
        test = evaluate_images(predictor, data.test, by_sample(names, sides["test"]))
        scores["test"] = test.summary(names)
    write_samples(run, SampleScores(epoch=card.training.epoch, sides=sides))
    missing = never_predicted(names, scores["val"], data.counts)
    notes = card.training.notes
    if missing:
        print(f"warning: {missing}", file=sys.stderr)  # in the run's log
        # A run that was stopped, and went on without anything better, has it already.
        notes = " ".join([notes.removesuffix(missing).strip(), missing]).strip()
    training = card.training.model_copy(update={"scores": scores, "notes": notes})
    card = card.model_copy(update={"training": training})
    if card.weights == WEIGHTS_FILE:
        # Nothing better came of a resume: the weights stay, and so does their hash.
        write_json(run.folder / CARD_FILE, card.model_dump(mode="json"))
    else:
        card = _rename_weights(run, model, card)
    now = status()
    best = f"epoch {now.best_epoch}, mean IoU {now.best_mean_iou:.3f} on the validation images"
    if not stop_reason:
        shutil.rmtree(run.checkpoint, ignore_errors=True)
    status(
        state="stopped" if stop_reason else "finished",
        message=f"{_how_it_ended(stop_reason, stopped_early, now.epoch)}; kept {best}."
        + (f" {missing}" if missing else ""),
        seconds_left=None,
    )
    return card


def _rename_weights(run: Run, model: keras.Model, card: ModelCard) -> ModelCard:
    """Save the weights under the name that every finished model's have, and delete the others."""
    final = save_model(
        model,
        run.folder,
        WEIGHTS_FILE,
        lambda sha256: card.model_copy(update={"weights": WEIGHTS_FILE, "sha256": sha256}),
    )
    (run.folder / card.weights).unlink()
    return final


def _how_it_ended(stop_reason: str, stopped_early: bool, epoch: int) -> str:
    if stop_reason:
        return f"Stopped {stop_reason}"
    if stopped_early:
        return f"Finished early, as nothing improved any more, after epoch {epoch}"
    return "Finished"
