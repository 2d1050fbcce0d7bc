"""The best weights so far, kept with a card."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import keras

from core.models.card import ModelCard
from core.models.store import save_model
from core.training.callbacks.epoch_state import EpochState
from core.training.checkpoint import check_space
from core.training.runs.run import Run
from core.training.runs.sample_scores import SampleScores, write_samples
from core.training.runs.status_writer import StatusWriter

__all__ = ["BestModelSaver"]


class BestModelSaver(keras.callbacks.Callback):
    """Writes the weights that are in the model where its validation is the best so far.

    The best score is that of the status, and so lasts through a resume.

    Args:
        run: the run whose folder is written to.
        status: status of the run.
        state: state of the training; the newest scores are read.
        network: the network that is trained, without its optimizer's state, which is no part of
            a model.
        card: makes the card from the epoch, counted from 1, its scores, and the name and the
            SHA-256 of the file with the weights.
    """

    def __init__(
        self,
        run: Run,
        status: StatusWriter,
        state: EpochState,
        network: keras.Model,
        card: Callable[[int, dict[str, Any], str, str], ModelCard],
    ) -> None:
        super().__init__()
        self.run, self.status, self.state = run, status, state
        self.network, self.card = network, card

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        score = self.state.summary["mean_iou"] or 0.0
        best = self.status().best_mean_iou
        if best is None or score > best:
            self._save(epoch + 1)
            self.status(best_epoch=epoch + 1, best_mean_iou=score)

    def _save(self, epoch: int) -> None:
        check_space(self.run, self.model)
        # A new name each time: a resumed epoch must not write over the weights of the card.
        name = f"best-{epoch:04d}-{time.time_ns():x}.weights.h5"
        summary = self.state.summary
        save_model(
            self.network,
            self.run.folder,
            name,
            lambda sha256: self.card(epoch, summary, name, sha256),
        )
        for old in self.run.folder.glob("*.weights.h5"):
            if old.name != name:
                old.unlink()
        sides = {"val": self.state.sample_scores}
        write_samples(self.run, SampleScores(epoch=epoch, sides=sides))
