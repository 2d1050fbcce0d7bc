"""Maps of gradients: networks whose answers are known by hand."""

import numpy as np
import pytest

from core.errors import ModelError
from core.explain.attribution.gradient_maps import (
    BASELINES,
    baseline_batch,
    integrated_gradients,
    saliency,
    smooth_grad,
)
from core.explain.attribution.target import ScoreGradient, Target


@pytest.fixture(scope="module")
def linear():
    """A 3 × 3 convolution to two logits, and its kernel (3, 3, 2, 2)."""
    import keras

    inputs = keras.Input((None, None, 2))
    layer = keras.layers.Conv2D(2, 3, padding="same", bias_initializer="ones", name="logits")
    model = keras.Model(inputs, layer(inputs))
    kernel = np.random.default_rng(1).normal(size=(3, 3, 2, 2)).astype(np.float32)
    layer.set_weights([kernel, np.ones(2, np.float32)])
    return model, kernel


@pytest.fixture(scope="module")
def curved():
    """A small network with nonlinearities."""
    import keras

    keras.utils.set_random_seed(2)
    inputs = keras.Input((None, None, 2))
    x = keras.layers.Conv2D(8, 3, padding="same", activation="tanh")(inputs)
    x = keras.layers.Conv2D(8, 3, padding="same", activation="relu")(x)
    return keras.Model(inputs, keras.layers.Conv2D(3, 1, name="logits")(x))


def _pixel(label, row, column, side=8, against=None):
    region = np.zeros((side, side), bool)
    region[row, column] = True
    return Target(label, region, against)


@pytest.fixture
def batch():
    return np.random.default_rng(0).normal(size=(1, 8, 8, 2)).astype(np.float32)


def test_the_score_is_the_mean_logit_over_the_region(linear, batch):
    model, _ = linear
    logits = np.array(model(batch))[0]
    region = np.zeros((8, 8), bool)
    region[2:4, 5] = True
    score, _ = ScoreGradient(model, Target(1, region)).by_image(batch)
    assert score == pytest.approx(logits[2:4, 5, 1].mean(), rel=1e-5)
    score, _ = ScoreGradient(model, Target(1, region, against=0)).by_image(batch)
    assert score == pytest.approx((logits[2:4, 5, 1] - logits[2:4, 5, 0]).mean(), rel=1e-4)


def test_saliency_of_a_convolution_is_its_kernel(linear, batch):
    model, kernel = linear
    expected = np.zeros((8, 8), np.float32)
    # The logit at (3, 4) takes pixel (3 + dy, 4 + dx) by the kernel's entry (1 + dy, 1 + dx).
    expected[2:5, 3:6] = np.abs(kernel[..., 1]).max(axis=-1)
    score = ScoreGradient(model, _pixel(1, 3, 4))
    np.testing.assert_allclose(saliency(score, batch), expected, atol=1e-6)
    # What is linear has one gradient everywhere: noise changes nothing.
    np.testing.assert_allclose(smooth_grad(score, batch, samples=3), expected, atol=1e-6)


def test_gradients_against_finite_differences(curved, batch):
    score = ScoreGradient(curved, _pixel(2, 4, 4))
    _, gradient = score.by_image(batch)
    for place in [(4, 4, 0), (3, 5, 1), (6, 4, 0), (0, 0, 1)]:
        step, ends = 1e-2, []
        for sign in (1, -1):
            moved = batch.copy()
            moved[(0, *place)] += sign * step
            ends.append(score.by_image(moved)[0])
        assert gradient[place] == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=2e-3)


@pytest.mark.parametrize("kind", BASELINES)
def test_integrated_gradients_sum_to_the_difference(curved, batch, kind):
    baseline = baseline_batch(batch, kind)
    score = ScoreGradient(curved, _pixel(0, 4, 4, against=2))
    result = integrated_gradients(score, batch, baseline)
    difference = score.by_image(batch)[0] - score.by_image(baseline)[0]
    assert result.score - result.baseline_score == pytest.approx(difference)
    assert result.values.sum() == pytest.approx(difference, rel=0.01)
    assert result.error <= 0.01


def test_integrated_gradients_of_a_convolution_are_kernel_times_difference(linear, batch):
    model, kernel = linear
    baseline = baseline_batch(batch, "mean")
    result = integrated_gradients(ScoreGradient(model, _pixel(1, 3, 4)), batch, baseline, steps=2)
    expected = np.zeros((8, 8))
    difference = (batch - baseline)[0, 2:5, 3:6]
    expected[2:5, 3:6] = (kernel[..., 1] * difference).sum(axis=-1)
    np.testing.assert_allclose(result.values, expected, atol=1e-5)


def test_baselines_say_less_and_less_of_the_image(batch):
    mean = baseline_batch(batch, "mean")
    assert np.ptp(mean, axis=(0, 1, 2)).max() == 0
    np.testing.assert_allclose(mean[0, 0, 0], batch.mean(axis=(0, 1, 2)), rtol=1e-4)
    assert baseline_batch(batch, "blurred").std() < batch.std()
    np.testing.assert_array_equal(baseline_batch(batch, "noise"), baseline_batch(batch, "noise"))
    with pytest.raises(ModelError, match="no baseline 'black'"):
        baseline_batch(batch, "black")


def test_an_empty_region_and_an_unknown_class_are_refused(curved):
    with pytest.raises(ModelError, match="no pixel of the region"):
        ScoreGradient(curved, Target(0, np.zeros((8, 8), bool)))
    for target in (_pixel(3, 0, 0), _pixel(0, 0, 0, against=5)):
        with pytest.raises(ModelError, match="the model has 3 classes"):
            ScoreGradient(curved, target)
