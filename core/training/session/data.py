"""Reading what a run trains and validates on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from core.datasets.batches.feed import check_photometric
from core.datasets.batches.fit_normalisation import fit_normalisation
from core.datasets.batches.labelled_image import check_alike, class_counts
from core.datasets.batches.sample_store import SampleStore
from core.datasets.catalogue import find_dataset
from core.datasets.identity import mask_digests, sample_digests
from core.datasets.recipes.apply import prepared
from core.datasets.recipes.splits import split_samples
from core.errors import ConfigError
from core.imagery.header import Header, read_header
from core.models.training_imagery import TrainingImagery
from core.training.checks.checks import one_image
from core.training.checks.class_weights import check_class_weights
from core.training.config import TrainConfig
from core.training.session.data_record import (
    DataRecord,
    check_classes,
    check_pixels,
    split_of_record,
)
from core.training.session.initial_weights import InitialWeights, normalisation_for_initial_weights
from core.training.session.training_data import DataProfile, TrainingData

__all__ = ["TRAIN_MEMORY", "load_data", "profile"]

TRAIN_MEMORY = 4 * 1024**3
"""Bytes of decoded training samples that are held."""

_VAL_MEMORY = 1024**3  # bytes of decoded validation samples held
_HEADERS = 64  # files asked for the size of a pixel and the meaning of the bands


def load_data(
    config: TrainConfig,
    progress: Callable[[str, int, int], None],
    initial_weights: InitialWeights | None = None,
    record: DataRecord | None = None,
    *,
    train_memory: int = TRAIN_MEMORY,
) -> TrainingData:
    """Open the dataset, split it, and fit the normalisation to the training samples.

    Args:
        config: configuration, with its dataset and recipe.
        progress: called after every image with what is being read (``training``, ``validation``),
            how many are read, and of how many; what it raises ends the reading.
        initial_weights: what the run began with, where it has begun.
        record: what data the run began with, where it has begun: its samples stay on their sides,
            and its normalisation is kept.
        train_memory: bytes of decoded training samples that are held.

    Raises:
        ConfigError: the recipe, the split or the normalisation does not fit the dataset.
        DatasetError: a mask does not fit, images differ, or the dataset is another than that of
            `record`.
        ImageError: an image cannot be read.
    """
    # One that the run began with is checked for what it trains on: the rest may be gone.
    opened = find_dataset(config.dataset)
    dataset = prepared(opened, config.recipe, own=record is not None)
    # Void regions that do not hold any more are no reason to end, and are to be seen.
    notes = [n.text for n in dataset.notes if n not in opened.notes and n.severity == "warning"]
    changes = " ".join(notes)
    if record is None:
        split = split_samples(dataset.samples, config.recipe.split)
    else:
        check_classes(record, dataset)
        split, others = split_of_record(record, dataset)
        changes = " ".join(filter(None, (changes, others)))
    if not split.val:
        raise ConfigError(
            "there is nothing to validate on",
            remedy="give the split a share for val above 0" + one_image(dataset, config),
        )
    sides = [
        SampleStore(dataset, [dataset.sample(i) for i in ids], memory)
        # Training keeps what it can; the others are gone through once an epoch.
        for ids, memory in (
            (split.train, train_memory),
            (split.val, _VAL_MEMORY),
            (split.test, 0),
        )
    ]
    train, val, test = sides

    seen = train.survey(partial(progress, "training"))
    by_class = config.recipe.patch.rare or config.recipe.augmentation.copy_paste
    if by_class and not train.resident:
        train.class_pixels(partial(progress, "training"))  # or the first batch would wait for it
    bands = seen[0].pixels.shape[-1]
    if record is None:
        normalisation = normalisation_for_initial_weights(
            config, fit_normalisation(config.recipe, seen), bands, initial_weights
        )
    else:
        check_pixels(record, str(seen[0].pixels.dtype), bands, seen[0].id)
        normalisation = record.normalisation
    check_photometric(config.recipe, normalisation, seen[0], decibel=dataset.decibel)
    file_bands = 0
    if dataset.bands:
        whole = replace(dataset, bands=()).load_image(train.samples[0])
        file_bands = whole.pixels.shape[-1]
    counts = class_counts(seen, len(dataset.classes))
    # An unusable validation image ends the training now, not after the first epoch.
    for done, image in enumerate(val):
        check_alike(seen[0], image)
        progress("validation", done + 1, len(val))
    # Before gaps are filled: they are no values of the images.
    imagery = TrainingImagery.of(
        ((image.pixels, image.valid) for image in seen), _headers(train), dataset.bands
    )
    train.fill_gaps(normalisation)
    val.fill_gaps(normalisation)
    pixels = seen[0].pixels
    used = [sample for side in sides for sample in side.samples]
    return TrainingData(
        dataset=dataset,
        split=split,
        train=train,
        val=val,
        test=test,
        normalisation=normalisation,
        file_bands=file_bands,
        counts=counts,
        dtype=str(pixels.dtype),
        bands=bands,
        digests=sample_digests(used),
        mask_digests=mask_digests(used),
        imagery=imagery,
        changes=changes,
    )


def _headers(store: SampleStore) -> list[Header]:
    """Headers of some of the samples, evenly spread."""
    step = -(-len(store) // _HEADERS)
    return [read_header(sample.image) for sample in store.samples[::step]]


def profile(config: TrainConfig, data: TrainingData) -> DataProfile:
    """What the network and the loss of a training are made for.

    Raises:
        ConfigError: the recipe's class weights do not fit the dataset's classes.
    """
    names = data.dataset.classes.names
    check_class_weights(config, names)
    factors = [config.recipe.class_weights.get(name, 1.0) for name in names]
    return DataProfile(bands=data.bands, counts=data.counts, factors=factors)
