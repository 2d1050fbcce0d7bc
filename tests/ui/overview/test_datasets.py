"""The pictures on the cards of datasets."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from core.datasets.catalogue import open_dataset
from core.datasets.pictures.thumbnails import Thumbnail, make_thumbnail
from ui.overview.datasets import strip


def pixels(encoded: bytes | None) -> np.ndarray:
    assert encoded is not None
    return np.asarray(cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR))


def test_a_strip_is_three_squares_of_which_the_last_has_its_mask(demo_dataset: Path) -> None:
    dataset = open_dataset(demo_dataset)
    made = [make_thumbnail(dataset, sample) for sample in dataset.samples[:3]]
    picture = pixels(strip(made, dataset))
    assert picture.shape == (200, 600, 3)
    bare = [Thumbnail(t.image, None, t.width, t.height) for t in made]
    without = pixels(strip(bare, dataset))
    change = np.abs(picture.astype(int) - without).mean(axis=(0, 2)).reshape(3, 200).mean(axis=1)
    assert change[:2].max() < 1
    assert change[2] > 10


def test_fewer_samples_fill_the_strip_and_an_unreadable_one_is_left_out(demo_dataset: Path) -> None:
    dataset = open_dataset(demo_dataset)
    one, two = (make_thumbnail(dataset, sample) for sample in dataset.samples[:2])
    unreadable = Thumbnail(None, None, problems=("The image cannot be read.",))
    alone = pixels(strip([unreadable, one], dataset)).astype(int)
    assert alone.shape == (200, 600, 3)
    # The same middle twice, the second time with its mask: no part without a picture.
    bare = Thumbnail(one.image, None, one.width, one.height)
    left, right = np.split(pixels(strip([bare], dataset)).astype(int), 2, axis=1)
    assert np.abs(left - right).mean() < 4
    assert np.abs(alone[:, :300] - left).mean() < 4
    assert np.abs(alone[:, 300:] - right).mean() > 10
    both = pixels(strip([one, two], dataset)).astype(int)
    assert both.shape == (200, 600, 3)
    assert np.abs(both[:, :300] - left).mean() < 4
    assert both[:, 500:].std() > 10
    assert strip([unreadable], dataset) is None
