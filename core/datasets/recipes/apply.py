"""A dataset as a recipe has it: samples left out, windows, bands, and mask values explained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from core.classes import VOID
from core.datasets.catalogue import open_dataset
from core.datasets.dataset import Dataset
from core.datasets.identity import block_of, image_digest
from core.datasets.note import Note
from core.datasets.recipes.blocks import divided
from core.datasets.recipes.recipe import Recipe
from core.datasets.void.regions import VoidRegion
from core.datasets.void.store import load_regions
from core.errors import ConfigError
from core.formats import counted

__all__ = ["prepared", "with_mask_values", "with_void"]

_NAMED = 3  # samples that are named


def prepared(dataset: Dataset, recipe: Recipe, *, own: bool = False) -> Dataset:
    """Apply a recipe's decisions about the data; its files are not touched.

    Product, exclusions, windows, bands, mask values and void regions are applied; for a split by
    blocks, images are divided into these (`divided`). Normalisation, split, patches and
    augmentation belong to the training. Void regions of a mask whose file has changed since are
    not applied, which a note of the dataset says.

    Args:
        dataset: dataset as opened.
        recipe: the recipe.
        own: whether the recipe is known to be of this dataset: samples that it excludes, cuts or
            marks may be gone then, which a note of the dataset says.

    Raises:
        ConfigError: the recipe names a product, sample or class that the dataset does not have, or
            void regions that the workspace does not have.
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
    void = load_regions(recipe.void_regions).samples if recipe.void_regions else {}
    if own:
        dataset, recipe = _without_gone(dataset, recipe, known_ids, void)
        void = {i: region for i, region in void.items() if i in known_ids}
    named = {
        "excludes": recipe.exclude,
        "cuts": tuple(recipe.windows),
        "has a void region of": tuple(void),
    }
    for what, ids in named.items():
        strange = [i for i in ids if i not in known_ids]
        if strange:
            raise ConfigError(
                f"the recipe {what} {strange[0]!r}, which the dataset does not have",
                where=dataset.name,
                remedy="use a recipe made for this dataset",
            )
    excluded = set(recipe.exclude)
    void = {i: region for i, region in void.items() if i not in excluded}
    dataset, void = _of_these_masks(dataset, void)
    used = replace(
        dataset,
        samples=tuple(s for s in dataset.samples if s.id not in excluded),
        bands=recipe.bands,
        windows={i: w for i, w in recipe.windows.items() if i not in excluded},
        void=void,
        coding=replace(
            dataset.coding,
            read_as=_labels(dataset, recipe.mask_values),
            tolerance=max(dataset.coding.tolerance, recipe.mask_tolerance),
        ),
    )
    return divided(used, recipe.patch.size) if recipe.split.kind == "blocks" else used


def with_mask_values(dataset: Dataset, mask_values: Mapping[str, str]) -> Dataset:
    """A prepared dataset whose masks' unknown values are read otherwise than its recipe says.

    Args:
        dataset: as `prepared` gave it.
        mask_values: as of `Recipe.mask_values`; what it does not name is read as before.

    Raises:
        ConfigError: a value is to be read as what is no class.
    """
    read_as = {**dataset.coding.read_as, **_labels(dataset, mask_values)}
    return replace(dataset, coding=replace(dataset.coding, read_as=read_as))


def with_void(dataset: Dataset, digest: str) -> Dataset:
    """A prepared dataset with other void regions than those of its recipe.

    Args:
        dataset: as `prepared` gave it.
        digest: of the regions (`core.datasets.void.store`); empty for none. Regions of samples
            that the dataset does not have are passed over.

    Raises:
        ConfigError: the regions are not in this workspace.
    """
    if not digest:
        return replace(dataset, void={})
    regions = load_regions(digest).samples
    void = {}
    for sample in dataset.samples:
        whole = block_of(sample.id)[0] if sample.id in dataset.windows else sample.id
        if region := regions.get(sample.id) or regions.get(whole):
            void[sample.id] = region
    dataset, void = _of_these_masks(dataset, void)
    return replace(dataset, void=void)


def _of_these_masks(
    dataset: Dataset, void: Mapping[str, VoidRegion]
) -> tuple[Dataset, dict[str, VoidRegion]]:
    """The regions whose masks are what they were, and the dataset with a note of the others."""
    if not void:
        return dataset, {}
    masks = {sample.id: sample.mask for sample in dataset.samples}
    same = {i: region for i, region in void.items() if _digest(masks[i]) == region.mask}
    others = sorted(void.keys() - same.keys())
    if not others:
        return dataset, same
    note = Note(
        f"The masks of {counted(len(others), 'sample')} have changed since void regions were "
        f"drawn into them, which are not applied: {', '.join(others[:_NAMED])}"
        f"{' …' if len(others) > _NAMED else ''}.",
        "warning",
    )
    return replace(dataset, notes=(*dataset.notes, note)), same


def _digest(mask: Path | None) -> str:
    if mask is None:
        return ""
    try:
        status = mask.stat()
    except OSError:
        return ""
    return _mask_digest(mask, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=20_000)  # pages prepare a dataset at every click
def _mask_digest(mask: Path, changed: int, size: int) -> str:
    return image_digest(mask)


def _without_gone(
    dataset: Dataset, recipe: Recipe, known_ids: set[str], void: Mapping[str, VoidRegion]
) -> tuple[Dataset, Recipe]:
    """The recipe without samples that are gone, and the dataset with a note of them."""
    gone = sorted({*recipe.exclude, *recipe.windows, *void} - known_ids)
    if not gone:
        return dataset, recipe
    note = Note(
        f"The recipe excludes, cuts or marks {counted(len(gone), 'sample')} that the dataset does "
        f"not have any more: {', '.join(gone[:_NAMED])}{' …' if len(gone) > _NAMED else ''}."
    )
    kept = {
        "exclude": tuple(i for i in recipe.exclude if i in known_ids),
        "windows": {i: window for i, window in recipe.windows.items() if i in known_ids},
    }
    return replace(dataset, notes=(*dataset.notes, note)), recipe.model_copy(update=kept)


def _labels(dataset: Dataset, mask_values: Mapping[str, str]) -> dict[str, int]:
    names = dataset.classes.names
    labels = {}
    for value, meaning in mask_values.items():
        if meaning != "void" and meaning not in names:
            raise ConfigError(
                f"the recipe reads {value} as {meaning!r}, which is no class",
                where=dataset.name,
                remedy=f"use void or one of: {', '.join(names)}",
            )
        labels[value] = VOID if meaning == "void" else names.index(meaning)
    return labels
