"""Samples that are read as they are needed: the same as all at once, in bounded memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.classes import VOID
from core.datasets.batches import sample_store as store_module
from core.datasets.batches.crops import random_crops
from core.datasets.batches.labelled_image import load_samples, without_gaps
from core.datasets.batches.pool import ImagePool
from core.datasets.batches.sample_store import SampleStore
from core.datasets.catalogue import open_dataset
from core.datasets.dataset import Dataset
from core.datasets.recipes.recipe import Augmentation, Patch
from core.errors import ConfigError
from core.imagery.normalise import Normalisation

ONE = 96 * 96 * (3 + 1 + 1)  # bytes of a sample: pixels, labels, valid


@pytest.fixture
def demo(demo_dataset: Path) -> Dataset:
    return open_dataset(demo_dataset)


def test_samples_are_those_that_load_samples_gives(demo: Dataset) -> None:
    store = SampleStore(demo, demo.samples)
    loaded = load_samples(demo, demo.samples)
    assert len(store) == len(loaded) == 12
    for one, other in zip(store, loaded, strict=True):
        assert one.id == other.id
        np.testing.assert_array_equal(one.pixels, other.pixels)
        np.testing.assert_array_equal(one.labels, other.labels)
    assert store.resident
    assert store[-1].id == loaded[-1].id
    assert [image.id for image in store[2:4]] == [image.id for image in loaded[2:4]]
    np.testing.assert_array_equal(store.areas, [96 * 96] * 12)


def test_memory_is_kept_to(demo: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    load = store_module.load_samples

    def counted(dataset: Dataset, samples: list) -> list:
        read.append(samples[0].id)
        return load(dataset, samples)

    monkeypatch.setattr(store_module, "load_samples", counted)
    store = SampleStore(demo, demo.samples, memory=3 * ONE)
    for _ in store:
        assert store._bytes <= 3 * ONE
    assert not store.resident
    assert len(read) == 12
    assert store[11].id == demo.samples[11].id  # still there
    assert len(read) == 12
    assert store[0].id == demo.samples[0].id  # read again
    assert len(read) == 13


def test_statistics_come_from_what_fits(demo: Dataset) -> None:
    assert [i.id for i in SampleStore(demo, demo.samples).survey()] == [s.id for s in demo.samples]
    few = SampleStore(demo, demo.samples, memory=3 * ONE).survey()
    assert [i.id for i in few] == [demo.samples[i].id for i in (0, 5, 11)]


def test_gaps_are_filled_from_then_on(demo: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    load = store_module.load_samples

    def holed(dataset: Dataset, samples: list) -> list:
        image = load(dataset, samples)[0]
        image.valid[:5] = False
        return [image]

    monkeypatch.setattr(store_module, "load_samples", holed)
    store = SampleStore(demo, demo.samples, memory=2 * ONE)
    before = store[0]
    normalisation = Normalisation(kind="standard", mean=(0.5, 0.4, 0.2), std=(1.0, 1.0, 1.0))
    store.fill_gaps(normalisation)
    for index in (0, 7):
        assert (store[index].pixels[:5] == (128, 102, 51)).all()
    expected = without_gaps([before], normalisation)[0].pixels
    np.testing.assert_array_equal(store[0].pixels, expected)


def test_a_pool_that_is_not_in_memory_sees_all_images(demo: Dataset) -> None:
    store = SampleStore(demo, demo.samples, memory=3 * ONE)
    list(store)
    pool = ImagePool(store, np.random.default_rng(0))
    assert {pool.draw().image.id for _ in range(1500)} == {s.id for s in demo.samples}
    draw = pool.draw()
    assert (store[draw.position].pixels == draw.image.pixels).all()
    assert draw.rare is None and draw.center is None


def test_crops_are_the_same_from_a_list_and_from_a_resident_store(demo: Dataset) -> None:
    store = SampleStore(demo, demo.samples)
    everything = list(store)
    patch, augmentation = Patch(size=64, rare=0.5), Augmentation(zoom=(0.8, 1.2))
    streams = [
        random_crops(images, patch, augmentation, np.random.default_rng(3))
        for images in (store, everything)
    ]
    for _ in range(10):
        for one, other in zip(*(next(stream) for stream in streams), strict=True):
            np.testing.assert_array_equal(one, other)


def test_all_void_is_refused(demo: Dataset) -> None:
    images = load_samples(demo, demo.samples[:2])
    for image in images:
        image.labels[:] = VOID
    with pytest.raises(ConfigError, match="every mask is void"):
        ImagePool(images, np.random.default_rng(0))
