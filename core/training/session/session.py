"""One sitting of a training: data and network made, fitted, and the best model kept."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from core.datasets.batches.feed import training_feed
from core.datasets.dataset import Dataset
from core.device import resolve_precision, tensorflow
from core.errors import DatasetError, DSIError, ImageError
from core.evaluation.evaluate import evaluate_images
from core.inference.predictor import Predictor
from core.models.card import CARD_FILE, ModelCard
from core.models.spec import ModelSpec
from core.models.store import build_model, read_card
from core.training.callbacks.checkpointer import checkpointer, restore
from core.training.callbacks.rates import rate_setter, thaw
from core.training.callbacks.reporter import reporter
from core.training.callbacks.step_counter import StepCounter
from core.training.callbacks.validator import validator
from core.training.checks.checks import absent_classes, check_config, check_counts, network_of
from core.training.checks.presence import (
    absent_everywhere,
    cannot_learn,
    check_presence,
    classes_present,
)
from core.training.checks.steps import steps_per_epoch
from core.training.config import TrainConfig
from core.training.runs.run import Run
from core.training.runs.sample_scores import all_of, by_sample
from core.training.runs.status_writer import StatusWriter, check_stop
from core.training.runs.timelapse import TimelapseWriter
from core.training.schedules import stale_epochs
from core.training.session.best_model import BestModelSaver, finish
from core.training.session.data import class_factors, load_data
from core.training.session.initial_weights import (
    InitialWeights,
    load_initial_weights,
    read_initial_weights,
    write_initial_weights,
)
from core.training.session.training_data import TrainingData
from core.training.step.compile import compile_model
from core.training.step.replicas import mirrored, synchronise

__all__ = ["run_session"]


def run_session(run: Run, config: TrainConfig, status: StatusWriter, resume: bool) -> ModelCard:
    import keras

    # Before anything is computed: the processor cannot be divided afterwards.
    strategy = mirrored(config.replicas, config.batch)
    keras.utils.set_random_seed(config.seed)

    def reading(what: str, done: int, total: int) -> None:
        status(message=f"Reading {what} images: {done} of {total}.")
        check_stop(run)

    data = load_data(config, reading, read_initial_weights(run) if resume else None)
    status(message="Building the network.")
    keras.config.set_dtype_policy(resolve_precision(config.precision))
    spec = network_of(config, data.bands, len(data.dataset.classes))
    if run.saved() is None:
        _check(run, config, data)
    with strategy.scope():
        model = build_model(spec)
        if not resume:
            _begin(run, model, spec, config, data, status)
        if strategy.num_replicas_in_sync > 1:
            synchronise(model)
        compiled = compile_model(model, spec, config, data.counts, class_factors(config, data))
    pixels = int(data.train.areas.sum())
    steps = config.steps or steps_per_epoch(pixels, config.batch, config.recipe.patch.size)
    step_counter = StepCounter(steps, config.epochs)
    epochs, step_counter.offset = restore(run, compiled) if resume else (0, 0)
    if resume and not int(compiled.optimizer.iterations):
        _begin(run, model, spec, config, data, status)  # it was killed before it had left a state
    if (run.folder / CARD_FILE).is_file():
        # The card is what counts: a killed process may have kept weights and not said so.
        kept = read_card(run.folder).training
        status(best_epoch=kept.epoch, best_mean_iou=kept.scores["val"]["mean_iou"] or 0.0)
    fit = _Fit(run, config, status, data, spec, model, compiled, step_counter)
    status(message="Starting the first step (the graph is traced).", epoch=epochs, steps=steps)
    with _vanishing(data.dataset):
        fit(epochs)
        return finish(run, data, status, stopped=fit.report.stopped, early=fit.report.early)


@contextmanager
def _vanishing(dataset: Dataset) -> Iterator[None]:
    """Say of files that were there when the training began, and are not any more, that they went.

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
        raise DatasetError(
            "the dataset has vanished" if whole else f"{len(lost)} file(s) have vanished",
            where=str(dataset.root if whole else lost[0]),
            remedy="bring it back (is its disk still there?), then continue with Resume",
        ) from error


def _begin(
    run: Run,
    model: Any,
    spec: ModelSpec,
    config: TrainConfig,
    data: TrainingData,
    status: StatusWriter,
) -> None:
    notes = load_initial_weights(model, spec, config, data, status, lambda: check_stop(run))
    if notes:
        status(message=notes)
        print(notes, file=sys.stderr)  # in the run's log
        write_initial_weights(run, InitialWeights(notes=notes, weights=data.normalisation.weights))


