"""Changes of colour are refused where the values have no known range."""

from __future__ import annotations

import numpy as np
import pytest

from core.datasets.batches.feed import check_photometric
from core.datasets.batches.labelled_image import LabelledImage
from core.errors import ConfigError
from core.imagery.normalise import Normalisation
from core.training.config import TrainConfig, with_settings


def _image(dtype: type, bands: int = 3) -> LabelledImage:
    labels = np.zeros((2, 2), np.uint8)
    return LabelledImage("a", np.zeros((2, 2, bands), dtype), labels, labels == 0)


def test_colours_of_float_images_are_not_changed() -> None:
    config = TrainConfig()
    bright = with_settings(config, ["recipe.augmentation.brightness=0.1"]).recipe
    hue = with_settings(config, ["recipe.augmentation.hue=0.1"]).recipe
    unit = Normalisation()
    check_photometric(bright, unit, _image(np.uint16))
    check_photometric(config.recipe, unit, _image(np.float32))
    check_photometric(hue, unit, _image(np.float32, 4))  # hue is for RGB alone
    with pytest.raises(ConfigError, match="set brightness"):
        check_photometric(bright, unit, _image(np.float32, 4))
    with pytest.raises(ConfigError, match="set hue"):
        check_photometric(hue, unit, _image(np.float64))
    bounded = Normalisation(kind="decibel", divisor=1, low=(-30.0,), high=(5.0,))
    check_photometric(bright, bounded, _image(np.float32, 1))


def test_speckle_of_values_below_0_wants_to_know_that_they_are_decibel() -> None:
    wanted = with_settings(TrainConfig(), ["recipe.augmentation.speckle=0.2"]).recipe
    limits = {"divisor": 1, "low": (-30.0,), "high": (5.0,)}
    image = _image(np.float32, 1)
    with pytest.raises(ConfigError, match=r"values below 0.*choose the normalisation decibel"):
        check_photometric(wanted, Normalisation(kind="minmax", **limits), image)
    check_photometric(wanted, Normalisation(kind="minmax", **limits), image, decibel=True)
    check_photometric(wanted, Normalisation(kind="decibel", **limits), image)
