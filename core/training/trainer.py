"""One training from configuration to model card."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from core.datasets.catalogue import find_dataset
from core.datasets.crops import (
    LabelledImage,
    class_counts,
    load_samples,
    without_gaps,
)
from core.datasets.dataset import Dataset
from core.datasets.feed import check_photometric, training_feed
from core.datasets.fitting import fitted
from core.datasets.prepared import prepared
from core.datasets.splits import Split, split_samples
from core.device import resolve_precision, tensorflow
from core.errors import ConfigError, DSIError, ModelError, RunError
from core.evaluation.evaluate import Evaluation, pooled
from core.imagery.normalise import Normalisation
from core.inference.predictor import Predictor
from core.models.card import CARD_FILE, WEIGHTS_FILE, ModelCard, Training
from core.models.spec import UNetSpec
from core.models.store import build_model, find_model, load_model, read_card, save_model
from core.paths import disk_errors, write_json
from core.settings import remedy_for
from core.training.config import TrainConfig
from core.training.estimate import steps_per_epoch
from core.training.losses import class_weights, segmentation_loss
from core.training.reporting import check_space, checkpointer, reporter, restore, validator
from core.training.runs import Run, Status, process_start

try:
    import fcntl
except ImportError:  # Windows has none; there only the process number in the status tells.
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    import keras

__all__ = ["train"]


@dataclass(frozen=True)
class _Data:
    dataset: Dataset
    split: Split
    train: list[LabelledImage]
    val: list[LabelledImage]
    normalisation: Normalisation
    file_bands: int


class _StatusWriter:
    """The run's status; calling it changes fields and writes them."""

    def __init__(self, run: Run, status: Status) -> None:
        self._run = run
        self.now = status

    def __call__(self, **fields: Any) -> Status:
        if fields:
            self.now = self.now.model_copy(update=fields)
            self._run.write_status(self.now)
        return self.now


def train(run: Run, *, resume: bool = False) -> ModelCard:
    """Train what `run`'s configuration says, in this process, and leave a model in its folder.

    Args:
        run: made by `create_run`, or one that ended early.
        resume: continue from its last whole epoch.

    Raises:
        DSIError: whatever a user can cause; the run is marked failed with that message.
    """
    config = run.config()
    with _locked(run):
        return _attempt(run, config, resume)


def _attempt(run: Run, config: TrainConfig, resume: bool) -> ModelCard:
    before = run.status()
    if before.alive and before.pid not in (None, os.getpid()):
        raise _running(run)
    if resume and not run.resumable:
        raise RunError(
            f"the run {run.name!r} left nothing to continue from",
            remedy="it ended before its first epoch did: start a new run",
        )
    if not resume and before.state != "starting":
        raise RunError(
            f"the run {run.name!r} has ended: {before.state}",
            remedy="continue it with --resume, or choose another name",
        )
    if before.state != "starting":
        # One that is starting may have been asked to stop already.
        run.stop_file.unlink(missing_ok=True)
    status = _StatusWriter(
        run,
        before.model_copy(
            update={
                "state": "running",
                "message": "Reading the dataset.",
                "pid": os.getpid(),
                "process_start": process_start(os.getpid()),
                "epochs": config.epochs,
                "images_per_second": None,
                "seconds_left": None,
            }
        ),
    )
    try:
        status(message="Reading the dataset.")
        with _stop_on_sigterm(run), _policy_restored():
            return _train(run, config, status, resume)
    except _Stopped as error:
        status(state="stopped", message=f"{error}.", seconds_left=None)
        raise
    except DSIError as error:
        status(state="failed", message=f"{error}.", seconds_left=None)
        raise
    except KeyboardInterrupt:
        status(state="stopped", message="Interrupted from the keyboard.", seconds_left=None)
        raise
    except BaseException as error:
        reason = _plain(error)
        _log_crash(run)
        status(state="failed", message=reason, seconds_left=None)
        raise RunError("the training failed", where=run.name, remedy=reason) from error


class _Stopped(RunError):
    """It was asked to stop before there was anything to keep."""


def _running(run: Run) -> RunError:
    return RunError(f"the run {run.name!r} is running", remedy="wait for it, or stop it first")


@contextmanager
def _locked(run: Run) -> Iterator[None]:
    """Keep other processes from training the same run; a process that dies lets go by itself."""
    with disk_errors(run.lock_file):
        file = run.lock_file.open("ab")
    with file:
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise _running(run) from error
            except OSError:
                pass  # some network disks have no locks
        yield


def _log_crash(run: Run) -> None:
    """Print the traceback; where that does not go to the run's log, add it there too."""
    traceback.print_exc()
    with suppress(OSError, ValueError, AttributeError):  # stderr need not be a file
        if os.path.samestat(os.fstat(sys.stderr.fileno()), run.log.stat()):
            return
    with suppress(OSError), run.log.open("a", encoding="utf-8") as log:
        log.write(traceback.format_exc())


def _check_stop(run: Run) -> None:
    if run.stop_file.exists():
        raise _Stopped("stopped before the first step, as you asked", where=run.name)


