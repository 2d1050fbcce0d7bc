"""The split that a dataset's folders give."""

from __future__ import annotations

from core.datasets.dataset import Dataset
from core.datasets.recipes.splits import SplitConfig

__all__ = ["given_split"]


def given_split(dataset: Dataset) -> SplitConfig | None:
    """The split that a dataset's folders ``train``, ``val`` and ``test`` give, as fixed lists.

    None where there are no such folders, or nothing with a mask is to be trained on or held out.
    """
    sides: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for sample in dataset.samples:
        side, slash, _ = sample.id.partition("/")
        if not slash or side not in sides:
            return None
        if sample.mask is not None:
            sides[side].append(sample.id)
    if not sides["train"] or not (sides["val"] or sides["test"]):
        return None
    return SplitConfig(
        kind="fixed", val_samples=tuple(sides["val"]), test_samples=tuple(sides["test"])
    )
