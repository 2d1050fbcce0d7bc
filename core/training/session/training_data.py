"""What a run trains and validates on, as data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.datasets.batches.sample_store import SampleStore
from core.datasets.dataset import Dataset
from core.datasets.recipes.splits import Split
from core.imagery.normalise import Normalisation
from core.models.training_imagery import TrainingImagery

__all__ = ["DataProfile", "TrainingData"]


@dataclass(frozen=True)
class TrainingData:
    """The sides of a split, read as they are needed.

    Attributes:
        train, val, test: samples with the recipe's bands; those of `train` and `val` have their
            gaps filled.
        normalisation: normalisation fitted to the training samples.
        file_bands: number of bands of the files, where the recipe chooses some; else 0.
        counts: labelled pixels per class of the training samples that statistics come from, (K,)
            int64.
        dtype: type of the pixels.
        bands: number of bands that the network gets.
        digests: digest of each image of train, val and test, in this order (`image_digest`).
        mask_digests: the same of each one's mask.
        imagery: what the training images are like; None where no pixel of them has data.
        changes: what is other in the dataset than when the run began, in a sentence; empty where
            nothing is.
    """

    dataset: Dataset
    split: Split
    train: SampleStore
    val: SampleStore
    test: SampleStore
    normalisation: Normalisation
    file_bands: int
    counts: np.ndarray
    dtype: str
    bands: int
    digests: tuple[str, ...] = ()
    mask_digests: tuple[str, ...] = ()
    imagery: TrainingImagery | None = None
    changes: str = ""


@dataclass(frozen=True)
class DataProfile:
    """What a network and its loss are made for.

    Attributes:
        bands: number of bands that the network gets.
        counts: labelled pixels per class, (K,) int64.
        factors: the recipe's class weights, K numbers.
    """

    bands: int
    counts: np.ndarray
    factors: list[float]
