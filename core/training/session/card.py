"""The card of a model in training."""

from __future__ import annotations

from typing import Any

from core.models.card import ModelCard, Training
from core.models.spec import ModelSpec
from core.training.config import TrainConfig
from core.training.runs.run import Run
from core.training.session.initial_weights import read_initial_weights
from core.training.session.training_data import TrainingData

__all__ = ["CardMaker"]


class CardMaker:
    """Makes the card of a run's weights; calling it with what changes from epoch to epoch.

    Args:
        run: the run, whose metrics and initial weights are read.
        config: configuration of the run.
        data: what it is trained and validated on.
        spec: specification of the network.
        parameters: number of its weights.
    """

    def __init__(
        self, run: Run, config: TrainConfig, data: TrainingData, spec: ModelSpec, parameters: int
    ) -> None:
        self.run, self.config, self.data, self.spec = run, config, data, spec
        self.parameters = parameters

    def __call__(self, epoch: int, summary: dict[str, Any], weights: str, sha256: str) -> ModelCard:
        """The card after an epoch.

        Args:
            epoch: the epoch, from 1.
            summary: scores on the validation samples (`Evaluation.summary`).
            weights: name of the file with the weights.
            sha256: hash of that file.
        """
        data, split = self.data, self.data.split
        # Of all epochs so far, those before a resume included.
        seconds = self.run.seconds_trained()
        initial_weights = read_initial_weights(self.run)
        return ModelCard(
            name=self.run.name,
            spec=self.spec,
            classes=data.dataset.classes,
            dtype=data.dtype,
            bands=data.dataset.bands,
            file_bands=data.file_bands,
            normalisation=data.normalisation,
            imagery=data.imagery,
            masks=data.dataset.coding,
            training=Training(
                dataset=data.dataset.name,
                train=split.train,
                val=split.val,
                test=split.test,
                digests=data.digests,
                epoch=epoch,
                scores={"val": summary},
                config=self.config.model_dump(mode="json"),
                minutes=round(seconds / 60, 1),
                notes=initial_weights.notes if initial_weights else "",
            ),
            weights=weights,
            sha256=sha256,
            parameters=self.parameters,
        )
