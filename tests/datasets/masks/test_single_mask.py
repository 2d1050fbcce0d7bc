"""A mask given alone: sizes, colours and numbers that do not fit are said, never guessed."""

from __future__ import annotations

import numpy as np
import pytest

from core.classes import DUBAI_CLASSES
from core.datasets.masks.single_mask import read_truth
from core.errors import ImageError
from core.imagery.output.write import png_bytes

RNG = np.random.default_rng(6)
LABELS = RNG.integers(0, 5, (20, 30), np.uint8)
LABELS[:2] = 255


def test_colours_and_numbers_give_the_same_labels() -> None:
    for data in (png_bytes(DUBAI_CLASSES.colorize(LABELS)), png_bytes(LABELS)):
        truth = read_truth(data, DUBAI_CLASSES, (20, 30), name="mask.png")
        np.testing.assert_array_equal(truth.labels, LABELS)
        assert truth.notes == ()


def test_mask_of_another_size() -> None:
    with pytest.raises(ImageError, match=r"image is 31×20 pixels but its mask is 30×20"):
        read_truth(png_bytes(LABELS), DUBAI_CLASSES, (20, 31), name="mask.png")


def test_unknown_colour_is_counted_and_its_neighbour_named() -> None:
    color = DUBAI_CLASSES.colorize(LABELS)
    color[5, 3:8] = (0x3C, 0x11, 0x98)  # Building with green one too high
    truth = read_truth(png_bytes(color), DUBAI_CLASSES, (20, 30), name="mask.png")
    assert (truth.labels[5, 3:8] == 255).all()
    assert len(truth.notes) == 1
    assert "#3C1198" in truth.notes[0]
    assert "5 pixel(s)" in truth.notes[0]
    assert "Building, #3C1098" in truth.notes[0]


def test_unknown_number() -> None:
    labels = LABELS.copy()
    labels[7, :4] = 9
    truth = read_truth(png_bytes(labels), DUBAI_CLASSES, (20, 30), name="mask.png")
    assert "value 9" in truth.notes[0]
    assert (truth.labels[7, :4] == 255).all()


def test_a_picture_that_is_no_mask() -> None:
    noise = RNG.integers(0, 255, (20, 30, 3), np.uint8)
    with pytest.raises(ImageError, match="no pixel of the mask is of a class"):
        read_truth(png_bytes(noise), DUBAI_CLASSES, (20, 30), name="photo.png")
