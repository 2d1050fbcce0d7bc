"""One sitting of a training: data and network made, fitted, and the best model kept."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from core.datasets.feed import training_feed
from core.device import resolve_precision
from core.errors import ConfigError, ModelError
from core.evaluation.evaluate import pooled
from core.inference.predictor import Predictor
from core.models.card import CARD_FILE, ModelCard
from core.models.spec import UNetSpec
from core.models.store import build_model, find_model, load_model, read_card
from core.settings import remedy_for
from core.training.config import TrainConfig
from core.training.data import TrainingData, load_data
from core.training.estimate import steps_per_epoch
from core.training.keeper import Keeper, finish
from core.training.losses import class_weights, segmentation_loss
from core.training.progress import StatusWriter, check_stop
from core.training.reporting import checkpointer, reporter, restore, validator
from core.training.runs import Run

if TYPE_CHECKING:
    import keras

__all__ = ["run_session"]


def run_session(run: Run, config: TrainConfig, status: StatusWriter, resume: bool) -> ModelCard:
    import keras

    keras.utils.set_random_seed(config.seed)
    data = load_data(run, config, status)
    status(message="Building the network.")
    keras.config.set_dtype_policy(resolve_precision(config.precision))
    spec = _spec(config, data)
    if config.recipe.patch.size % spec.multiple:
        raise ConfigError(
            f"crops of {config.recipe.patch.size} px do not fit a network that needs multiples "
            f"of {spec.multiple}",
            remedy=f"choose a crop size that is a multiple of {spec.multiple}, or a smaller depth",
        )
    counts = data.counts
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
    pixels = int(data.train.areas.sum())
    steps = config.steps or steps_per_epoch(pixels, config.batch, config.recipe.patch.size)
    _compile(model, config, steps, counts)
    predictor = Predictor(model, data.normalisation, multiple=spec.multiple, dtype=data.dtype)
    done = restore(run, model) if resume else 0
    keeper = Keeper(run, config, data, spec, model)
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
        check_stop(run)
        model.fit(
            feed,
            epochs=config.epochs,
            initial_epoch=done,
            steps_per_epoch=steps,
            callbacks=callbacks,
            shuffle=False,  # the crops are random; Keras warns where this is left out
            verbose=0,
        )
    return finish(run, data, status, report.stopped)


def _begin_with(name: str, model: keras.Model, spec: UNetSpec, data: TrainingData) -> None:
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


def _spec(config: TrainConfig, data: TrainingData) -> UNetSpec:
    """The network for this dataset's bands and classes."""
    found = {"bands": data.bands, "classes": len(data.dataset.classes)}
    try:
        return UNetSpec.model_validate(config.model.model_dump() | found)
    except ValidationError as error:
        raise ConfigError(
            "the network does not fit the dataset",
            where=data.dataset.name,
            remedy=remedy_for(error),
        ) from error


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
