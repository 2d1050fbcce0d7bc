"""Rare classes are in as many crops as the recipe asks for, however few images have them."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.classes import VOID
from core.datasets.batches.crops import crops, random_windows
from core.datasets.batches.labelled_image import LabelledImage
from core.datasets.batches.rare_classes import RareClasses, class_pixels, rare_classes
from core.datasets.batches.sample_store import SampleStore
from core.datasets.catalogue import open_dataset
from core.datasets.recipes.recipe import Augmentation, Patch

NONE = Augmentation(flips=False, quarter_turns=False)
SIDE = 96


def _labels(number: int, with_rare: bool) -> np.ndarray:
    labels = np.zeros((SIDE, SIDE), np.uint8)
    labels[:, : 40 + number % 16] = 1
    if with_rare:
        labels[70:76, 70:76] = 2
    return labels


def _hundred() -> list[LabelledImage]:
    """Two common classes in all images, and a third in one of a hundred."""
    valid = np.ones((SIDE, SIDE), bool)
    pixels = np.zeros((SIDE, SIDE, 1), np.uint8)
    return [LabelledImage(str(n), pixels, _labels(n, n == 37), valid) for n in range(100)]


def _share(drawn: list, value: int) -> float:
    return float(np.mean([(crop.labels == value).any() for crop in drawn]))


@pytest.mark.parametrize("stride", [0, 32])
@pytest.mark.parametrize(("rare", "least", "most"), [(0.0, 0.0, 0.03), (0.5, 0.45, 0.56)])
def test_a_class_of_one_image_in_a_hundred(
    stride: int, rare: float, least: float, most: float
) -> None:
    patch = Patch(size=32, stride=stride, rare=rare)
    drawn = list(islice(crops(_hundred(), patch, NONE, np.random.default_rng(1)), 1500))
    assert least <= _share(drawn, 2) <= most


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hundred")
    for name in ("images", "masks"):
        (root / name).mkdir()
    for image in _hundred():
        grey = np.full((SIDE, SIDE, 3), int(image.id), np.uint8)
        Image.fromarray(grey).save(root / "images" / f"t{image.id}.png")
        Image.fromarray(image.labels).save(root / "masks" / f"t{image.id}.png")
    table = '[{"name": "land"}, {"name": "road"}, {"name": "tank"}]'
    (root / "classes.json").write_text(f'{{"classes": {table}}}')
    return root


@pytest.mark.parametrize("stride", [0, 32])
def test_the_same_where_images_do_not_fit_into_memory(folder: Path, stride: int) -> None:
    dataset = open_dataset(folder)
    store = SampleStore(dataset, dataset.samples, memory=40 * SIDE * SIDE * 5)
    store.survey()
    assert not store.resident
    patch = Patch(size=32, stride=stride, rare=0.5)
    stream = crops(store, patch, NONE, np.random.default_rng(1))
    drawn = list(islice(stream, 1500))
    assert 0.45 <= _share(drawn, 2) <= 0.56
    # From all images, still: their pixels say which they are.
    assert len({int(crop.pixels[0, 0, 0]) for crop in drawn}) > 40


def test_masks_that_were_not_read_yet_are_counted_without_their_images(folder: Path) -> None:
    dataset = open_dataset(folder)
    store = SampleStore(dataset, dataset.samples)
    seen: list[tuple[int, int]] = []
    first = store[0]
    counts = store.class_pixels(lambda *step: seen.append(step))
    assert seen[-1] == (99, 99)
    np.testing.assert_array_equal(counts[0], class_pixels([first])[0])
    assert len(store._kept) == 1
    assert counts[:, 2].sum() == 36 and (counts.sum(axis=1) == SIDE * SIDE).all()


def test_a_class_is_rare_with_less_than_its_even_share() -> None:
    assert list(rare_classes(np.array([[50, 0, 40, 10], [50, 0, 45, 5]]))) == [3]
    assert list(rare_classes(np.array([[90, 8, 2]]))) == [1, 2]
    assert list(rare_classes(np.array([[5, 5, 0]]))) == [0, 1]  # none is rarer than the other
    assert list(rare_classes(np.array([[0, 9]]))) == [1]


def test_images_are_drawn_by_how_much_they_have_and_classes_evenly() -> None:
    weights = np.array([[0, 10, 0], [0, 30, 5], [9, 0, 0]])
    drawn = RareClasses(weights, np.array([1, 2]), np.random.default_rng(0), True)
    pairs = [drawn.draw() for _ in range(4000)]
    assert np.mean([value == 1 for _, value in pairs]) == pytest.approx(0.5, abs=0.03)
    of_first = [index for index, value in pairs if value == 1]
    assert np.mean(np.array(of_first) == 1) == pytest.approx(0.75, abs=0.03)
    drawn.forget(1, 2)
    assert {value for _, value in (drawn.draw() for _ in range(50))} == {1}
    drawn.forget(0, 1)
    drawn.forget(1, 1)
    assert not drawn


def test_a_class_that_only_the_mask_of_a_gap_has_is_passed_over(folder: Path) -> None:
    """Its pixels are counted from the mask alone, and are void where the image has no data."""
    dataset = open_dataset(folder)

    class Holed(SampleStore):
        def __getitem__(self, index):  # type: ignore[no-untyped-def, override]
            image = super().__getitem__(index)
            image.labels[image.labels == 2] = VOID
            return image

    store = Holed(dataset, dataset.samples)
    store.class_pixels()
    list(store)
    patch = Patch(size=32, rare=1)
    drawn = list(islice(crops(store, patch, NONE, np.random.default_rng(1)), 40))
    assert _share(drawn, 2) == 0


def test_the_preview_shows_such_windows() -> None:
    image = _hundred()[37]
    windows = random_windows(image, Patch(size=32, rare=0.5), NONE, np.random.default_rng(0), 400)
    hold = [(image.labels[y : y + h, x : x + w] == 2).any() for x, y, w, h in windows]
    assert len(windows) == 400
    assert 0.5 < np.mean(hold) < 0.75
    void = LabelledImage("v", image.pixels, np.full_like(image.labels, VOID), image.valid)
    assert random_windows(void, Patch(size=32), NONE, np.random.default_rng(0), 4) == ()