@contextmanager
def _stop_on_sigterm(run: Run) -> Iterator[None]:
    """`kill` and a container's shutdown stop a training as its button does."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    before = signal.signal(signal.SIGTERM, lambda *_: run.request_stop())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _policy_restored() -> Iterator[None]:
    """Leave Keras' precision, which is global, as it was."""
    tensorflow()
    import keras

    policy = keras.config.dtype_policy()
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)


def _plain(error: BaseException) -> str:
    """Why a training crashed, in one sentence."""
    name = type(error).__name__
    if isinstance(error, MemoryError) or name == "ResourceExhaustedError":
        return "It ran out of memory: choose a smaller batch, crop or width."
    first = str(error).strip().splitlines()[0] if str(error).strip() else "no further message"
    return f"It crashed with {name}: {first[:300]} (the log has the details)."


def _train(run: Run, config: TrainConfig, status: _StatusWriter, resume: bool) -> ModelCard:
    import keras

    keras.utils.set_random_seed(config.seed)
    data = _load(run, config, status)
    status(message="Building the network.")
    keras.config.set_dtype_policy(resolve_precision(config.precision))
    spec = _spec(config, data)
    if config.recipe.patch.size % spec.multiple:
        raise ConfigError(
            f"crops of {config.recipe.patch.size} px do not fit a network that needs multiples "
            f"of {spec.multiple}",
            remedy=f"choose a crop size that is a multiple of {spec.multiple}, or a smaller depth",
        )
    counts = class_counts(data.train, spec.classes)
    if not counts.any():
        raise ConfigError(
            "every training mask is void",
            remedy="check the class table with `audit`, or put labelled samples in the training "
            "split",
        )
    absent = [n for n, c in zip(data.dataset.classes.names, counts, strict=True) if not c]
    if absent:
        # In the run's log; the Data page says it before the launch.
        print(
            f"warning: no training sample has a pixel of {', '.join(absent)}: the network cannot "
            "learn that; choose another split, or add samples",
            file=sys.stderr,
        )
    model = build_model(spec)
    if config.start_from and not resume:
        _begin_with(config.start_from, model, spec, data)
    pixels = sum(image.labels.size for image in data.train)
    steps = config.steps or steps_per_epoch(pixels, config.batch, config.recipe.patch.size)
    _compile(model, config, steps, counts)
    predictor = Predictor(
        model, data.normalisation, multiple=spec.multiple, dtype=str(data.train[0].pixels.dtype)
    )
    done = restore(run, model) if resume else 0
    keeper = _Keeper(run, config, data, spec, model)
    if (run.folder / CARD_FILE).is_file():
        # The card is what counts: a killed process may have kept weights without a word.
        kept = read_card(run.folder).training
        status(best_epoch=kept.epoch, best_mean_iou=kept.scores["val"]["mean_iou"] or 0.0)
    report = reporter(run, status, config.batch, config.limit_minutes)
    state, mark = checkpointer(run, lambda: report.partial)
    callbacks = [
        # Before the average is swapped in: what is resumed from are the raw weights.
        state,
        *([keras.callbacks.SwapEMAWeights(swap_on_epoch=True)] if config.ema else []),
        validator(
            run,
            status,
            lambda: pooled(predictor, data.val),
            data.dataset.classes.names,
            keeper.keep,
        ),
        mark,  # not before its weights are kept
        report,
    ]
    # Another stream of crops after a resume: the first epochs' crops need not come again.
    feed = training_feed(
        data.train, config.recipe, data.normalisation, config.batch, config.seed + done
    )
    status(message="Starting the first step (the graph is traced).", epoch=done, steps=steps)
    if done < config.epochs:
        _check_stop(run)
        model.fit(
            feed,
            epochs=config.epochs,
            initial_epoch=done,
            steps_per_epoch=steps,
            callbacks=callbacks,
            shuffle=False,  # the crops are random; Keras warns where this is left out
            verbose=0,
        )
    return _finish(run, data, status, report.stopped)


def _begin_with(name: str, model: keras.Model, spec: UNetSpec, data: _Data) -> None:
    """Give the network the weights of another model.

    Raises:
        ModelError: there is no such model, or it is another network.
        ConfigError: it was trained on what is held out now, and scores would come out too good.
    """
    first, card = load_model(find_model(name).folder)
    if card.spec != spec:
        raise ModelError(
            "the model to start from is another network",
            where=name,
            remedy="choose the same architecture settings, bands and classes as its card has",
        )
    held_out = {*data.split.val, *data.split.test}
    if card.training.dataset == data.dataset.name and (seen := held_out & {*card.training.train}):
        raise ConfigError(
            f"{len(seen)} samples that are held out now were trained on by the model to start from",
            where=min(seen),
            remedy="use the split and the seed that model was trained with",
        )
    model.set_weights(first.get_weights())


