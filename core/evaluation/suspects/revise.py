"""A recipe with what was decided about suspect labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.datasets.dataset import Dataset, Sample
from core.datasets.identity import block_of, image_digest
from core.datasets.recipes.recipe import Recipe
from core.datasets.recipes.splits import SplitConfig
from core.datasets.void.regions import VoidRegion, VoidRegions, merge_regions
from core.datasets.void.store import keep_regions, load_regions
from core.errors import ConfigError, DatasetError
from core.evaluation.kept.pictures import check_sample
from core.evaluation.kept.plan import EvaluationPlan
from core.evaluation.suspects.record import SuspectList
from core.evaluation.suspects.review import State
from core.imagery.header import read_header
from core.models.card import Training

__all__ = ["Revision", "model_recipe", "revise"]


@dataclass(frozen=True)
class Revision:
    """A recipe with the decisions in it.

    Attributes:
        recipe: to be saved as a new revision.
        regions, pixels: regions that became void, and their pixels.
        excluded: ids of the samples that the decisions leave out.
        learned: samples with a decision that the model was trained on; of the others the labels
            count for scores alone.
        fixed_split: whether the sides of the split are kept as lists, as they would be drawn anew.
    """

    recipe: Recipe
    regions: int
    pixels: int
    excluded: tuple[str, ...]
    learned: int
    fixed_split: bool


def model_recipe(training: Training, dataset: str) -> Recipe:
    """The recipe that a model was trained with; one without decisions where its card has none.

    Args:
        training: from the model's card.
        dataset: id of the dataset.
    """
    content = training.config.get("recipe")
    if content is None:
        return Recipe(name=dataset.rpartition("/")[2], dataset=dataset)
    return Recipe.model_validate(content)


def revise(
    plan: EvaluationPlan, suspects: SuspectList, decided: Sequence[State], base: Recipe
) -> Revision:
    """Put decisions into a recipe; its void regions are kept in the workspace.

    Args:
        plan: `plan_again` of the evaluation.
        suspects: its suspect labels.
        decided: `states` of them.
        base: recipe of the same dataset.

    Raises:
        ConfigError: nothing is decided, or nothing would be left to validate on.
        DatasetError: a sample has gone or has changed since, or its mask is not on its image's
            grid.
        WorkspaceError: the disk refuses.
    """
    drawn: dict[int, np.ndarray] = {}
    excluded: dict[str, None] = {}
    learned: set[int] = set()
    regions = 0
    for suspect, state in zip(suspects.suspects, decided, strict=True):
        sample = plan.samples[suspect.sample]
        if state not in ("void", "excluded"):
            continue
        if suspect.sample in suspects.seen:
            learned.add(suspect.sample)
        if state == "excluded":
            excluded[_whole_id(plan.dataset, sample)] = None
            continue
        if suspect.sample not in drawn:
            check_sample(plan.record, suspect.sample, sample)
            drawn[suspect.sample] = _blank(plan.dataset, sample)
        suspect.draw(_cut(plan.dataset, sample, drawn[suspect.sample]))
        regions += 1
    if not regions and not excluded:
        raise ConfigError(
            "nothing is accepted yet",
            where=plan.record.title,
            remedy="accept regions as void, or leave samples out",
        )
    by_id: dict[str, np.ndarray] = {}
    masks: dict[str, str] = {}
    for number, pixels in drawn.items():
        sample = plan.samples[number]
        whole = _whole_id(plan.dataset, sample)
        by_id[whole] = by_id[whole] | pixels if whole in by_id else pixels  # several blocks of one
        masks[whole] = image_digest(sample.mask) if sample.mask else ""
    own = {i: VoidRegion.of(pixels, masks[i]) for i, pixels in by_id.items() if i not in excluded}
    recipe = _with_regions(base, own)
    recipe, fixed = _without(recipe, tuple(excluded), _sides(plan, base))
    pixels_ = sum(region.pixels for region in own.values())
    return Revision(recipe, regions, pixels_, tuple(excluded), len(learned), fixed)


def _whole_id(dataset: Dataset, sample: Sample) -> str:
    """The id of the sample that a block is of."""
    whole, block = block_of(sample.id)
    return whole if block and sample.id in dataset.windows else sample.id


def _blank(dataset: Dataset, sample: Sample) -> np.ndarray:
    """No pixel of the whole mask, (H, W) bool."""
    whole = replace(dataset, windows={}, void={})
    labels = whole.read_mask(sample).labels
    header = read_header(sample.image)
    size = header.height, header.width
    if labels.shape != size:
        raise DatasetError(
            f"the mask is of {labels.shape[1]} × {labels.shape[0]} pixels, its image of "
            f"{size[1]} × {size[0]}: regions of the one are none of the other",
            where=sample.id,
            remedy="export the mask again on the image's grid, or leave the sample out",
        )
    return np.zeros(size, bool)


def _cut(dataset: Dataset, sample: Sample, whole: np.ndarray) -> np.ndarray:
    """The part of a map of the whole image that the sample is."""
    if sample.id not in dataset.windows:
        return whole
    x, y, width, height = dataset.windows[sample.id]
    return whole[y : y + height, x : x + width]


def _with_regions(base: Recipe, own: Mapping[str, VoidRegion]) -> Recipe:
    if not own:
        return base
    known = load_regions(base.void_regions) if base.void_regions else None
    digest = keep_regions(VoidRegions(samples=merge_regions(known, own)))
    return base.model_copy(update={"void_regions": digest})


def _sides(plan: EvaluationPlan, base: Recipe) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What validates and tests in the model's training, if the recipe means the same split."""
    training = plan.card.training
    known = {sample.id for sample in plan.dataset.samples}
    sides = training.val, training.test
    same = model_recipe(training, plan.record.dataset).split == base.split
    return sides if same and {*training.val, *training.test} <= known else ((), ())


def _without(
    recipe: Recipe, excluded: Sequence[str], sides: tuple[tuple[str, ...], tuple[str, ...]]
) -> tuple[Recipe, bool]:
    """The recipe without samples, the others on their sides; and whether these are lists now."""
    more = [sample for sample in excluded if sample not in recipe.exclude]
    if not more:
        return recipe, False
    split, gone = recipe.split, set(more)
    fixed = split.kind not in ("fixed", "blocks") and bool(sides[0])
    if fixed or split.kind == "fixed":
        lists = sides if fixed else (split.val_samples, split.test_samples)
        val, test = (tuple(i for i in side if i not in gone) for side in lists)
        if not val:
            raise ConfigError(
                "no sample would be left to validate on",
                where=recipe.name,
                remedy="accept the regions of one of them as void instead of leaving it out",
            )
        split = SplitConfig(kind="fixed", val_samples=val, test_samples=test)
    update = {"exclude": (*recipe.exclude, *more), "split": split}
    return recipe.model_copy(update=update), fixed
