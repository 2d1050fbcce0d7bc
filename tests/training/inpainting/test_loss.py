"""The loss of inpainting, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest


def _loss(target: np.ndarray, counted: np.ndarray, output: np.ndarray) -> float:
    from core.training.inpainting.loss import InpaintingLoss

    y_true = np.concatenate([target, counted[..., None]], axis=-1).astype(np.float32)
    return float(InpaintingLoss()(y_true, output.astype(np.float32)))


def test_it_is_the_mean_absolute_error_where_pixels_count() -> None:
    rng = np.random.default_rng(0)
    target, output = rng.normal(size=(2, 2, 8, 8, 4))
    counted = rng.random((2, 8, 8)) < 0.3
    wanted = np.abs(target - output)[counted].mean()
    assert _loss(target, counted, output) == pytest.approx(wanted, rel=1e-5)
    # What was not cut out, or has no data, may be anything.
    output[~counted] += 100
    assert _loss(target, counted, output) == pytest.approx(wanted, rel=1e-5)
    output[counted] += 100
    assert _loss(target, counted, output) > 10


def test_it_is_nothing_where_nothing_counts() -> None:
    target = np.ones((1, 4, 4, 2))
    assert _loss(target, np.zeros((1, 4, 4), bool), np.zeros((1, 4, 4, 2))) == 0
