"""Crops with parts cut out: what goes in, what is to come out, and what counts."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.classes import VOID
from core.datasets.batches.feed import training_feed
from core.datasets.batches.fit_normalisation import fit_normalisation
from core.datasets.batches.inpainting import (
    SHARES,
    ImageStore,
    cut_out_feed,
    cut_outs,
    without_labels,
)
from core.datasets.batches.labelled_image import LabelledImage, images_alone
from core.datasets.batches.preview import inpainting_preview
from core.datasets.batches.sample_store import SampleStore
from core.datasets.catalogue import open_dataset
from core.datasets.dataset import Dataset
from core.datasets.recipes.recipe import Augmentation, Patch, Recipe

STILL = Augmentation(flips=False, quarter_turns=False)


def _image(side: int = 64, empty: int = 0) -> LabelledImage:
    """Random pixels; the first `empty` rows have no data."""
    pixels = np.random.default_rng(5).integers(0, 256, (side, side, 3), np.uint8)
    valid = np.ones((side, side), bool)
    valid[:empty] = False
    return LabelledImage("x", pixels, np.full((side, side), 3, np.uint8), valid)


@pytest.mark.parametrize("size", [32, 96, 256])
def test_a_quarter_to_a_half_is_cut_out_in_blocks(size: int) -> None:
    cuts = np.concatenate(list(islice(cut_outs(8, size, seed=1), 8)))
    assert cuts.shape == (64, size, size) and cuts.dtype == bool
    shares = cuts.mean(axis=(1, 2))
    assert SHARES[0] <= shares.min() < 0.3
    assert 0.4 < shares.max() <= SHARES[1]
    # Blocks of at least 1/16 of the side: each pixel has neighbours of its kind.
    rows = cuts[:, :, 1:] & cuts[:, :, :-1]
    assert rows.sum() / cuts.sum() > (0.6 if size == 32 else 0.8)
    # It may be anywhere; corners are the rarest.
    assert cuts.any(axis=0).mean() > 0.95


def test_the_same_seed_cuts_the_same() -> None:
    first, again, other = (next(cut_outs(4, 64, seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert (first[0] != first[1]).any()


def test_a_batch_is_the_crop_without_the_cut_and_the_whole_crop() -> None:
    image = images_alone(_image(empty=16))
    recipe = Recipe(patch=Patch(size=64), augmentation=STILL)
    normalisation = fit_normalisation(recipe, [image])
    feed = training_feed([image], recipe, normalisation, 2, seed=4)
    images, targets = (np.asarray(part) for part in next(iter(cut_out_feed(feed, 2, 64, 4))))
    whole = normalisation(image.pixels, image.valid)
    cut = next(cut_outs(2, 64, 4))
    assert targets.shape == (2, 64, 64, 4)
    for index in range(2):
        np.testing.assert_allclose(targets[index, ..., :3], whole, atol=1e-5)
        wanted = np.where(cut[index][..., None], 0, whole)
        np.testing.assert_allclose(images[index], wanted, atol=1e-5)
        # What has no data counts nowhere, though it was cut out too.
        assert cut[index][:16].any()
        np.testing.assert_array_equal(targets[index, ..., 3], cut[index] & image.valid)


def test_nothing_that_goes_by_classes_is_left_of_a_recipe() -> None:
    changes = Augmentation(copy_paste=0.5, label_deformation=3, cutout=0.3, brightness=0.2)
    recipe = Recipe(patch=Patch(size=96, stride=32, rare=0.5), augmentation=changes)
    alone = without_labels(recipe)
    assert alone.patch == Patch(size=96)
    assert alone.augmentation == Augmentation(brightness=0.2)
    assert alone.normalisation == recipe.normalisation


@pytest.mark.parametrize("memory", [2**30, 1])
def test_a_store_of_images_reads_no_mask(
    demo_dataset: Path, memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = open_dataset(demo_dataset)
    train, others = dataset.samples[:3], dataset.samples[3:5]
    labelled = SampleStore(dataset, train, memory)
    seen = labelled.survey()
    labelled.fill_gaps(fit_normalisation(Recipe(), seen))
    read: list[str] = []
    load = Dataset.load_image

    def noted(self: Dataset, sample: Any) -> Any:
        read.append(sample.id)
        return load(self, sample)

    def refused(*_: Any) -> None:
        raise AssertionError("a mask is read")

    monkeypatch.setattr(Dataset, "load_image", noted)
    monkeypatch.setattr(Dataset, "load_labels", refused)
    monkeypatch.setattr(Dataset, "read_mask", refused)
    store = ImageStore(labelled, others, memory)
    assert (len(store), store.unlabelled) == (5, 2)
    images = list(store)
    assert [image.id for image in images] == [sample.id for sample in (*train, *others)]
    for image in images:
        np.testing.assert_array_equal(image.labels, np.where(image.valid, 0, VOID))
    if memory > 1:
        # What is in memory is not read again, nor held twice.
        assert read == [sample.id for sample in others]
        assert images[0].pixels is labelled[0].pixels
    else:
        assert read == [image.id for image in images]
        assert not labelled.resident and not store.resident


def test_the_preview_is_the_first_batch() -> None:
    image = _image(side=96, empty=40)
    recipe = Recipe(patch=Patch(size=64, rare=0.5), augmentation=Augmentation(brightness=0.2))
    normalisation = fit_normalisation(recipe, [image])
    draws = inpainting_preview(image, recipe, normalisation, seed=3)
    assert len(draws) == 6
    alone = without_labels(recipe)
    feed = training_feed([images_alone(image)], alone, normalisation, 6, seed=3)
    images, targets = (np.asarray(part) for part in next(iter(cut_out_feed(feed, 6, 64, 3))))
    (mean, std) = (np.array(part, np.float32) for part in normalisation.centring)
    for (rgb, counted), crop, target in zip(draws, images, targets, strict=True):
        np.testing.assert_array_equal(counted, target[..., 3] > 0)
        shown = normalisation.unscaled(crop * std + mean)
        np.testing.assert_allclose(rgb, np.clip(shown, 0, 255), atol=1)