def _spec(config: TrainConfig, data: _Data) -> UNetSpec:
    """The network for this dataset's bands and classes."""
    found = {"bands": data.train[0].pixels.shape[-1], "classes": len(data.dataset.classes)}
    try:
        return UNetSpec.model_validate(config.model.model_dump() | found)
    except ValidationError as error:
        raise ConfigError(
            "the network does not fit the dataset",
            where=data.dataset.name,
            remedy=remedy_for(error),
        ) from error


def _load(run: Run, config: TrainConfig, status: _StatusWriter) -> _Data:
    dataset = prepared(find_dataset(config.dataset), config.recipe)
    split = split_samples(dataset.samples, config.recipe.split)
    if not split.val:
        raise ConfigError(
            "there is nothing to validate on", remedy="give the split a share for val above 0"
        )

    def load(ids: tuple[str, ...], what: str) -> list[LabelledImage]:
        def say(done: int, total: int) -> None:
            status(message=f"Reading {what} images: {done} of {total}.")
            _check_stop(run)

        return load_samples(dataset, [dataset.sample(i) for i in ids], say)

    training = load(split.train, "training")
    validation = load(split.val, "validation")
    normalisation = fitted(config.recipe, training)
    check_photometric(config.recipe, normalisation, training[0])
    training, validation = (without_gaps(s, normalisation) for s in (training, validation))
    file_bands = 0
    if dataset.bands:
        whole = replace(dataset, bands=()).load_image(dataset.sample(split.train[0]))
        file_bands = whole.pixels.shape[-1]
    return _Data(dataset, split, training, validation, normalisation, file_bands)


def _compile(model: keras.Model, config: TrainConfig, steps: int, counts: np.ndarray) -> None:
    import keras

    total = steps * config.epochs
    warm = max(1, round(total * config.warmup))
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=config.learning_rate * 0.01,
        decay_steps=max(1, total - warm),
        alpha=0.01,
        warmup_target=config.learning_rate,
        warmup_steps=warm,
    )
    average = {"use_ema": True, "ema_momentum": config.ema} if config.ema else {}
    optimizer = keras.optimizers.AdamW(
        schedule, weight_decay=config.weight_decay, clipnorm=5.0, **average
    )
    # Decay pulls at kernels; offsets and normalisation scales are left alone, as usual.
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    model.compile(
        optimizer,
        segmentation_loss(config.loss, class_weights(counts, config.loss.balance)),
        metrics=[
            keras.metrics.MeanIoU(
                len(counts), name="mean_iou", ignore_class=255, sparse_y_pred=False
            )
        ],
    )
    optimizer.build(model.trainable_variables)


class _Keeper:
    """Writes the weights that are in the model as the run's best, with a card."""

    def __init__(
        self, run: Run, config: TrainConfig, data: _Data, spec: UNetSpec, model: keras.Model
    ) -> None:
        import keras

        self.run, self.config, self.data, self.spec, self.model = run, config, data, spec, model
        # The same layers without the optimizer, whose state is no part of a model.
        self.bare = keras.Model(model.inputs, model.outputs, name=model.name)

    def keep(self, epoch: int, summary: dict[str, Any]) -> None:
        check_space(self.run, self.model)
        # A new name each time: a resumed epoch must not write over the weights of the card.
        name = f"best-{epoch:04d}-{time.time_ns():x}.weights.h5"
        save_model(self.bare, self.run.folder, name, self._card(epoch, summary, name))
        for old in self.run.folder.glob("*.weights.h5"):
            if old.name != name:
                old.unlink()

    def _card(
        self, epoch: int, summary: dict[str, Any], weights: str
    ) -> Callable[[str], ModelCard]:
        split = self.data.split
        # Of all epochs so far, those before a resume included.
        seconds = sum(
            record["seconds"] + record["validation_seconds"]
            for record in self.run.metrics()
            if record["kind"] == "epoch"
        )

        def card(sha256: str) -> ModelCard:
            return ModelCard(
                name=self.run.name,
                spec=self.spec,
                classes=self.data.dataset.classes,
                dtype=str(self.data.train[0].pixels.dtype),
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
                ),
                weights=weights,
                sha256=sha256,
                parameters=self.model.count_params(),
            )

        return card


def _finish(run: Run, data: _Data, status: _StatusWriter, stopped: str) -> ModelCard:
    """Score the kept weights on the test samples and give them their lasting name."""
    model, card = load_model(run.folder)
    scored = dict(card.training.scores)
    if data.split.test:
        status(message="Scoring the best checkpoint on the test samples.", seconds_left=None)
        # The samples come with the recipe's bands already.
        predictor = Predictor(
            model, card.normalisation, multiple=card.spec.multiple, dtype=card.dtype
        )
        test: Evaluation = pooled(predictor, _test_images(data))
        scored["test"] = test.summary(card.classes.names)
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
        message=f"{f'Stopped {stopped}' if stopped else 'Finished'}; kept {best}.",
        seconds_left=None,
    )
    return made


def _test_images(data: _Data) -> Iterator[LabelledImage]:
    for sample_id in data.split.test:
        yield from load_samples(data.dataset, [data.dataset.sample(sample_id)])