class _Fit:
    """Keras' `fit`, with the callbacks that watch it."""

    def __init__(
        self,
        run: Run,
        config: TrainConfig,
        status: StatusWriter,
        data: TrainingData,
        spec: ModelSpec,
        model: Any,
        compiled: Any,
        step_counter: StepCounter,
    ) -> None:
        self.run, self.config, self.data, self.spec = run, config, data, spec
        self.model, self.compiled, self.step_counter = model, compiled, step_counter
        predictor = Predictor(model, data.normalisation, multiple=spec.multiple, dtype=data.dtype)
        ids = [sample.id for sample in data.val.samples]
        timelapse = TimelapseWriter(run, ids, data.dataset.classes, config.timelapse)
        names = data.dataset.classes.names
        keeper = BestModelSaver(run, config, data, spec, model, compiled)
        scored = by_sample(names, keeper.by_sample)
        self.validate = validator(
            run,
            status,
            lambda epoch: evaluate_images(predictor, data.val, all_of(timelapse.of(epoch), scored)),
            names,
            keeper.keep,
            lambda: self.report.partial,
        )
        self.report = reporter(
            run, status, step_counter, config.batch, config.limit_minutes, lambda: self.stale
        )

    @property
    def stale(self) -> bool:
        """Whether the validation has not improved for as long as the configuration allows."""
        patience = self.config.early_stopping
        return bool(patience) and stale_epochs(self.validate.scores) >= patience

    def __call__(self, epochs: int) -> None:
        """Train from that epoch, of which the sitting's offset is done, to the end."""
        if epochs >= self.step_counter.epochs:
            return
        if self.stale:
            self.report.early = True  # that is how it had ended, before it was killed
            return
        check_stop(self.run)
        if self.step_counter.offset:
            self._fit(epochs, epochs + 1, self.step_counter.steps - self.step_counter.offset)
            if self.compiled.stop_training:
                return
            self.step_counter.offset = 0
            # `fit` ends with the averages in place of the trained weights.
            epochs, _ = restore(self.run, self.compiled)
        if epochs < self.step_counter.epochs:
            self._fit(epochs, self.step_counter.epochs, self.step_counter.steps)

    def _fit(self, first: int, last: int, steps: int) -> None:
        failed: list[DSIError | MemoryError] = []
        # Another stream of crops after a resume: the first epochs' crops need not come again.
        seed = self.config.seed + int(self.compiled.optimizer.iterations)
        feed = training_feed(
            self.data.train,
            self.config.recipe,
            self.data.normalisation,
            self.config.batch,
            seed,
            failed,
        )
        try:
            self.compiled.fit(
                feed,
                epochs=last,
                initial_epoch=first,
                steps_per_epoch=steps,
                callbacks=self._callbacks(),
                shuffle=False,  # the crops are random; Keras warns where this is left out
                verbose=0,
            )
        except tensorflow().errors.OpError as error:
            if failed:  # what stopped the feed, not what TensorFlow makes of it
                raise failed[0] from error
            raise

    def _callbacks(self) -> list[Any]:
        import keras

        state, mark = checkpointer(self.run, self.step_counter, lambda: self.report.partial)
        frozen = []
        if self.config.freeze_encoder:
            from core.models.architectures.blocks import encoder_layers

            layers = encoder_layers(self.model, self.spec)
            frozen = [thaw(layers, self.config.freeze_encoder)]
        return [
            *frozen,
            rate_setter(self.config, self.step_counter, lambda: self.validate.scores),
            # Before the average is swapped in: what is resumed from are the raw weights.
            state,
            *([keras.callbacks.SwapEMAWeights(swap_on_epoch=True)] if self.config.ema else []),
            self.validate,
            mark,  # not before its weights are kept
            *self._tensorboard(),
            self.report,
        ]

    def _tensorboard(self) -> list[Any]:
        import keras

        if not self.config.tensorboard:
            return []
        folder = self.run.folder / "tensorboard"
        return [keras.callbacks.TensorBoard(str(folder), write_graph=False, update_freq="epoch")]


def _check(run: Run, config: TrainConfig, data: TrainingData) -> None:
    """What only the pixels tell, and once more what was checked before there was a run."""
    dataset, split = data.dataset, data.split
    check_config(config, dataset, split)
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
