"""The split of the recipe that is being made, for views that only look at it."""

from __future__ import annotations

from core.datasets.catalogue import DatasetRef
from core.datasets.dataset import Dataset
from core.datasets.recipes.apply import prepared
from core.datasets.recipes.splits import Split, split_samples
from core.errors import DSIError
from ui.data.prepare.draft import RecipeDraft

__all__ = ["draft_split"]


def draft_split(ref: DatasetRef, dataset: Dataset) -> Split | None:
    """Which samples train, validate and test by the draft; None where it does not fit, or where
    it divides images into blocks, so that a sample is on all sides.

    Why it does not fit is said where the split is made, in the view Prepare.
    """
    try:
        recipe = RecipeDraft(ref).build()
        if recipe.split.kind == "blocks":
            return None
        return split_samples(prepared(dataset, recipe).samples, recipe.split)
    except DSIError:
        return None
