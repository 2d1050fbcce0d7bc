"""Confidence and entropy of a prediction, in the steps that the browser is sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import pytest
from scipy.stats import entropy

from core.classes import VOID
from core.inference.anchor import Anchor
from core.inference.averaging import PLAIN
from core.inference.certainty import FILE, SCREEN, Coding, labels_at, predict_with_certainty
from core.inference.disagreement import entropy_bits
from core.inference.predictor import Predictor, Strip


class Strips:
    """Stands for a predictor: hands out probabilities in two strips."""

    def __init__(self, probabilities: np.ndarray) -> None:
        self.probabilities = probabilities
        self.classes = probabilities.shape[-1]
        self.averaging = PLAIN

    def strips(
        self, pixels: np.ndarray, valid: Any, progress: Any, *, anchor: Anchor, disagreement: bool
    ) -> Iterator[Strip]:
        yield Strip(0, self.probabilities[:5])
        yield Strip(5, self.probabilities[5:])


def probabilities() -> np.ndarray:
    return np.random.default_rng(1).dirichlet(np.ones(4), (9, 7)).astype(np.float32)


@pytest.mark.parametrize(
    ("coding", "first", "last"), [(SCREEN, 1, 255), (FILE, 0, 10_000)], ids=["screen", "file"]
)
def test_codes_are_at_most_half_a_step_off(coding: Coding, first: int, last: int) -> None:
    values = np.linspace(-2, 3, 10_001)
    codes = coding.codes(values, -2, 3)
    assert (codes.min(), codes.max(), codes.dtype) == (first, last, coding.dtype)
    steps = last - first
    back = -2 + (codes.astype(float) - first) / steps * 5
    assert np.abs(back - values).max() <= 5 / steps / 2 + 1e-6
    ends = [first, last, 65535 if coding is FILE else 0]
    assert coding.codes(np.array([-9.0, 9.0, np.nan]), -2, 3).tolist() == ends


def test_entropy_is_that_of_scipy() -> None:
    values = probabilities()
    np.testing.assert_allclose(entropy_bits(values), entropy(values, base=2, axis=-1), atol=1e-5)
    assert entropy_bits(np.array([0, 1, 0], np.float32)) == 0
    assert entropy_bits(np.full(8, 1 / 8, np.float32)) == pytest.approx(3)


def test_certainty_is_that_of_the_probabilities_and_none_without_data() -> None:
    values = probabilities()
    valid = np.ones((9, 7), bool)
    valid[2, 3] = valid[8, 6] = False
    predictor = cast(Predictor, Strips(values))
    labels, certainty = predict_with_certainty(predictor, np.zeros((9, 7, 3), np.uint8), valid)
    expected = values.argmax(axis=-1)
    np.testing.assert_array_equal(labels[valid], expected[valid])
    assert (labels[~valid] == VOID).all()
    assert certainty.most_bits == 2
    for codes, what, most in (
        (certainty.confidence, values.max(axis=-1), 1),
        (certainty.entropy, entropy(values, base=2, axis=-1), 2),
    ):
        assert (codes[~valid] == 0).all() and (codes[valid] > 0).all()
        read = (codes[valid].astype(float) - 1) / 254 * most
        np.testing.assert_allclose(read, what[valid], atol=most / 508 + 1e-5)


def test_labels_at_a_threshold_are_those_of_the_probability_itself() -> None:
    share = np.random.default_rng(2).random((40, 50), dtype=np.float32)
    share[0, :3] = 0.5, 0.0, 1.0
    values = np.stack([1 - share, share], axis=-1)
    labels = values.argmax(axis=-1).astype(np.uint8)
    labels[5, 5] = VOID
    confidence = SCREEN.codes(values.max(axis=-1))
    confidence[5, 5] = 0
    assert labels_at(labels, confidence, 0.5) is labels
    for threshold in (0.02, 0.3, 0.499, 0.501, 0.7, 0.98):
        there = labels_at(labels, confidence, threshold)
        assert there[5, 5] == VOID
        clear = np.abs(share - threshold) > 1 / 508 + 1e-6
        clear[5, 5] = False
        np.testing.assert_array_equal(there[clear], (share > threshold)[clear])
    assert (labels_at(labels, confidence, 0.0)[labels != VOID] == 1).all()
