"""Score a model on whole images of a dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pydantic import ValidationError

from core.classes import VOID
from core.datasets.batches.labelled_image import LabelledImage, load_samples
from core.datasets.dataset import Dataset, Sample
from core.datasets.identity import sample_digests
from core.datasets.note import Note
from core.datasets.recipes.apply import prepared
from core.datasets.recipes.recipe import Recipe
from core.datasets.recipes.splits import SplitConfig
from core.datasets.void.store import has_regions
from core.errors import DatasetError, ModelError
from core.evaluation.confusion import confusion, scores
from core.evaluation.match_classes import match_classes
from core.evaluation.trained_on import trained_on
from core.inference.anchor import Anchor
from core.inference.predictor import Predictor
from core.models.card import ModelCard, Training
from core.settings import first_complaint

__all__ = [
    "Evaluation",
    "ImageCallback",
    "StripCallback",
    "apply_card_recipe",
    "evaluate",
    "evaluate_images",
    "samples_of_split",
]

_NAMED = 3  # samples that are named
_NO_REGIONS = Note(
    "The model was trained with void regions that are not in this workspace: the labels are scored "
    "as they lie in the files.",
    "warning",
)

StripCallback = Callable[[np.ndarray, np.ndarray], None]
"""Takes labels (h, W) uint8 of some rows, and their probabilities (h, W, K) float32."""

ImageCallback = Callable[[LabelledImage, np.ndarray, np.ndarray], None]
"""Takes an image, the labels (H, W) uint8 predicted for it and its own (K, K) int64 confusion."""


@dataclass(frozen=True)
class Evaluation:
    """Counts of an evaluation.

    Attributes:
        matrix: (K, K) int64 confusion, rows true.
        cross_entropy: mean of −ln p(true class) over labelled pixels, in nats.
        images: number of images.
    """

    matrix: np.ndarray
    cross_entropy: float
    images: int

    def summary(self, names: Sequence[str]) -> dict[str, Any]:
        """The scores, as they stand in the contract's JSON.

        Args:
            names: class names in label order.
        """
        result = scores(self.matrix)
        return {
            "images": self.images,
            "pixels": int(self.matrix.sum()),
            "mean_iou": result.mean_iou,
            "pixel_accuracy": result.pixel_accuracy,
            "per_class": result.per_class(names),
            "confusion": self.matrix.tolist(),
        }


def evaluate_images(
    predictor: Predictor,
    images: Iterable[LabelledImage],
    on_image: ImageCallback | None = None,
    on_strip: StripCallback | None = None,
) -> Evaluation:
    """Score whole images, pixels of all of them pooled.

    Args:
        predictor: predictor of K classes.
        images: labelled images, read one at a time.
        on_image: called after every image; its labels are 255 where the image has no data.
        on_strip: called with the rows of an image from top to bottom, before `on_image`.
    """
    classes = predictor.classes
    matrix = np.zeros((classes, classes), np.int64)
    nll, count = 0.0, 0
    for image in images:
        predicted = np.empty(image.labels.shape, np.uint8)
        own = np.zeros_like(matrix)
        # With the tiles of `predict`, so that both have the same labels.
        anchor = Anchor.of(image.georeference)
        for strip in predictor.strips(image.pixels, image.valid, anchor=anchor):
            rows = slice(strip.row, strip.row + len(strip.probabilities))
            truth = image.labels[rows]
            predicted[rows] = strip.probabilities.argmax(axis=-1)
            own += confusion(truth, predicted[rows], classes)
            labelled = truth != VOID
            hit = strip.probabilities[labelled, truth[labelled]]
            nll -= float(np.log(np.maximum(hit, 1e-7)).sum())
            if on_strip:
                on_strip(truth, strip.probabilities)
        matrix += own
        count += 1
        if on_image:
            predicted[~image.valid] = VOID
            on_image(image, predicted, own)
    return Evaluation(matrix, nll / max(1, int(matrix.sum())), count)


def apply_card_recipe(dataset: Dataset, card: ModelCard, split: str = "") -> Dataset:
    """The dataset with the decisions about data that the model was trained with.

    The image product is used wherever the dataset has it; exclusions, windows, blocks, void regions
    and the meaning of unknown mask values only for the dataset of the training itself, by whatever
    name or path it was opened (`trained_on`). The bands are chosen by the predictor. Void regions
    that the workspace does not have, as of a model from elsewhere, are left out, and a note says
    so.

    Args:
        dataset: dataset as opened.
        card: card of the model.
        split: ``all`` for images that are not divided into blocks.

    Raises:
        ConfigError: the recipe in the card does not fit the dataset.
        ModelError: the recipe in the card cannot be read.
    """
    content = card.training.config.get("recipe")
    if content is None:
        return dataset
    try:
        recipe = Recipe.model_validate(content)
    except ValidationError as error:
        raise ModelError(
            "the recipe in the model card cannot be read",
            where=card.name,
            remedy=f"{first_complaint(error).remedy}, or train the model again",
        ) from error
    product = recipe.product if recipe.product in dataset.products else ""
    dataset = prepared(dataset, Recipe(product=product))
    if not trained_on(dataset, card.training):
        return dataset
    changed: dict[str, Any] = {"product": product, "bands": ()}
    changed |= {"split": SplitConfig()} if split == "all" else {}
    if recipe.void_regions and not has_regions(recipe.void_regions):
        dataset = replace(dataset, notes=(*dataset.notes, _NO_REGIONS))
        changed["void_regions"] = ""
    # Its samples are known to be meant: one that is left out, or cut, may be gone since.
    return prepared(dataset, recipe.model_copy(update=changed), own=True)


def samples_of_split(dataset: Dataset, card: ModelCard, split: str) -> list[Sample]:
    """The labelled samples of a side of the split the model was trained with.

    Args:
        dataset: dataset of the samples.
        card: card of the model, which lists the samples of each side.
        split: ``all``, ``train``, ``val`` or ``test``.

    Raises:
        DatasetError: a sample of that side has no mask, is not there, or has another image than
            in the training.
    """
    labelled = [sample for sample in dataset.samples if sample.mask is not None]
    if split == "all":
        if not labelled:
            raise DatasetError(
                "no sample has a mask", where=str(dataset.root), remedy="add masks to compare with"
            )
        return labelled
    wanted = set(getattr(card.training, split))
    labelled = [sample for sample in labelled if sample.id in wanted]
    # Other datasets of the same layout have samples of the same names, but hardly all of them.
    if not labelled or len(labelled) < len(wanted):
        raise DatasetError(
            f"the dataset has {len(labelled)} of the {len(wanted)} samples on the side {split!r} "
            f"of model {card.name}",
            where=str(dataset.root),
            remedy=f"it was trained on {card.training.dataset}; for other data use --split all",
        )
    if other := _other_images(labelled, card.training):
        named = ", ".join(other[:_NAMED]) + (" …" if len(other) > _NAMED else "")
        raise DatasetError(
            f"{len(other)} of the {len(wanted)} samples on the side {split!r} of model {card.name} "
            f"have other images than in its training ({named})",
            where=str(dataset.root),
            remedy="bring back the images as they were, or use --split all",
        )
    return labelled


def _other_images(samples: Sequence[Sample], training: Training) -> list[str]:
    """Those of some samples whose images are others than in a training.

    A name says nothing of what is in a file: it may have been trained on under another one.
    """
    ids = (*training.train, *training.val, *training.test)
    if len(training.digests) != len(ids):
        return []  # cards made before 0.3 have none
    known = dict(zip(ids, training.digests, strict=True))
    pairs = zip(samples, sample_digests(samples), strict=True)
    return [s.id for s, digest in pairs if known.get(s.id) and known[s.id] != digest]


def evaluate(
    predictor: Predictor,
    card: ModelCard,
    dataset: Dataset,
    samples: Sequence[Sample],
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Score a model on samples, read one at a time.

    Args:
        predictor: predictor of the model.
        card: the model's card.
        dataset: dataset of the samples, with the model's classes; their order may be another.
        samples: labelled samples.
        progress: called with the number of samples done and of all samples.

    Raises:
        DatasetError: the dataset's classes are not the model's, or a mask does not fit.
        ImageError: an image cannot be read or is not of the model's kind.
    """
    lookup = match_classes(dataset.classes, card.classes, str(dataset.root))
    done = 0

    def count(*_: object) -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, len(samples))

    images = (_in_order(load_samples(dataset, [sample])[0], lookup) for sample in samples)
    return evaluate_images(predictor, images, count)


def _in_order(image: LabelledImage, lookup: np.ndarray | None) -> LabelledImage:
    return image if lookup is None else replace(image, labels=lookup[image.labels])
