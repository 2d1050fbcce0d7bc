"""A dataset as a recipe has it: samples left out, windows, bands, and mask values explained."""

from __future__ import annotations

from dataclasses import replace

from core.classes import VOID
from core.datasets.catalogue import open_dataset
from core.datasets.dataset import Dataset
from core.datasets.note import Note
from core.datasets.recipes.blocks import divided
from core.datasets.recipes.recipe import Recipe
from core.errors import ConfigError
from core.formats import counted

__all__ = ["prepared"]

_NAMED = 3  # samples that are named


def prepared(dataset: Dataset, recipe: Recipe, *, own: bool = False) -> Dataset:
    """Apply a recipe's decisions about the data; its files are not touched.

    Product, exclusions, windows, bands and mask values are applied; for a split by blocks, images
    are divided into these (`divided`). Normalisation, split, patches and augmentation belong to
    the training.

    Args:
        dataset: dataset as opened.
        recipe: the recipe.
        own: whether the recipe is known to be of this dataset: samples that it excludes or cuts may
            be gone then, which a note of the dataset says.

    Raises:
        ConfigError: the recipe names a product, sample or class that the dataset does not have.
        DatasetError: the other product cannot be listed.
    """
    if recipe.product and recipe.product != dataset.product:
        if recipe.product not in dataset.products:
            known = ", ".join(dataset.products) or "one kind of image only"
            raise ConfigError(
                f"the recipe uses the product {recipe.product!r}, and the dataset has {known}",
                where=dataset.name,
                remedy="choose another product, or a recipe made for this dataset",
            )
        dataset = open_dataset(dataset.root, dataset.name, recipe.product)
    known_ids = {sample.id for sample in dataset.samples}
    if own:
        dataset, recipe = _without_gone(dataset, recipe, known_ids)
    for what, ids in (("excludes", recipe.exclude), ("cuts", tuple(recipe.windows))):
        strange = [i for i in ids if i not in known_ids]
        if strange:
            raise ConfigError(
                f"the recipe {what} {strange[0]!r}, which the dataset does not have",
                where=dataset.name,
                remedy="use a recipe made for this dataset",
            )
    excluded = set(recipe.exclude)
    used = replace(
        dataset,
        samples=tuple(s for s in dataset.samples if s.id not in excluded),
        bands=recipe.bands,
        windows={i: w for i, w in recipe.windows.items() if i not in excluded},
        coding=replace(
            dataset.coding,
            read_as=_labels(dataset, recipe),
            tolerance=max(dataset.coding.tolerance, recipe.mask_tolerance),
        ),
    )
    return divided(used, recipe.patch.size) if recipe.split.kind == "blocks" else used


def _without_gone(dataset: Dataset, recipe: Recipe, known_ids: set[str]) -> tuple[Dataset, Recipe]:
    """The recipe without samples that are gone, and the dataset with a note of them."""
    gone = sorted({*recipe.exclude, *recipe.windows} - known_ids)
    if not gone:
        return dataset, recipe
    note = Note(
        f"The recipe excludes or cuts {counted(len(gone), 'sample')} that the dataset does not "
        f"have any more: {', '.join(gone[:_NAMED])}{' …' if len(gone) > _NAMED else ''}."
    )
    kept = {
        "exclude": tuple(i for i in recipe.exclude if i in known_ids),
        "windows": {i: window for i, window in recipe.windows.items() if i in known_ids},
    }
    return replace(dataset, notes=(*dataset.notes, note)), recipe.model_copy(update=kept)


def _labels(dataset: Dataset, recipe: Recipe) -> dict[str, int]:
    names = dataset.classes.names
    labels = {}
    for value, meaning in recipe.mask_values.items():
        if meaning != "void" and meaning not in names:
            raise ConfigError(
                f"the recipe reads {value} as {meaning!r}, which is no class",
                where=dataset.name,
                remedy=f"use void or one of: {', '.join(names)}",
            )
        labels[value] = VOID if meaning == "void" else names.index(meaning)
    return labels
