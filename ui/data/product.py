"""The image product of a dataset that has several, such as radar and optical of SpaceNet 6."""

from __future__ import annotations

from core.datasets.catalogue import DatasetRef
from core.datasets.dataset import Dataset
from ui.data.prepare.draft import RecipeDraft
from ui.loaded.datasets import open_chosen
from ui.settings.fields import Fields

__all__ = ["choose_product"]


def choose_product(ref: DatasetRef, dataset: Dataset) -> Dataset:
    """The dataset with the product that its draft uses; a box to choose it where there are several.

    All views then look at the product that the recipe will train on.

    Args:
        ref: the dataset's entry.
        dataset: as opened, with its first product.

    Raises:
        DatasetError: the draft names a product that the dataset does not have.
    """
    if len(dataset.products) < 2:
        return dataset
    fields = Fields(RecipeDraft(ref))
    fields.choice(
        "product",
        options=["", *dataset.products],
        words=lambda name: name or f"{dataset.products[0]} (the first)",
        width=280,
    )
    wanted = fields.draft.value("product")
    return open_chosen(ref, wanted) if wanted not in ("", dataset.product) else dataset
