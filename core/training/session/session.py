"""A training in this process: data read, network assembled, epochs trained, best model kept."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from core.datasets.batches.fit_normalisation import value_range_warning
from core.datasets.batches.inpainting import ImageStore
from core.datasets.dataset import Dataset
from core.errors import DatasetError, ImageError
from core.formats import counted, sentence
from core.models.card import CARD_FILE, ModelCard
from core.models.spec import ModelSpec
from core.models.store import read_card
from core.training.callbacks.epoch_state import EpochState
from core.training.checkpoint import restore, seconds_in_epoch
from core.training.checks.checks import absent_classes, check_config, check_counts
from core.training.checks.presence import (
    absent_everywhere,
    cannot_learn,
    check_presence,
    classes_present,
)
from core.training.checks.steps import steps_per_epoch
from core.training.config import TrainConfig
from core.training.inpainting.images import unlabelled_samples
from core.training.inpainting.pretrain import pretrain
from core.training.inpainting.pretrained import Pretrained
from core.training.runs.run import EPOCH_FILE, Run
from core.training.runs.status_writer import StatusWriter, check_stop
from core.training.session.assemble import WeightLoader, assemble, keep_random_weights
from core.training.session.data import load_data, profile
from core.training.session.data_record import read_data_record, write_data_record
from core.training.session.finish import finish
from core.training.session.initial_weights import (
    InitialWeights,
    load_initial_weights,
    read_initial_weights,
    write_initial_weights,
)
from core.training.session.training_data import TrainingData
from core.training.session.training_loop import TrainingLoop
from core.training.step.replicas import check_replicas

if TYPE_CHECKING:
    import keras

__all__ = ["run_session"]

_LOOKED_AT = 8  # training samples that tell the range of the values


def run_session(
    run: Run, config: TrainConfig, status: StatusWriter, *, resume: bool, train_memory: int
) -> ModelCard:
    """Train to the end, or until it is stopped.

    Args:
        run: the run.
        config: configuration of the run.
        status: status of the run.
        resume: whether to continue from the run's checkpoint.
        train_memory: bytes of decoded training samples that are held.

    Raises:
        DSIError: whatever a user can cause.
    """

    def reading(what: str, done: int, total: int) -> None:
        status(message=f"Reading {what} images: {done} of {total}.")
        check_stop(run)

    check_replicas(config.replicas, config.batch)  # not after reading for minutes
    before = read_initial_weights(run) if resume else None
    record = read_data_record(run) if resume else None
    data = load_data(config, reading, before, record, train_memory=train_memory)
    if data.changes:
        print(f"warning: {data.changes}", file=sys.stderr)  # in the run's log
    status(message="Building the network.", note=sentence(data.changes))
    if run.saved() is None:
        _check(run, config, data)
    if record is None:
        write_data_record(run, data)
    start = time.monotonic()
    load_weights: WeightLoader = partial(_load_initial_weights, run, config, data, status)
    # Not where the training itself has left a state.
    if config.pretrain_epochs and not (run.checkpoint / EPOCH_FILE).exists():
        load_weights = partial(_load_pretrained, run, _pretrained(run, config, data, status))
    assembly = assemble(
        config, profile(config, data), keep_random_weights if resume else load_weights
    )
    pixels = int(data.train.areas.sum())
    steps = config.steps or steps_per_epoch(pixels, config.batch, config.recipe.patch.size)
    epochs, offset = restore(run, assembly.compiled) if resume else (0, 0)
    if resume and not (epochs or offset):
        load_weights(assembly.network, assembly.spec)  # it was killed before it had left a state
    if (run.folder / CARD_FILE).is_file():
        # The card counts: a process may have been killed after keeping weights, before its status.
        kept = read_card(run.folder).training
        status(best_epoch=kept.epoch, best_mean_iou=kept.scores["val"]["mean_iou"] or 0.0)
    seconds = seconds_in_epoch(run) if offset else 0.0
    state = EpochState(steps, config.epochs, offset, seconds)
    state.spent = time.monotonic() - start if config.pretrain_epochs else 0.0
    loop = TrainingLoop(run, config, status, data, assembly, state)
    traced = "Starting the first step (the graph is traced)."
    status(message=traced, epoch=epochs, steps=steps)
    with _vanished_files_named(data.dataset):
        loop.run_epochs(epochs)
        return finish(
            run,
            data,
            status,
            stop_reason=state.stop_reason,
            stopped_early=state.stopped_early,
        )


@contextmanager
def _vanished_files_named(dataset: Dataset) -> Iterator[None]:
    """Name the files that were there when the training began, and are not any more.

    To a reader of one file it was never there.
    """
    try:
        yield
    except (DatasetError, ImageError) as error:
        files = [f for sample in dataset.samples for f in (sample.image, sample.mask) if f]
        lost = [file for file in files if not file.exists()]
        if not lost:
            raise
        whole = not dataset.root.is_dir()
        verb = "has" if len(lost) == 1 else "have"
        raise DatasetError(
            "the dataset has vanished"
            if whole
            else f"{counted(len(lost), 'file')} {verb} vanished",
            where=str(dataset.root if whole else lost[0]),
            remedy="bring it back (is its disk still there?), then continue with Resume",
        ) from error


def _load_initial_weights(
    run: Run,
    config: TrainConfig,
    data: TrainingData,
    status: StatusWriter,
    network: keras.Model,
    spec: ModelSpec,
) -> None:
    """Give the network its initial weights, and note in the run what they are."""
    notes = load_initial_weights(network, spec, config, data, status, lambda: check_stop(run))
    if notes:
        status(message=notes)
        print(notes, file=sys.stderr)  # in the run's log
        write_initial_weights(run, InitialWeights(notes=notes, weights=data.normalisation.weights))


def _pretrained(
    run: Run, config: TrainConfig, data: TrainingData, status: StatusWriter
) -> Pretrained:
    """Let a network learn from images alone: those that train, and those without masks."""

    def reading(done: int, total: int) -> None:
        status(message=f"Reading images for the inpainting: {done} of {total}.")
        check_stop(run)

    held_out = data.digests[len(data.split.train) :]
    unlabelled = unlabelled_samples(data.dataset, data.split, held_out)
    images = ImageStore(data.train, unlabelled, data.train.memory)
    images.survey(reading)
    with _vanished_files_named(data.dataset):
        pretrained = pretrain(run, config, images, data.normalisation, status)
    gc.collect()  # its network and optimizer hold each other
    return pretrained


def _load_pretrained(
    run: Run, pretrained: Pretrained, network: keras.Model, spec: ModelSpec
) -> None:
    """Give the network what inpainting has left, and note it in the run."""
    pretrained.put_into(network, spec)
    notes = pretrained.sentence()
    print(notes, file=sys.stderr)  # in the run's log
    write_initial_weights(run, InitialWeights(notes=notes))


def _check(run: Run, config: TrainConfig, data: TrainingData) -> None:
    """Check what only the pixels show, and once more what was checked before there was a run."""
    dataset, split = data.dataset, data.split
    check_config(config, dataset, split)
    some = [data.train[i] for i in range(0, len(data.train), max(1, len(data.train) // _LOOKED_AT))]
    if words := value_range_warning(data.normalisation, some):
        print(f"warning: {words}", file=sys.stderr)  # in the run's log
    names = dataset.classes.names
    counts = dict(zip(names, data.counts.tolist(), strict=True))
    if absent_classes(counts):
        present = classes_present(dataset, split, lambda *_: check_stop(run))
        if present is not None:
            check_presence(config, dataset, split, present)
            if lacking := absent_everywhere(config, dataset, present):
                print(f"warning: {cannot_learn(lacking)}", file=sys.stderr)  # in the run's log
        if not data.train.resident:
            # They are of a part of the samples, and the others may have what those lack.
            there = set(names) if present is None else {n for i in split.train for n in present[i]}
            counts = {n: count or int(n in there) for n, count in counts.items()}
    check_counts(config, counts)
