"""Images on the screen."""

from __future__ import annotations

import numpy as np
import pytest

from core.classes import DUBAI_CLASSES
from core.imagery.display import to_rgb
from core.imagery.normalise import Normalisation

RNG = np.random.default_rng(2)


def test_eight_bit_is_shown_as_it_is() -> None:
    pixels = RNG.integers(0, 256, (9, 9, 3), np.uint8)
    np.testing.assert_array_equal(to_rgb(pixels), pixels)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.float64, np.complex64])
def test_deep_images_are_never_black(dtype: type) -> None:
    # A 12-bit camera in a 16-bit file: divided by 256 it would be all but black.
    pixels = RNG.integers(300, 900, (64, 64, 4)).astype(dtype)
    shown = to_rgb(pixels)
    assert shown.dtype == np.uint8
    assert shown.min() < 10
    assert shown.max() > 245


def test_invalid_pixels_do_not_stretch() -> None:
    pixels = RNG.integers(1000, 1100, (50, 50, 1)).astype(np.float32)
    valid = np.ones((50, 50), bool)
    pixels[:10], valid[:10] = 1e9, False
    pixels[10] = np.nan
    shown = to_rgb(pixels, valid)
    assert not shown[:11].any()
    assert shown[11:].max() > 245


def test_constant_image_and_one_pixel() -> None:
    assert to_rgb(np.full((5, 5, 1), 7.0)).shape == (5, 5, 3)
    assert to_rgb(np.array([[[12345]]], np.uint16)).shape == (1, 1, 3)


def test_mask_has_exactly_the_palettes_colours() -> None:
    labels = RNG.choice(np.array([0, 1, 2, 3, 4, 255], np.uint8), (40, 40))
    shown = to_rgb(DUBAI_CLASSES.colorize(labels))
    found = {tuple(int(v) for v in c) for c in np.unique(shown.reshape(-1, 3), axis=0)}
    assert found == {*DUBAI_CLASSES.colors, (0, 0, 0)}


def test_normalisation_by_hand() -> None:
    pixels = np.array([[[51, 102]]], np.uint8)
    np.testing.assert_allclose(Normalisation()(pixels), [[[0.2, 0.4]]], rtol=1e-6)
    standard = Normalisation(kind="standard", mean=(0.1, 0.2), std=(0.5, 0.1))
    np.testing.assert_allclose(standard(pixels), [[[0.2, 2.0]]], rtol=1e-5)
    floats = np.array([[[np.nan, 1.0], [2.0, 3.0]]], np.float32)
    out = Normalisation(divisor=1)(floats, np.array([[True, False]]))
    np.testing.assert_array_equal(out, [[[0, 1], [0, 0]]])


@pytest.mark.parametrize(
    "settings",
    [
        {"divisor": 0},
        {"kind": "standard"},
        {"kind": "standard", "mean": (0.1,), "std": (0.0,)},
        {"mean": (0.5,), "std": (0.5,)},
        {"kinds": "unit"},
    ],
)
def test_normalisation_refuses_nonsense(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Normalisation.model_validate(settings)
