"""Normalisation against the same arithmetic in NumPy's float64."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from core.imagery.normalise import IMAGENET_MEAN, IMAGENET_STD, Expected, Normalisation

RGB = np.random.default_rng(0).integers(0, 256, (9, 11, 3)).astype(np.uint8)
DECIBEL = np.random.default_rng(1).normal(-12, 9, (9, 11, 2)).astype(np.float32)


def test_unit_divides_by_the_range() -> None:
    got = Normalisation(kind="unit", divisor=255)(RGB)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, RGB / 255, atol=1e-6)
    assert not Normalisation(kind="unit").bounded


def test_imagenet_is_what_torchvision_does() -> None:
    normalise = Normalisation(kind="imagenet", mean=IMAGENET_MEAN, std=IMAGENET_STD)
    wanted = (RGB / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(normalise(RGB), wanted, atol=1e-5)


def test_decibel_cuts_at_two_limits() -> None:
    normalise = Normalisation(kind="decibel", divisor=1, low=(-30, -20), high=(5, 0))
    low, high = np.array([-30, -20]), np.array([5, 0])
    wanted = np.clip((DECIBEL.astype(np.float64) - low) / (high - low), 0, 1)
    np.testing.assert_allclose(normalise(DECIBEL), wanted, atol=1e-6)
    assert (wanted == 0).any() and (wanted == 1).any()  # the limits were met
    assert normalise.bounded


def test_uncut_goes_beyond_the_limits_and_back() -> None:
    normalise = Normalisation(kind="decibel", divisor=1, low=(-30, -20), high=(5, 0))
    uncut = normalise.scaled(DECIBEL, cut=False)
    assert uncut.min() < 0 and uncut.max() > 1
    np.testing.assert_allclose(normalise.unscaled(uncut), DECIBEL, atol=1e-4)
    np.testing.assert_array_equal(np.clip(uncut, 0, 1), normalise.scaled(DECIBEL))
    whole = Normalisation(kind="standard", mean=(0.5,) * 3, std=(0.1,) * 3)
    np.testing.assert_allclose(whole.unscaled(whole.scaled(RGB)), RGB, atol=1e-4)


def test_limits_that_are_one_number_in_float32_do_not_divide_by_zero() -> None:
    low, high = 100_000.0, 100_000.001
    assert np.float32(low) == np.float32(high)
    got = Normalisation(kind="minmax", divisor=1, low=(low,), high=(high,))(np.full((2, 2, 1), low))
    assert np.isfinite(got).all()


@pytest.mark.parametrize(
    "normalise",
    [
        Normalisation(kind="unit", divisor=1),
        Normalisation(kind="standard", divisor=1, mean=(-12.0, 3.0), std=(9.0, 2.0)),
        Normalisation(kind="percentile", divisor=1, low=(-25.0, -31.0), high=(1.0, 2.0)),
    ],
)
def test_what_has_no_data_becomes_0(normalise: Normalisation) -> None:
    pixels = DECIBEL.copy()
    pixels[0, 0, 1] = np.nan
    pixels[0, 1] = np.inf
    valid = np.ones(pixels.shape[:2], bool)
    valid[3, 4] = False
    got = normalise(pixels, valid)
    assert np.isfinite(got).all()
    assert (got[3, 4] == 0).all() and got[0, 0, 1] == 0 and (got[0, 1] == 0).all()
    # The value that stands in for it in training becomes the same.
    fill = np.broadcast_to(normalise.fill(), (1, 1, 2))
    np.testing.assert_allclose(normalise(fill), 0, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "standard"}, "one mean and one std a band"),
        ({"kind": "unit", "mean": (1,), "std": (1,)}, "takes no mean"),
        ({"kind": "standard", "mean": (1,), "std": (0,)}, "every std above 0"),
        ({"kind": "minmax", "low": (1, 2), "high": (3,)}, "one low and one high"),
        ({"kind": "decibel", "low": (5,), "high": (5,)}, "low below its high"),
        ({"kind": "imagenet", "mean": (1,), "std": (1,), "low": (0,), "high": (1,)}, "takes no lo"),
        ({"divisor": 0}, "divisor above 0"),
    ],
)
def test_numbers_that_do_not_fit_the_kind_are_refused(settings: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Normalisation.model_validate(settings)


def _expected(bands: int) -> Expected:
    at = np.arange(bands) % 3
    return Expected(
        name="ImageNet",
        mean=tuple(np.array((0.5, 0.4, 0.3))[at]),
        std=tuple(np.array((0.2, 0.25, 0.5))[at]),
        data_mean=tuple(np.array(IMAGENET_MEAN)[at]),
        data_std=tuple(np.array(IMAGENET_STD)[at]),
    )


def test_weights_centre_what_lies_in_0_to_1() -> None:
    limits = {"divisor": 1, "low": (-30, -20), "high": (5, 0)}
    own = Normalisation(kind="decibel", **limits)
    got = own.expecting(_expected(2))(DECIBEL)
    np.testing.assert_allclose(got, (own(DECIBEL) - [0.5, 0.4]) / [0.2, 0.25], atol=1e-5)
    imagenet = Normalisation(kind="imagenet", mean=IMAGENET_MEAN, std=IMAGENET_STD)
    got = imagenet.expecting(_expected(3))(RGB)
    np.testing.assert_allclose(got, (RGB / 255 - [0.5, 0.4, 0.3]) / [0.2, 0.25, 0.5], atol=1e-5)


def test_weights_after_standard_see_the_spread_they_were_trained_on() -> None:
    own = Normalisation(kind="standard", divisor=1, mean=(-12.0, 3.0), std=(9.0, 2.0))
    as_imagenet = own(DECIBEL) * IMAGENET_STD[:2] + IMAGENET_MEAN[:2]
    got = own.expecting(_expected(2))(DECIBEL)
    np.testing.assert_allclose(got, (as_imagenet - [0.5, 0.4]) / [0.2, 0.25], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "normalise",
    [
        Normalisation(kind="unit", divisor=1),
        Normalisation(kind="standard", divisor=1, mean=(-12.0, 3.0), std=(9.0, 2.0)),
        Normalisation(kind="percentile", divisor=1, low=(-25.0, -31.0), high=(1.0, 2.0)),
    ],
)
def test_what_fills_a_gap_becomes_0_for_weights_too(normalise: Normalisation) -> None:
    normalise = normalise.expecting(_expected(2))
    np.testing.assert_allclose(normalise(normalise.fill()[None, None]), 0, atol=1e-5)
    valid = np.ones(DECIBEL.shape[:2], bool)
    valid[3, 4] = False
    assert (normalise(DECIBEL, valid)[3, 4] == 0).all()


def test_weights_are_kept_by_the_card_and_their_lack_is_no_matter() -> None:
    with_weights = Normalisation(kind="unit").expecting(_expected(3))
    again = Normalisation.model_validate_json(with_weights.model_dump_json())
    np.testing.assert_array_equal(again(RGB), with_weights(RGB))
    old = {"kind": "standard", "divisor": 255.0, "mean": [0.5], "std": [0.2], "low": [], "high": []}
    assert Normalisation.model_validate(old).weights is None
    assert with_weights.expecting(None) == Normalisation(kind="unit")
    with pytest.raises(ValidationError, match="the weights expect 2 bands"):
        Normalisation(kind="standard", mean=(0.5,), std=(0.2,)).expecting(_expected(2))
    with pytest.raises(ValidationError, match="one mean and one std a band"):
        Expected(name="x", mean=(0,), std=(1, 1), data_mean=(0,), data_std=(1,))
