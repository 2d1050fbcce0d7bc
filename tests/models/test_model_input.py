"""From an image's pixels to a network's input."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import ImageError
from core.imagery.normalise import Normalisation
from core.models.architectures.unet import UNetSpec
from core.models.architectures.zoo_spec import ZooSpec
from core.models.model_input import ModelInput
from core.models.store import find_model, read_card

RNG = np.random.default_rng(12)
INPUT = ModelInput.of_spec(UNetSpec(depth=3), Normalisation(), "uint8")


def test_the_spec_says_channels_and_sizes() -> None:
    assert (INPUT.channels, INPUT.multiple, INPUT.size) == (3, 8, 0)
    fixed = ZooSpec(architecture="sm-pspnet", backbone="resnet18", bands=4, size=96)
    model_input = ModelInput.of_spec(fixed, Normalisation())
    assert (model_input.channels, model_input.multiple, model_input.size) == (4, 48, 96)


def test_the_card_says_which_bands_of_a_file(tiny_model: str) -> None:
    card = read_card(find_model(tiny_model).folder)
    assert ModelInput.of_card(card) == ModelInput.of_spec(card.spec, card.normalisation, card.dtype)
    card = card.model_copy(update={"bands": (4, 0, 2), "file_bands": 5})
    model_input = ModelInput.of_card(card)
    pixels = RNG.integers(0, 256, (6, 7, 5), np.uint8)
    np.testing.assert_allclose(model_input.prepare(pixels), pixels[..., [4, 0, 2]] / 255, rtol=1e-6)
    with pytest.raises(ImageError, match=r"takes 5 bands, the image has 3"):
        model_input.check(pixels[..., :3])


def test_a_part_is_that_part_of_the_whole() -> None:
    pixels = RNG.integers(0, 256, (20, 30, 3), np.uint8)
    valid = RNG.random((20, 30)) < 0.8
    whole = INPUT.prepare(pixels, valid)
    assert whole.dtype == np.float32
    assert not whole[~valid].any()
    rows, columns = np.array([3, 2, 1, 2]), np.array([29, 28, 0])
    at = np.ix_(rows, columns)
    np.testing.assert_array_equal(INPUT.prepare(pixels, valid, at), whole[at])


def test_what_does_not_fit_is_refused_by_name() -> None:
    with pytest.raises(ImageError, match=r"uint8 values, the image holds uint16") as caught:
        INPUT.check(np.zeros((4, 4, 3), np.uint16), str(Path("a/b.tif")))
    assert caught.value.where == "a/b.tif"
    assert caught.value.remedy
    with pytest.raises(ImageError, match="takes 3 band"):
        INPUT.prepare(np.zeros((4, 4, 1), np.uint8))
    replace(INPUT, dtype=None).check(np.zeros((4, 4, 3), np.uint16))
