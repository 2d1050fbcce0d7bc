"""The pictures on the cards of datasets."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from core.datasets.catalogue import open_dataset
from core.datasets.thumbnails import Thumbnail, make_thumbnail
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


def test_fewer_samples_leave_grey_and_an_unreadable_one_is_left_out(demo_dataset: Path) -> None:
    dataset = open_dataset(demo_dataset)
    readable = make_thumbnail(dataset, dataset.samples[0])
    unreadable = Thumbnail(None, None, problems=("The image cannot be read.",))
    picture = pixels(strip([unreadable, readable], dataset))
    assert picture.shape == (200, 600, 3)
    assert np.abs(picture[:, 220:].astype(int) - 128).max() < 4
    assert strip([unreadable], dataset) is None
