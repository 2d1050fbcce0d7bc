"""The normalisation a training would use, fitted once and kept in the server's memory."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.datasets.batches.fit_normalisation import fit_normalisation, value_range_warning
from core.datasets.batches.sample_store import SampleStore
from core.datasets.dataset import Dataset
from core.datasets.fingerprint import fingerprint
from core.datasets.recipes.recipe import Recipe
from core.datasets.recipes.splits import split_samples
from core.imagery.normalise import Normalisation

__all__ = ["TrainingNormalisation", "files_and_reading", "training_normalisation"]

_MEMORY = 1024**3  # bytes of samples held while they are counted
_DECIDES = {
    "product",
    "bands",
    "exclude",
    "mask_values",
    "mask_tolerance",
    "windows",
    "void_regions",
    "normalisation",
    "clip",
}


@dataclass(frozen=True)
class TrainingNormalisation:
    """A normalisation and how many of the training samples its numbers come from.

    Attributes:
        warning: that it does not go with the values, in a sentence; empty where it does.
    """

    normalisation: Normalisation
    used: int
    training: int
    warning: str = ""


def files_and_reading(dataset: Dataset) -> str:
    """Names a dataset's files as they are now and how its masks are read, for caches."""
    return f"{fingerprint(dataset.root)}|{dataset.classes}|{dataset.coding}"


def training_normalisation(dataset: Dataset, recipe: Recipe) -> TrainingNormalisation:
    """What `recipe` makes of the training samples of a prepared dataset, and of no other.

    Raises:
        DSIError: the split, a sample or the normalisation does not fit.
    """
    split = split_samples(dataset.samples, recipe.split)
    decided = recipe.model_dump_json(include=_DECIDES)
    return _fit(
        f"{files_and_reading(dataset)}|{decided}|{dataset.windows}", split.train, dataset, recipe
    )


@st.cache_resource(max_entries=32, ttl="1h", show_spinner="Reading the training samples …")
def _fit(
    key: str, ids: tuple[str, ...], _dataset: Dataset, _recipe: Recipe
) -> TrainingNormalisation:
    samples = [_dataset.sample(sample) for sample in ids]
    if _recipe.normalisation in ("unit", "imagenet") or (
        _recipe.normalisation == "decibel" and _recipe.clip
    ):
        samples = samples[:1]  # their numbers are given; one sample tells type and bands
    seen = SampleStore(_dataset, samples, _MEMORY).survey()
    normalisation = fit_normalisation(_recipe, seen)
    warning = value_range_warning(normalisation, seen)
    return TrainingNormalisation(normalisation, len(seen), len(ids), warning)
