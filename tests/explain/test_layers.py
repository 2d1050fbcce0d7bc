"""The table of layers against what the network does to a real image."""

import numpy as np
import pytest

from core.explain.layers import last_activations, list_layers
from core.models.architectures.unet import UNetSpec
from core.models.network import build_model


@pytest.mark.parametrize("stem", [1, 2, 4])
@pytest.mark.parametrize("norm", ["batch", "group", "none"])
def test_strides_and_channels_are_those_of_an_output(stem, norm):
    import keras

    model = build_model(UNetSpec(width=8, depth=2, stem_stride=stem, norm=norm))
    layers = list_layers(model)
    outputs = keras.Model(model.inputs[0], [layer.output for layer in model.layers])(
        np.zeros((1, 64, 32, 3), np.float32)
    )
    assert len(layers) == len(model.layers)
    for layer, output in zip(layers, outputs, strict=True):
        expected = (1, 64 / layer.stride, 32 / layer.stride, layer.channels)
        assert tuple(output.shape) == expected, layer.name


def test_parameters_add_up_to_the_models():
    model = build_model(UNetSpec(width=8, depth=2))
    assert sum(layer.parameters for layer in list_layers(model)) == model.count_params()


def test_shapes_are_read_as_shares_of_the_image():
    by_name = {layer.name: layer for layer in list_layers(build_model(UNetSpec(width=8, depth=2)))}
    assert by_name["image"].shape == "H × W × 3"
    assert by_name["enc2_conv1"].shape == "H/2 × W/2 × 16"
    assert by_name["bridge_relu2"].shape == "H/4 × W/4 × 32"
    assert by_name["enc2_conv1"].type == "Conv2D"
    assert by_name["enc2_conv1"].parameters == 3 * 3 * 8 * 16


def test_only_stacks_of_maps_can_be_viewed():
    import keras

    inputs = keras.Input((None, None, 3))
    pooled = keras.layers.GlobalAveragePooling2D(keepdims=True, name="pooled")(inputs)
    flat = keras.layers.GlobalAveragePooling2D(name="flat")(pooled)
    layers = {layer.name: layer for layer in list_layers(keras.Model(inputs, flat))}
    assert (layers["pooled"].shape, layers["pooled"].stride) == ("1 × 1 × 3", None)
    assert (layers["flat"].shape, layers["flat"].viewable) == ("3", False)


def test_enlarging_and_valid_padding_are_reported():
    import keras

    inputs = keras.Input((None, None, 3))
    x = keras.layers.UpSampling2D(2, name="up")(inputs)
    x = keras.layers.Conv2D(1, 3, name="valid")(x)
    layers = {layer.name: layer.shape for layer in list_layers(keras.Model(inputs, x))}
    assert layers["up"] == "2·H × 2·W × 3"
    assert layers["valid"].startswith("≈2·H")


def test_a_network_of_fixed_size():
    import keras

    inputs = keras.Input((64, 64, 3))
    model = keras.Model(inputs, keras.layers.MaxPooling2D(4, name="pool")(inputs))
    assert list_layers(model)[-1].shape == "H/4 × W/4 × 3"


def test_a_layer_used_twice_is_listed_but_not_viewed():
    import keras

    inputs = keras.Input((None, None, 3))
    twice = keras.layers.ReLU(name="twice")
    last = keras.layers.Conv2D(1, 1, name="last")(twice(twice(inputs)))
    layers = {layer.name: layer for layer in list_layers(keras.Model(inputs, last))}
    assert not layers["twice"].viewable
    assert layers["twice"].shape == "several outputs"
    assert layers["last"].viewable


def test_the_last_activation_of_every_level():
    layers = list_layers(build_model(UNetSpec(width=8, depth=2, stem_stride=2)))
    assert [layer.name for layer in last_activations(layers)] == [
        "enc1_relu2",
        "enc2_relu2",
        "bridge_relu2",
        "dec2_relu2",
        "dec1_relu2",
    ]
