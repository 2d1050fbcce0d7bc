"""Gradients under keract's names, against finite differences in float64."""

import numpy as np
import pytest

from core.explain.keract_bridge import (
    get_activations,
    get_gradients_of_activations,
    get_gradients_of_trainable_weights,
)


@pytest.fixture(scope="module")
def small():
    """A convolutional model of float64 with a nested one, compiled; x, y and the model's loss."""
    import keras

    keras.utils.set_random_seed(8)
    layers, kind = keras.layers, "float64"
    inner_inputs = keras.Input((5, 5, 2), dtype=kind)
    inner = keras.Model(
        inner_inputs,
        layers.Conv2D(3, 3, activation="tanh", dtype=kind, name="conv")(inner_inputs),
        name="inner",
    )
    inputs = keras.Input((5, 5, 2), dtype=kind, name="i")
    x = layers.Flatten(dtype=kind, name="flat")(inner(inputs))
    model = keras.Model(inputs, layers.Dense(2, dtype=kind, name="out")(x))
    model.compile("sgd", keras.losses.MeanSquaredError(dtype=kind))
    rng = np.random.default_rng(0)
    return model, rng.normal(size=(2, 5, 5, 2)), rng.normal(size=(2, 2))


def _loss(model, x, y):
    return float(np.mean((model(x).numpy() - y) ** 2))


def test_weights_against_finite_differences(small):
    model, x, y = small
    gradients = get_gradients_of_trainable_weights(model, x, y)
    assert list(gradients) == ["conv/kernel:0", "conv/bias:0", "out/kernel:0", "out/bias:0"]
    for weight, gradient in zip(model.trainable_weights, gradients.values(), strict=True):
        value, step = weight.numpy(), 1e-5
        assert gradient.shape == value.shape
        for place in list(np.ndindex(value.shape))[::5]:
            losses = []
            for sign in (1, -1):
                moved = value.copy()
                moved[place] += sign * step
                weight.assign(moved)
                losses.append(_loss(model, x, y))
            weight.assign(value)
            difference = (losses[0] - losses[1]) / (2 * step)
            assert gradient[place] == pytest.approx(difference, rel=1e-3, abs=1e-6)


def test_activations_against_the_rest_of_the_network(small):
    model, x, y = small
    gradients = get_gradients_of_activations(model, x, y)
    assert list(gradients) == ["inner", "flat", "out"]
    out = get_activations(model, x)["out"]
    np.testing.assert_allclose(gradients["out"], 2 * (out - y) / y.size, rtol=1e-5, atol=1e-8)
    kernel = model.get_layer("out").get_weights()[0]
    np.testing.assert_allclose(gradients["flat"], gradients["out"] @ kernel.T, rtol=1e-5, atol=1e-8)
    np.testing.assert_array_equal(
        gradients["inner"].reshape(2, -1), gradients["flat"]
    )  # Flatten only moves values
    nested = get_gradients_of_activations(model, x, y, "inner/conv", nested=True)
    np.testing.assert_array_equal(nested["inner/conv"], gradients["inner"])


def test_what_the_loss_does_not_depend_on_has_zeros():
    import keras

    inputs = keras.Input((3,), name="i")
    used = keras.layers.Dense(1, name="used")(inputs)
    other = keras.layers.Dense(2, name="other")(inputs)
    model = keras.Model(inputs, {"a": used, "b": other})
    model.compile("sgd", {"a": "mse"})
    x = np.ones((2, 3), np.float32)
    gradients = get_gradients_of_activations(
        model, x, {"a": np.zeros((2, 1)), "b": np.ones((2, 2))}
    )
    assert gradients["used"].any()
    np.testing.assert_array_equal(gradients["other"], np.zeros((2, 2)))


def test_a_model_without_a_loss_is_refused(small):
    import keras

    model = keras.Model(small[0].inputs, small[0].outputs)
    for gradients in (get_gradients_of_activations, get_gradients_of_trainable_weights):
        with pytest.raises(ValueError, match="compile the model first"):
            gradients(model, *small[1:])


def test_nothing_of_the_model_is_changed(small):
    model, x, y = small
    model.evaluate(x, y, verbose=0)
    before = [np.array(value) for value in [*model.weights, *model.metrics_variables]]
    get_gradients_of_activations(model, x, y)
    get_gradients_of_trainable_weights(model, x, y)
    for value, old in zip([*model.weights, *model.metrics_variables], before, strict=True):
        np.testing.assert_array_equal(value, old)
