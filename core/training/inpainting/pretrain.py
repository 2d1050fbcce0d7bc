"""Inpainting before a training: a network that begins at random learns from images alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import keras

from core.datasets.batches.feed import training_feed
from core.datasets.batches.inpainting import ImageStore, cut_out_feed, without_labels
from core.device import resolve_precision
from core.errors import DSIError
from core.imagery.normalise import Normalisation
from core.models.network import block_of, build_model
from core.training.callbacks.checkpointer import Checkpointer, EpochMarker
from core.training.callbacks.epoch_state import EpochState
from core.training.callbacks.learning_rate_setter import LearningRateSetter
from core.training.callbacks.stop_checker import StopChecker
from core.training.checkpoint import restore, seconds_in_epoch
from core.training.checks.checks import network_of
from core.training.checks.steps import steps_per_epoch
from core.training.config import TrainConfig
from core.training.inpainting.loss import InpaintingLoss
from core.training.inpainting.pretrained import Pretrained
from core.training.inpainting.reporter import InpaintingReporter
from core.training.inpainting.state import InpaintingState
from core.training.runs.run import Run
from core.training.runs.status_writer import StatusWriter, Stopped, check_stop
from core.training.step.fit_feed import Part, fit_feed
from core.training.step.optimizers import optimizer
from core.training.step.replicas import mirrored, synchronise
from core.training.step.train_step_model import TrainStepModel

__all__ = ["pretrain"]

_Failed = list[DSIError | MemoryError]


def pretrain(
    run: Run,
    config: TrainConfig,
    images: ImageStore,
    normalisation: Normalisation,
    status: StatusWriter,
) -> Pretrained:
    """Train a network to fill in what is cut out of crops, or go on with that.

    Seed, first weights, precision, replicas, batch, optimizer, rate and schedule are those of the
    training; the average of weights, a frozen encoder and its smaller rate are not in force. Its
    last layer has as many channels as there are bands.

    Args:
        run: the run; where an earlier process was stopped or killed, it goes on from the state that
            it left, and does it all again only where there is none.
        config: configuration of the run.
        images: what is learned from.
        normalisation: normalisation of the training.
        status: status of the run.

    Raises:
        Stopped: it was asked to stop, or its time is over; its state is kept.
        DSIError: whatever ends it: a file that vanished, a loss that is no number.
    """
    config = config.model_copy(update={"encoder_rate": 1.0, "ema": 0.0})
    compiled = _assembled(config, images)
    kept = InpaintingState(run.folder)
    epochs, offset = restore(kept, compiled)
    # Those of the training: its own images once.
    pixels = int(images.areas[: len(images) - images.unlabelled].sum())
    steps = config.steps or steps_per_epoch(pixels, config.batch, config.recipe.patch.size)
    seconds = seconds_in_epoch(kept) if offset else 0.0
    state = EpochState(steps, config.pretrain_epochs, offset, seconds)
    state.phase = "Inpainting, "
    if epochs < state.epochs:
        check_stop(run)
        run.checkpoint.mkdir(exist_ok=True)
        status(message=f"Inpainting, epoch {epochs + 1} of {state.epochs}.", steps=steps)
        callbacks: list[Any] = [
            state,
            LearningRateSetter(config, state),
            Checkpointer(kept, state),
            InpaintingReporter(run, status, state, config),  # before the epoch counts as done
            EpochMarker(kept, state),
            StopChecker(run, state, config.limit_minutes),
        ]
        _fit(compiled, partial(_batches, config, images, normalisation), epochs, callbacks)
    records = run.metrics().inpainting
    return Pretrained(
        weights={layer.name: layer.get_weights() for layer in compiled.layers if layer.weights},
        epochs=config.pretrain_epochs,
        trained=len(images) - images.unlabelled,
        unlabelled=images.unlabelled,
        loss=records[-1].loss if records else None,
    )


def _assembled(config: TrainConfig, images: ImageStore) -> TrainStepModel:
    bands = images[0].pixels.shape[-1]
    strategy = mirrored(config.replicas, config.batch)
    # As `assemble` does, so that both begin with the same weights.
    keras.utils.set_random_seed(config.seed)
    keras.config.set_dtype_policy(resolve_precision(config.precision))
    spec = network_of(config, bands, len(images.dataset.classes))
    spec = spec.model_copy(update={"classes": bands})
    with strategy.scope():
        network = build_model(spec)
        if strategy.num_replicas_in_sync > 1:
            synchronise(network)
        compiled = TrainStepModel(network, partial(block_of, spec), config.clip_norm)
        compiled.compile(optimizer(config), InpaintingLoss())
        compiled.optimizer.build(compiled.trainable_variables)
    return compiled


def _batches(
    config: TrainConfig,
    images: ImageStore,
    normalisation: Normalisation,
    place: int,
    failed: _Failed,
) -> Any:
    """Batches from a step of the inpainting on."""
    seed = config.seed + place
    recipe = without_labels(config.recipe)
    decibel = images.dataset.decibel
    feed = training_feed(images, recipe, normalisation, config.batch, seed, failed, decibel=decibel)
    return cut_out_feed(feed, config.batch, recipe.patch.size, seed)


def _fit(
    compiled: TrainStepModel,
    batches: Callable[[int, _Failed], Any],
    first: int,
    callbacks: Sequence[Any],
) -> None:
    """Train from an epoch on, of which the state's `offset` is done.

    Raises:
        Stopped: it was asked to stop, or its time is over.
    """
    state: EpochState = callbacks[0]

    def train(steps: int, epochs: range) -> None:
        failed: _Failed = []
        # Another stream of crops after a resume.
        place = epochs.start * state.steps + state.offset
        part = Part(place, steps, epochs)
        fit_feed(compiled, batches(place, failed), failed, part, callbacks)

    if state.offset:
        train(state.steps - state.offset, range(first, first + 1))
        state.offset, state.seconds_before, first = 0, 0.0, first + 1
    if not state.stop_reason and first < state.epochs:
        train(state.steps, range(first, state.epochs))
    if state.stop_reason:
        raise Stopped(
            f"stopped within the inpainting {state.stop_reason}, before there was a model",
            remedy="Resume goes on with the inpainting after its last step",
        )
