"""Images without masks, and masks without images."""

from __future__ import annotations

from collections.abc import Iterator

from core.datasets.audit.problems import Problem
from core.datasets.dataset import Dataset
from core.datasets.known_layouts import layout_of
from core.datasets.recipes.fixes import Exclude

__all__ = ["missing_masks", "orphan_masks"]


def missing_masks(dataset: Dataset) -> Iterator[Problem]:
    """Images without a mask; one row where none has one."""
    missing = [sample.id for sample in dataset.samples if sample.mask is None]
    if len(missing) == len(dataset.samples):
        fix = "put masks under the images' names into `masks` to train on them"
        yield Problem("missing-mask", "", "no sample has a mask", "warning", fix)
        return
    for sample in missing:
        fix = "add the mask, or leave it: the sample can be predicted but not trained on"
        yield Problem(
            "missing-mask", sample, "there is no mask", "warning", fix, (Exclude(sample),)
        )


def orphan_masks(dataset: Dataset) -> Iterator[Problem]:
    """Masks without an image, in the folders in which masks are looked for."""
    for path in layout_of(dataset).orphans(dataset):
        yield Problem(
            "orphan-mask",
            "",
            f"{path.relative_to(dataset.root)} belongs to no image",
            "warning",
            "add its image under the same name, or delete the mask",
        )
