"""Outputs of layers against plain Keras and against convolutions done by hand."""

import threading

import numpy as np
import pytest

from core.errors import ModelError
from core.explain.activations import layer_outputs
from core.explain.keract_bridge import get_activations
from core.models.architectures.unet import UNetSpec
from core.models.architectures.unet_vgg11 import UNetVGG11Spec
from core.models.architectures.zoo_spec import ZooSpec
from core.models.network import build_model


@pytest.fixture(scope="module")
def unet():
    import keras

    keras.utils.set_random_seed(3)
    return build_model(UNetSpec(width=8, depth=2))


@pytest.fixture
def image():
    return np.random.default_rng(0).random((1, 24, 16, 3), np.float32)


def _convolution(image, kernel, bias):
    """A same-padded 3×3 convolution, written out: (H, W, C) → (H, W, F)."""
    height, width, _ = image.shape
    padded = np.pad(image, ((1, 1), (1, 1), (0, 0)))
    out = np.tile(bias.astype(np.float64), (height, width, 1))
    for row in range(3):
        for column in range(3):
            out += padded[row : row + height, column : column + width] @ kernel[row, column]
    return out


def test_a_convolutions_maps_are_the_convolution(image):
    import keras

    keras.utils.set_random_seed(1)
    inputs = keras.Input((None, None, 3))
    layer = keras.layers.Conv2D(4, 3, padding="same", bias_initializer="random_normal", name="c")
    model = keras.Model(inputs, layer(inputs))
    maps = layer_outputs(model, image, ["c"])["c"]
    kernel, bias = layer.get_weights()
    np.testing.assert_allclose(maps[0], _convolution(image[0], kernel, bias), atol=1e-5)


def test_every_layer_is_what_a_plain_sub_model_gives(unet, image):
    import keras

    names = [layer.name for layer in unet.layers]
    plain = keras.Model(unet.inputs[0], [layer.output for layer in unet.layers])
    expected = dict(zip(names, plain(image, training=False), strict=True))
    maps = layer_outputs(unet, image, names)
    assert list(maps) == names
    for name in names:
        assert maps[name].dtype == np.float32
        np.testing.assert_array_equal(maps[name], expected[name], err_msg=name)


@pytest.mark.training
@pytest.mark.parametrize(
    "spec",
    [UNetVGG11Spec(), ZooSpec(architecture="sm-fpn", backbone="resnet18")],
    ids=lambda spec: spec.architecture,
)
def test_every_layer_of_a_large_network_is_equal_to_the_bit(spec):
    import keras

    keras.utils.set_random_seed(4)
    model = build_model(spec)
    names = [layer.name for layer in model.layers if not layer.name.startswith("image")]
    batch = np.random.default_rng(0).random((1, 64, 64, 3), np.float32)
    plain = keras.Model(model.inputs[0], [model.get_layer(name).output for name in names])
    maps = get_activations(model, batch)
    assert [name for name in maps if name in names] == names
    for name, expected in zip(names, plain(batch, training=False), strict=True):
        np.testing.assert_array_equal(maps[name], expected, err_msg=name)


def test_nothing_beyond_the_chosen_layer_is_computed(image):
    import keras

    class Tripwire(keras.layers.Layer):
        def call(self, x):
            if not isinstance(x, keras.KerasTensor) and self.built and armed:
                raise AssertionError("a later layer was computed")
            return x

    armed = False
    inputs = keras.Input((None, None, 3))
    x = keras.layers.ReLU(name="early")(inputs)
    model = keras.Model(inputs, Tripwire(name="late")(x))
    armed = True
    np.testing.assert_array_equal(layer_outputs(model, image, ["early"])["early"], image)
    with pytest.raises(AssertionError, match="a later layer"):
        layer_outputs(model, image, ["late"])


def test_it_is_keract_that_answers(unet, image, monkeypatch):
    import keract.keract

    asked = []
    real = keract.keract.get_activations

    def watched(model, x, **options):
        asked.append(options["layer_names"])
        return real(model, x, **options)

    monkeypatch.setattr(keract.keract, "get_activations", watched)
    layer_outputs(unet, image, ["enc1_relu1"])
    assert asked == [["enc1_relu1"]]


def test_nothing_stays_patched(unet, image):
    import keract.keract

    before, own = keract.keract.K, set(vars(unet))
    layer_outputs(unet, image, ["enc1_relu1"])
    with pytest.raises(ModelError):
        layer_outputs(unet, image, ["enc"])
    with pytest.raises(Exception, match="shape"):
        layer_outputs(unet, image[..., :2], ["enc1_relu1"])
    assert keract.keract.K is before
    assert not hasattr(before, "function")
    assert set(vars(unet)) == own


def test_sessions_may_ask_at_once(unet, image):
    names = [layer.name for layer in unet.layers if "relu" in layer.name]
    alone = {name: layer_outputs(unet, image, [name])[name] for name in names}
    together = {}

    def ask(name):
        together.update(layer_outputs(unet, image, [name]))

    threads = [threading.Thread(target=ask, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(together) == set(names)
    for name in names:
        np.testing.assert_array_equal(together[name], alone[name])


def test_layers_with_input_in_their_name_are_located(image):
    # keract takes them for placeholders.
    import keras

    inputs = keras.Input((None, None, 3), name="input_image")
    model = keras.Model(inputs, keras.layers.ReLU(name="after_input")(inputs))
    maps = layer_outputs(model, image, ["input_image", "after_input"])
    np.testing.assert_array_equal(maps["input_image"], image)
    np.testing.assert_array_equal(maps["after_input"], image)


def test_sixteen_bit_layers_come_out_in_float32(image):
    import keras

    inputs = keras.Input((None, None, 3))
    half = keras.layers.Conv2D(2, 1, dtype="mixed_bfloat16", name="half")
    maps = layer_outputs(keras.Model(inputs, half(inputs)), image, ["half"])
    assert maps["half"].dtype == np.float32


def test_a_wrong_name_lists_close_ones(unet, image):
    with pytest.raises(ModelError, match=r"no layer 'enc1_rellu1'.*did you mean enc1_relu1"):
        layer_outputs(unet, image, ["enc1_rellu1"])
    with pytest.raises(ModelError, match=r"name one of: image, enc1_conv1.*, logits$"):
        layer_outputs(unet, image, ["%%%"])


def test_a_layer_without_one_output_is_refused(image):
    import keras

    inputs = keras.Input((None, None, 3))
    twice = keras.layers.ReLU(name="twice")
    model = keras.Model(inputs, twice(twice(inputs)))
    with pytest.raises(ModelError, match="used more than once"):
        layer_outputs(model, image, ["twice"])
    with pytest.raises(ModelError, match="no layer was named"):
        layer_outputs(model, image, [])
