"""Class activation maps computed by hand on a toy."""

import numpy as np
import pytest

from core.errors import ModelError
from core.explain.attribution.class_activation import METHODS, class_activation, on_pixels
from core.explain.attribution.target import ScoreGradient, Target
from core.explain.layers import layer_output

MAPS = np.array([[[1, 0], [2, 1]], [[0, 3], [1, 1]]], np.float32)  # (2, 2, channels)
GRADIENT = np.array([[[1, -1], [0, 2]], [[2, 0], [1, 1]]], np.float32)


def test_by_hand():
    # Mean gradients: (1 + 0 + 2 + 1) / 4 = 1 and (-1 + 2 + 0 + 1) / 4 = 0.5.
    np.testing.assert_allclose(class_activation(MAPS, GRADIENT, "grad-cam"), [[1, 2.5], [1.5, 1.5]])
    # Activation times gradient: (1, 0), (0, 2), (0, 0), (1, 1).
    np.testing.assert_allclose(class_activation(MAPS, GRADIENT, "hires"), [[1, 2], [0, 2]])
    np.testing.assert_allclose(class_activation(MAPS, -GRADIENT, "hires"), np.zeros((2, 2)))
    np.testing.assert_allclose(class_activation(MAPS, GRADIENT, "layer-cam"), [[1, 2], [0, 2]])
    np.testing.assert_allclose(class_activation(MAPS, -GRADIENT, "layer-cam"), np.zeros((2, 2)))


def test_a_window_leads_from_hires_to_grad_cam():
    one = class_activation(MAPS, GRADIENT, "xres", window=1)
    np.testing.assert_allclose(one, class_activation(MAPS, GRADIENT, "hires"), atol=1e-6)
    # Of two by two values a window of three holds all, everywhere.
    all_of_it = class_activation(MAPS, GRADIENT, "xres", window=3)
    np.testing.assert_allclose(all_of_it, class_activation(MAPS, GRADIENT, "grad-cam"), atol=1e-6)
    for window in (0, 2):
        with pytest.raises(ModelError, match="odd number"):
            class_activation(MAPS, GRADIENT, "xres", window=window)


def test_grad_cam_plus_plus_of_one_strong_pixel():
    # One channel, its gradient at one pixel alone: alpha is 1 there, the weight that gradient.
    maps, gradient = np.ones((3, 3, 1), np.float32), np.zeros((3, 3, 1), np.float32)
    gradient[1, 1] = 2
    np.testing.assert_allclose(class_activation(maps, gradient, "grad-cam++"), np.full((3, 3), 2.0))


def test_an_unknown_method_is_refused():
    with pytest.raises(ModelError, match="no method 'score-cam'"):
        class_activation(MAPS, GRADIENT, "score-cam")


def test_a_one_layer_network_against_the_hand():
    """Logits are a 1 × 1 convolution of the maps: the gradient at the region is its kernel."""
    import keras

    inputs = keras.Input((4, 4, 2))
    maps = keras.layers.ReLU(name="maps")(inputs)
    last = keras.layers.Conv2D(2, 1, name="logits")
    model = keras.Model(inputs, last(maps))
    kernel = np.array([[[[1.0, -3.0], [2.0, 5.0]]]], np.float32)  # (1, 1, channel, class)
    last.set_weights([kernel, np.zeros(2, np.float32)])
    batch = np.arange(32, dtype=np.float32).reshape(1, 4, 4, 2)
    region = np.zeros((4, 4), bool)
    region[1, 2] = region[3, 0] = True
    score = ScoreGradient(model, Target(1, region), layer_output(model, "maps"))
    _, values, gradient = score.by_layer(batch)
    np.testing.assert_array_equal(values, batch[0])
    expected = np.zeros((4, 4, 2))
    expected[region] = kernel[0, 0, :, 1] / 2  # the score is a mean over two pixels
    np.testing.assert_allclose(gradient, expected)
    weights = expected.mean(axis=(0, 1))
    np.testing.assert_allclose(
        class_activation(values, gradient, "grad-cam"), np.maximum(batch[0] @ weights, 0), rtol=1e-5
    )
    hires = class_activation(values, gradient, "hires")
    assert np.array_equal(hires > 0, region)  # evidence lies at the region, Grad-CAM's everywhere


def test_maps_come_to_the_pixels_of_the_window():
    values = np.array([[0.0, 4.0]], np.float32)
    assert on_pixels(values, (4, 8), (3, 5)).shape == (3, 5)
    row = on_pixels(values, (4, 8), (4, 8))[0]
    assert (np.diff(row) >= 0).all() and row[0] == 0 and row[-1] == 4
    assert METHODS[0] == "hires"
