"""Images on the screen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.classes import DUBAI_CLASSES
from core.imagery.display import default_bands, presets, to_rgb
from core.imagery.normalise import Normalisation
from core.imagery.raster import read_raster

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


def test_a_band_of_zeros_with_little_in_it_is_not_black() -> None:
    pixels = np.zeros((64, 64, 1), np.float32)
    pixels[5, 5:8, 0] = 0.002, 0.001, 0.004
    shown = to_rgb(pixels)
    assert shown[5, 7, 0] == 255
    assert 120 < shown[5, 5, 0] < 135
    assert to_rgb(np.full((5, 5, 3), 0.004)).min() > 100


def test_few_valid_pixels_count() -> None:
    pixels = RNG.integers(1000, 2000, (1024, 1024, 1)).astype(np.uint16)
    valid = np.zeros((1024, 1024), bool)
    valid[1, 1:9:2] = True  # none of them on the grid that percentiles are taken from
    shown = to_rgb(pixels, valid)
    assert shown[valid].max() > 245
    assert not shown[~valid].any()


def test_bands_and_stretch_can_be_chosen() -> None:
    pixels = RNG.integers(0, 100, (30, 30, 5), np.uint8)
    np.testing.assert_array_equal(to_rgb(pixels, bands=(4, 0, 4)), pixels[..., [4, 0, 4]])
    assert to_rgb(pixels, clip=(2, 98)).max() == 255
    power = np.array([[[1.0], [10.0], [100.0], [0.0]]])
    shown = to_rgb(power, decibel=True, clip=(0, 100))[0, :, 0]
    np.testing.assert_allclose(shown, [0, 127.5, 255, 0], atol=1)  # even steps in dB; 0 has none
    np.testing.assert_array_equal(
        to_rgb(np.sqrt(power) * 1j, decibel=True, clip=(0, 100))[0, :, 0], shown
    )


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64", "complex64"])
@pytest.mark.parametrize("count", range(1, 15))
def test_every_preset_has_its_bands(count: int, dtype: str) -> None:
    choices = presets(count, dtype)
    assert default_bands(count, dtype) in choices.values()
    assert all(len(bands) == 3 and max(bands) < count for bands in choices.values())


@pytest.mark.parametrize("name", ["ms1", "pan1", "sar_masked", "sar_hh", "rgb_unmasked"])
def test_real_crops_are_seen(real_data: Path, name: str) -> None:
    """float64 optical, uint16, float32 radar in dB with NaN, complex radar, 8 bit."""
    raster = read_raster(real_data / f"spacenet/sn6_crops/{name}.tif")
    shown = to_rgb(raster.pixels, raster.valid)[raster.valid]
    assert 30 < shown.mean() < 225
    assert shown.std() > 20


def test_mask_has_exactly_the_palettes_colours() -> None:
    labels = RNG.choice(np.array([0, 1, 2, 3, 4, 255], np.uint8), (40, 40))
    shown = to_rgb(DUBAI_CLASSES.colorize(labels))
    colors = {tuple(int(v) for v in c) for c in np.unique(shown.reshape(-1, 3), axis=0)}
    assert colors == {*DUBAI_CLASSES.colors, (0, 0, 0)}


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
