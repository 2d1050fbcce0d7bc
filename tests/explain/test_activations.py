"""Feature maps of an image: input, padding, windows and statistics."""

import numpy as np
import pytest

from core.errors import ImageError, ModelError
from core.explain.activations import channel_statistics, feature_maps
from core.explain.window import Window, centre_window
from core.imagery.header import Header
from core.imagery.raster import Raster
from core.models.store import find_model, load_model


@pytest.fixture
def tiny(tiny_model):
    return load_model(find_model(tiny_model).folder)


def _image(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def test_maps_are_the_layers_output_for_the_normalised_image(tiny):
    import keras

    model, card = tiny
    image = _image(32, 48)
    part = keras.Model(model.inputs[0], model.get_layer("bridge_relu2").output)
    expected = part(image[None] / np.float32(255), training=False)[0]
    features = feature_maps(model, card, image, "bridge_relu2")
    np.testing.assert_allclose(features.maps, expected, atol=1e-5)
    assert features.maps.dtype == np.float32
    assert features.stride == (4, 4)
    assert features.note == "the whole image, 48 × 32 px"


@pytest.mark.parametrize("layer", ["enc1_relu2", "enc2_relu2", "bridge_relu2"])
def test_a_side_of_any_length_is_extended_by_reflection(tiny, layer):
    model, card = tiny
    image = _image(33, 22)
    by_hand = np.pad(image, ((0, 3), (0, 2), (0, 0)), mode="reflect")
    features = feature_maps(model, card, image, layer)
    whole = feature_maps(model, card, by_hand, layer)
    height, width = features.maps.shape[:2]
    assert (height, width) == tuple(np.ceil(np.array([33, 22]) / features.stride))
    np.testing.assert_allclose(features.maps, whole.maps[:height, :width], atol=1e-5)


def test_a_single_pixel_has_maps(tiny):
    assert feature_maps(*tiny, _image(1, 1), "bridge_relu2").maps.shape == (1, 1, 32)


def test_a_window_is_the_same_as_that_part_cut_out(tiny):
    image = _image(64, 64)
    window = Window(8, 20, 32, 24)
    features = feature_maps(*tiny, image, "enc2_relu2", part=window)
    cut = feature_maps(*tiny, window.crop(image), "enc2_relu2")
    np.testing.assert_array_equal(features.maps, cut.maps)
    assert features.note == (
        "a window of 24 × 32 px, 20 px from the left and 8 px from the top, of the image's "
        "64 × 64 px"
    )


def test_a_large_image_is_not_shrunk_but_its_middle_is_taken(tiny):
    image = _image(40, 90)
    features = feature_maps(*tiny, image, "enc1_relu2", part=32)
    assert features.window == centre_window(40, 90, 32) == Window(4, 29, 32, 32)
    cut = feature_maps(*tiny, image[4:36, 29:61], "enc1_relu2")
    np.testing.assert_array_equal(features.maps, cut.maps)


@pytest.mark.parametrize(
    ("window", "text"),
    [
        (Window(0, 0, 41, 10), "is not inside the image of 1030 × 40 px"),
        (Window(-1, 0, 10, 10), "is not inside"),
        (Window(0, 1025, 10, 10), "is not inside"),
        (Window(0, 0, 0, 10), "is not inside"),
        (Window(0, 0, 40, 1025), "is larger than 1024 px"),
    ],
)
def test_a_window_that_does_not_fit_is_refused(tiny, window, text):
    with pytest.raises(ImageError, match=text):
        feature_maps(*tiny, _image(40, 1030), "enc1_relu2", part=window)


def test_pixels_without_data_are_zero_whatever_they_hold(tiny):
    image = _image(16, 16)
    valid = np.ones((16, 16), bool)
    valid[4:8, 4:8] = False
    other = image.copy()
    other[~valid] = 0
    header = Header(16, 16, 3, "uint8", "PNG", None, None)
    features = feature_maps(*tiny, Raster(image, valid, header), "enc1_relu2")
    expected = feature_maps(*tiny, other, "enc1_relu2")
    np.testing.assert_array_equal(features.maps, expected.maps)


def test_other_bands_or_types_are_refused_as_in_prediction(tiny):
    from core.inference.predictor import Predictor

    model, card = tiny
    predictor = Predictor.of_card(model, card)
    for image in (np.zeros((8, 8, 4), np.uint8), np.zeros((8, 8, 3), np.uint16)):
        with pytest.raises(ImageError) as there:
            predictor.predict(image)
        with pytest.raises(ImageError) as here:
            feature_maps(model, card, image, "enc1_relu2")
        assert str(here.value) == str(there.value)


def test_broken_weights_are_reported(tiny):
    model, card = tiny
    model.get_layer("enc1_conv1").set_weights([np.full((3, 3, 3, 8), np.nan, np.float32)])
    with pytest.raises(ModelError, match="not finite"):
        feature_maps(model, card, _image(8, 8), "enc1_conv1")


def test_the_strongest_channel_is_the_one_that_varies_most():
    flat = np.full((4, 4), 100.0)
    little = np.zeros((4, 4))
    little[0, 0] = 1
    much = np.zeros((4, 4))
    much[:2] = 6
    statistics = channel_statistics(
        np.stack([flat, little, much, flat], axis=-1).astype(np.float32)
    )
    assert statistics.order == [2, 1, 0, 3]
    np.testing.assert_allclose(statistics.std, [0, np.sqrt(1 / 16 - 1 / 256), 3, 0])
    np.testing.assert_allclose(statistics.mean, [100, 1 / 16, 3, 100])
    np.testing.assert_array_equal([statistics.low[2], statistics.high[2]], [0, 6])
