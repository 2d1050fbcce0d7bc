"""The weights of a network before its first step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import ConfigError, ModelError
from core.evaluation.trained_on import seen_in_training
from core.imagery.normalise import Expected, Normalisation
from core.models.spec import ModelSpec
from core.models.store import find_model, load_model
from core.models.weights.imagenet import pretrained_weights
from core.models.weights.pretrained import (
    IMAGENET,
    NONE,
    check_encoder_weights,
    load_encoder,
    pretrained_normalisation,
    weights_file,
)
from core.models.weights.transfer import expected_by, transfer
from core.paths import write_json
from core.training.checks.initial_weights import _source
from core.training.config import TrainConfig
from core.training.runs.run import Run

if TYPE_CHECKING:
    from core.training.session.training_data import TrainingData

__all__ = [
    "InitialWeights",
    "load_initial_weights",
    "normalisation_for_initial_weights",
    "read_initial_weights",
    "write_initial_weights",
]

_FILE = "initial_weights.json"
_OLD_FILE = "beginning.json"  # of runs made before 0.2


class InitialWeights(BaseModel):
    """What `initial_weights.json` says: a run goes on so after its sources are gone.

    Attributes:
        notes: what was taken over and what was not, in words.
        weights: what they expect of their input.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    notes: str
    weights: Expected | None = None


def normalisation_for_initial_weights(
    config: TrainConfig,
    normalisation: Normalisation,
    bands: int,
    initial_weights: InitialWeights | None = None,
) -> Normalisation:
    """The normalisation with what the weights expect that the network begins with.

    Those of an encoder have their own preprocessing; a model that began with such weights goes on
    to expect it.

    Args:
        config: configuration, with `start_from` and `encoder_weights`.
        normalisation: normalisation fitted to the training samples.
        bands: number of bands of the input.
        initial_weights: what the run began with, where it has begun.

    Raises:
        ConfigError: see `check_encoder_weights`.
        ModelError: there is no such model.
    """
    if initial_weights is not None:
        return normalisation.expecting(initial_weights.weights)
    check_encoder_weights(config.model, config.encoder_weights, config.start_from)
    if config.encoder_weights != NONE:
        return pretrained_normalisation(normalisation, config.model, bands, _name(config))
    if config.start_from and (weights := _source(config).normalisation.weights):
        return normalisation.expecting(expected_by(weights, bands))
    return normalisation


def load_initial_weights(
    model: Any,
    spec: ModelSpec,
    config: TrainConfig,
    data: TrainingData,
    status: Callable[..., Any],
    check: Callable[[], None] = lambda: None,
) -> str:
    """Give the network the weights the configuration asks for.

    Args:
        model: network built from `spec`.
        spec: specification of the network.
        config: configuration, with `start_from` and `encoder_weights`.
        data: what it is trained and validated on.
        status: called with ``message=`` while weights are fetched.
        check: called all the while; what it raises ends it.

    Returns:
        What was taken over and what was not, in one sentence; empty for random weights.

    Raises:
        ModelError: there is no such model, nothing of it fits, or weights cannot be fetched.
        ConfigError: both are given, or the model was trained on what is held out now, and scores
            would come out too good.
        WorkspaceError: fetched weights cannot be kept.
    """
    check_encoder_weights(spec, config.encoder_weights, config.start_from)
    if config.encoder_weights != NONE:

        def progress(done: int, total: int) -> None:
            check()
            of = f" of {total / 1e6:.1f}" if total else ""
            status(message=f"Fetching ImageNet weights: {done / 1e6:.1f}{of} MB.")

        path = weights_file(spec, config.encoder_weights, progress)
        check()
        status(message="Putting in the encoder's weights.")
        sentence = load_encoder(model, spec, path, _name(config)).sentence()
        row = pretrained_weights(spec) if config.encoder_weights == IMAGENET else None
        return f"{sentence} Their licence: {row.licence}." if row else sentence
    if not config.start_from:
        return ""
    first, card = load_model(find_model(config.start_from).folder)
    count = len(data.split.train)
    held_out = (*data.split.val, *data.split.test)
    recipe = config.recipe.model_dump(mode="json")
    if seen := seen_in_training(
        held_out, data.digests[count:], recipe, card.training, data.dataset.name
    ):
        raise ConfigError(
            f"{len(seen)} samples that are held out now were trained on by the model to start from",
            where=min(seen),
            remedy="use the split and the seed that model was trained with",
        )
    try:
        transferred = transfer(
            model, spec, first, card.spec, data.dataset.classes.names, card.classes.names
        )
    except ModelError as error:
        raise ModelError(error.what, where=config.start_from, remedy=error.remedy) from error
    return transferred.sentence(config.start_from)


def write_initial_weights(run: Run, initial_weights: InitialWeights) -> None:
    """Write down what a run began with."""
    write_json(run.folder / _FILE, initial_weights.model_dump(mode="json"))


def read_initial_weights(run: Run) -> InitialWeights | None:
    """What `write_initial_weights` wrote; None where it began with random weights."""
    for name in (_FILE, _OLD_FILE):
        try:
            return InitialWeights.model_validate_json((run.folder / name).read_bytes())
        except (OSError, ValidationError):
            continue
    return None


def _name(config: TrainConfig) -> str:
    """What the encoder's weights are called."""
    row = pretrained_weights(config.model)
    if config.encoder_weights == IMAGENET and row:
        return row.name
    return Path(config.encoder_weights).name
