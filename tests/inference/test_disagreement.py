"""The disagreement of averaged views, against cases that are worked out by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from core.imagery.normalise import Normalisation
from core.inference.certainty import predict_with_certainty
from core.inference.disagreement import disagreement_bits, entropy_bits
from core.inference.predictor import Predictor
from core.models.model_input import ModelInput


class Views(Predictor):
    """A predictor whose network answers, view after view, with the shares of class 1 it is given.

    Args:
        shares: of class 1, one a call and all over again.
    """

    def __init__(self, shares: list[float], **settings: Any) -> None:
        network = SimpleNamespace(output_shape=(None, None, None, 2))
        super().__init__(cast(Any, network), ModelInput(3, Normalisation(), 1), **settings)
        self.shares, self.calls = shares, 0

    def _call(self, tiles: np.ndarray) -> np.ndarray:
        share = self.shares[self.calls % len(self.shares)]
        self.calls += 1
        answer = np.empty((*tiles.shape[:3], 2), np.float32)
        answer[..., 0], answer[..., 1] = 1 - share, share
        return answer


IMAGE = np.zeros((6, 5, 3), np.uint8)


def one(shares: list[float], **settings: Any) -> float:
    """The disagreement in bits, the same for all pixels."""
    (strip,) = Views(shares, **settings).strips(IMAGE, disagreement=True)
    assert strip.disagreement is not None
    assert np.ptp(strip.disagreement) < 1e-5
    np.testing.assert_allclose(strip.probabilities[..., 1], np.mean(shares), atol=1e-6)
    return float(strip.disagreement[0, 0])


def test_eight_views_by_hand() -> None:
    # Four are sure of one class and four of the other: one bit, the most there is.
    assert one([1, 1, 1, 1, 0, 0, 0, 0], tta=True) == pytest.approx(1, abs=1e-5)
    # One of eight differs: the entropy of (1/8, 7/8) = 3/8 + 7/8 (3 - log2 7) bits.
    expected = 3 / 8 + 7 / 8 * (3 - np.log2(7))
    assert one([1, 0, 0, 0, 0, 0, 0, 0], tta=True) == pytest.approx(expected, abs=1e-5)
    # All are as unsure as can be, and agree.
    assert one([0.5] * 8, tta=True) == pytest.approx(0, abs=1e-6)


def test_two_views_as_scipy_has_them() -> None:
    expected = jensenshannon([0.1, 0.9], [0.6, 0.4], base=2) ** 2
    assert one([0.9, 0.4] * 4, tta=True) == pytest.approx(expected, abs=1e-5)


def test_sizes_of_the_image_are_views_too() -> None:
    # Constant maps are the same at every size: two views, one for each.
    expected = jensenshannon([0.1, 0.9], [0.6, 0.4], base=2) ** 2
    assert one([0.9, 0.4], scales=(1.0, 2.0)) == pytest.approx(expected, abs=1e-5)


def test_what_is_interpolated_is_no_disagreement() -> None:
    class Halves(Views):
        def _call(self, tiles: np.ndarray) -> np.ndarray:
            answer = super()._call(tiles)
            answer[:, :, tiles.shape[2] // 2 :] = answer[:, :, tiles.shape[2] // 2 :, ::-1]
            return answer

    (strip,) = Halves([1.0], scales=(0.5,)).strips(np.zeros((8, 8, 3), np.uint8), disagreement=True)
    assert strip.disagreement is not None
    mixed = (strip.probabilities > 0.01).all(axis=-1)
    assert mixed.any()  # between the halves
    np.testing.assert_allclose(strip.disagreement, 0, atol=1e-6)


def test_none_is_computed_where_nothing_is_averaged_or_nobody_asks() -> None:
    for predictor in (Views([0.3]), Views([0.3], tta=True)):
        asked = predictor.averaging.is_plain
        (strip,) = predictor.strips(IMAGE, disagreement=asked)
        assert strip.disagreement is None


def test_it_is_coded_as_the_entropy_is_and_has_no_value_without_data() -> None:
    valid = np.ones(IMAGE.shape[:2], bool)
    valid[0, 0] = False
    predictor = Views([1, 1, 1, 1, 0, 0, 0, 0], tta=True)
    _, certainty = predict_with_certainty(predictor, IMAGE, valid)
    assert certainty.disagreement is not None
    assert certainty.disagreement[0, 0] == 0
    assert (certainty.disagreement[valid] == 255).all()
    rows = np.array([0.5, 0.5, entropy_bits(np.array([0.5, 0.5])) + 1e-4])
    assert disagreement_bits(rows) == 0  # rounding is not less than nothing
