"""What is to be evaluated: the dataset as the model has it, its samples, and what is said of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.datasets.catalogue import find_dataset
from core.datasets.dataset import Dataset, Sample
from core.datasets.identity import mask_digests, sample_digests
from core.datasets.recipes.apply import with_mask_values, with_void
from core.datasets.void.regions import VoidRegions
from core.datasets.void.store import regions_digest
from core.errors import DatasetError
from core.evaluation.evaluate import apply_card_recipe, samples_of_split
from core.evaluation.kept.record import (
    EvaluatedSample,
    EvaluationOptions,
    EvaluationRecord,
    SplitSide,
)
from core.evaluation.kept.store import KeptEvaluation
from core.evaluation.kept.truth import Misfit, MisfitMasks, list_misfits
from core.evaluation.match_classes import match_classes
from core.evaluation.trained_on import seen_in_training
from core.formats import counted, listed_first
from core.inference.likeness import dataset_differences
from core.models.card import ModelCard
from core.models.model_input import ModelInput
from core.models.store import ModelRef, read_card

__all__ = ["EvaluationPlan", "plan_again", "plan_evaluation"]

_MOST_REMARKS = 20


@dataclass(frozen=True)
class EvaluationPlan:
    """What an evaluation scores.

    Attributes:
        record: what is kept of it, not finished.
        card: card of the model.
        dataset: the dataset with the decisions of the model's recipe.
        samples: the samples in the record's order.
        lookup: (256,) uint8, by the dataset's label the model's; None where they are the same.
    """

    record: EvaluationRecord
    card: ModelCard
    dataset: Dataset
    samples: Sequence[Sample]
    lookup: np.ndarray | None


def plan_evaluation(
    model: ModelRef,
    dataset: Dataset,
    split: SplitSide,
    options: EvaluationOptions,
    progress: Callable[[int, int], None] | None = None,
) -> EvaluationPlan:
    """Look at all that can be said before the first sample is predicted.

    Args:
        model: the model.
        dataset: dataset as opened.
        split: side of the model's split, or all labelled samples.
        options: how it is predicted and scored.
        progress: called with the number of masks that were looked at and of all.

    Raises:
        MisfitMasks: masks are of another size or grid, and the options ask.
        DatasetError: no sample is labelled, one of the side is not there, or the classes are not
            the model's.
        ConfigError: the model's recipe does not fit the dataset.
        ModelError: the model's card cannot be read.
    """
    card = read_card(model.folder)
    prepared = _with_labels(apply_card_recipe(dataset, card, split), options)
    samples = samples_of_split(prepared, card, split)
    if options.only:
        samples = _chosen(samples, options.only, str(prepared.root))
    lookup = match_classes(prepared.classes, card.classes, str(prepared.root))
    total = len(samples)
    misfits = list_misfits(prepared, samples, lambda n: progress(n, total) if progress else None)
    if misfits and options.misfits == "ask":
        raise MisfitMasks(misfits, str(prepared.root))
    left_out = tuple(m.sample for m in misfits) if options.misfits == "leave-out" else ()
    samples = [sample for sample in samples if sample.id not in left_out]
    if not samples:
        raise DatasetError(
            "no sample is left: all masks are of another size or grid than their images",
            where=str(prepared.root),
            remedy="have them brought to the image's grid, or export them again",
        )
    digests = sample_digests(samples)
    rows = zip(samples, digests, mask_digests(samples), strict=True)
    every = tuple(EvaluatedSample(id=s.id, scene=s.scene, image=i, mask=m) for s, i, m in rows)
    known = {note.text for note in dataset.notes}
    remarks = [note.text for note in prepared.notes if note.text not in known]
    remarks += _remarks(card, prepared, lookup, misfits, options)
    remarks += _seen(card, prepared, samples, digests, split)
    likeness = dataset_differences(ModelInput.of_card(card), prepared, samples)
    remarks += [f"{sample}: {difference}" for sample, difference in likeness]
    record = EvaluationRecord(
        model=model.name,
        sha256=card.sha256,
        dataset=dataset.name,
        split=split,
        options=options,
        classes=card.classes,
        samples=every,
        left_out=left_out,
        void=_void_of(prepared, samples),
        remarks=tuple(remark[:4096] for remark in remarks[:_MOST_REMARKS]),
        made=time.time(),
    )
    return EvaluationPlan(record, card, prepared, samples, lookup)


def _chosen(samples: Sequence[Sample], only: Sequence[str], where: str) -> list[Sample]:
    by_id = {sample.id: sample for sample in samples}
    gone = [sample_id for sample_id in only if sample_id not in by_id]
    if gone:
        raise DatasetError(
            f"{counted(len(gone), 'sample')} to be scored cannot be, the first is {gone[0]}",
            where=where,
            remedy="they have gone, have no mask, or are left out in the recipe of the model",
        )
    return [by_id[sample_id] for sample_id in only]


def _with_labels(dataset: Dataset, options: EvaluationOptions) -> Dataset:
    if options.mask_values:
        dataset = with_mask_values(dataset, options.mask_values)
    return dataset if options.void_regions is None else with_void(dataset, options.void_regions)


def _void_of(dataset: Dataset, samples: Sequence[Sample]) -> str:
    """Digest of the regions of these samples alone: others make no other truth."""
    regions = {s.id: dataset.void[s.id] for s in samples if s.id in dataset.void}
    return regions_digest(VoidRegions(samples=regions)) if regions else ""


def _remarks(
    card: ModelCard,
    dataset: Dataset,
    lookup: np.ndarray | None,
    misfits: Sequence[Misfit],
    options: EvaluationOptions,
) -> Iterator[str]:
    if lookup is not None:
        yield (
            "The dataset has the model's classes in another order: they were matched by name "
            f"({', '.join(dataset.classes.names)} there, {', '.join(card.classes.names)} here)."
        )
    if options.mask_values:
        pairs = [f"{value} as {meaning}" for value, meaning in options.mask_values.items()]
        yield f"Mask values outside the class table were read: {listed_first(pairs, 6)}."
    if dataset.void:
        marked = counted(len(dataset.void), "sample")
        yield f"Pixels of {marked} are void as a person has judged them (void regions of a recipe)."
    if misfits:
        done = "left out" if options.misfits == "leave-out" else "brought to the image's grid"
        verb = "were" if len(misfits) > 1 else "was"
        how = "" if options.misfits == "leave-out" else " by nearest neighbour"
        yield f"{counted(len(misfits), 'mask')} of another size or grid {verb} {done}{how}."


def _seen(
    card: ModelCard,
    dataset: Dataset,
    samples: Sequence[Sample],
    digests: Sequence[str],
    split: SplitSide,
) -> Iterator[str]:
    recipe = card.training.config.get("recipe") or {} if split != "all" else {}
    ids = [sample.id for sample in samples]
    seen = seen_in_training(ids, digests, recipe, card.training, dataset.name)
    if seen:
        yield (
            f"The model was trained on {len(seen):,} of these {counted(len(ids), 'sample')}: the "
            "scores are better than on images that it has not seen."
        )


def plan_again(kept: KeptEvaluation) -> EvaluationPlan:
    """The plan of an evaluation that was kept, with the samples as they are now.

    Raises:
        DatasetError: the dataset, or a sample of it, has gone or has changed since.
        WorkspaceError: the evaluation is damaged.
        ConfigError, ModelError: the recipe in its card does not fit any more.
    """
    record, card = kept.record(), kept.card()
    try:
        opened = find_dataset(record.dataset)
    except DatasetError as error:
        raise DatasetError(
            f"the dataset of this evaluation, {record.dataset!r}, cannot be opened: {error.what}",
            where=kept.id,
            remedy="bring it back under this name; the scores can be read without it",
        ) from error
    dataset = _with_labels(apply_card_recipe(opened, card, record.split), record.options)
    by_id = {sample.id: sample for sample in dataset.samples}
    gone = [sample.id for sample in record.samples if sample.id not in by_id]
    if gone:
        raise DatasetError(
            f"{len(gone):,} of the {counted(len(record.samples), 'sample')} of this evaluation "
            f"have gone from the dataset, the first is {gone[0]}",
            where=str(dataset.root),
            remedy="bring them back; the scores can be read without them",
        )
    samples = [by_id[sample.id] for sample in record.samples]
    if _void_of(dataset, samples) != record.void:
        raise DatasetError(
            "the void regions that this evaluation was scored with are not what they were",
            where=kept.id,
            remedy="bring their file, and the masks, back as they were; the scores can be read "
            "without them",
        )
    lookup = match_classes(dataset.classes, record.classes, str(dataset.root))
    return EvaluationPlan(record, card, dataset, samples, lookup)
