"""The probe of a pixel: a planted detector pushes most, and sums that are known."""

import numpy as np
import pytest

from core.errors import ModelError
from core.explain.probe import probe_pixel
from core.explain.window import ImageView, Window, view_image
from core.models.store import find_model, load_model
from tests.explain.planted_detector import CHANNEL, planted_network, scene


def view_of(pixels):
    side = pixels.shape[0]
    return ImageView(pixels[None] / np.float32(255), Window(0, 0, side, side), (side, side))


@pytest.fixture(scope="module")
def planted():
    pixels, labels = scene(2)
    return planted_network(), view_of(pixels), labels


def test_the_planted_channel_pushes_to_its_class(planted):
    model, view, labels = planted
    row, column = np.argwhere(labels == 1)[40]
    probe = probe_pixel(model, view, int(row), int(column), 1)
    assert (probe.predicted, probe.other) == (1, 0)
    [block] = probe.blocks
    assert block.layer == "active"
    assert block.strongest()[0] == CHANNEL
    assert CHANNEL not in block.strongest(8, towards_other=True)
    logits = np.array(model(view.batch))[0, row, column]
    assert probe.margin == pytest.approx(logits[1] - logits[0], rel=1e-5)
    # Behind the block everything is linear: the pushes are the margin but for the bias of 1.
    assert block.push.sum() == pytest.approx(probe.margin + 1, rel=1e-4)
    np.testing.assert_allclose(block.here, block.push, rtol=1e-5, atol=1e-7)  # 1 × 1 behind it


def test_a_wrong_pixel_is_compared_with_the_truth(planted):
    model, view, labels = planted
    row, column = np.argwhere(labels == 0)[0]
    right = probe_pixel(model, view, int(row), int(column), 0)
    assert (right.predicted, right.other) == (0, 1)
    wrong = probe_pixel(model, view, int(row), int(column), 1)
    assert (wrong.predicted, wrong.other) == (0, 1)
    unknown = probe_pixel(model, view, int(row), int(column))
    assert (unknown.predicted, unknown.other) == (0, 1)
    np.testing.assert_allclose(wrong.probabilities.sum(), 1, rtol=1e-6)


def test_the_influence_ends_where_the_convolution_does(planted):
    model, view, _ = planted
    probe = probe_pixel(model, view, 30, 20)
    rows, columns = np.nonzero(probe.influence)
    assert set(rows) <= {29, 30, 31}
    assert set(columns) <= {19, 20, 21}
    assert probe.field_side() in (1, 3)


def test_a_trained_network_says_something_at_every_block():
    model, card = load_model(find_model("demo-unet").folder)
    from core.datasets.synthetic.dubai import generate_scene

    pixels, labels = generate_scene(160, 3)
    view = view_image(card, pixels, Window(16, 16, 128, 128))
    probe = probe_pixel(model, view, 80, 80, int(labels[80, 80]))
    assert probe.blocks[0].stride == 2
    assert max(block.stride for block in probe.blocks) > 4
    assert all(np.isfinite(block.push).all() and block.push.any() for block in probe.blocks)
    assert probe.place == (64, 64)
    assert 1 < probe.field_side(0.5) <= probe.field_side(0.95) <= 257
    logits = np.array(model(view.batch, training=False))[0, 64, 64]
    expected = np.exp(logits - logits.max())
    np.testing.assert_allclose(probe.probabilities, expected / expected.sum(), atol=1e-4)


def test_what_cannot_be_probed_is_refused(planted):
    model, view, _ = planted
    with pytest.raises(ModelError, match="outside the part of the image"):
        probe_pixel(model, view, 64, 0)
    with pytest.raises(ModelError, match="the model has 2 classes"):
        probe_pixel(model, view, 0, 0, 7)
    import keras

    one = keras.Model(model.inputs, keras.layers.Conv2D(1, 1)(model.get_layer("active").output))
    with pytest.raises(ModelError, match="one class"):
        probe_pixel(one, view, 0, 0)
