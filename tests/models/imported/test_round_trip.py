"""Files of real Keras models: what comes out is what Keras' own `predict` says, to 1e-5."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from core.device import tensorflow
from core.errors import ModelError
from core.models.exchange.answers import ImportAnswers
from core.models.exchange.imported_card import Description, card_of, detected_output
from core.models.exchange.keras_incoming import built_model, opened_file, usable_model
from tests.models.imported.networks import bumped, legacy_unet, notebook_unet

if TYPE_CHECKING:
    import keras

pytestmark = pytest.mark.usefixtures("here")
RNG = np.random.default_rng(3)


def imported(path: Path, **answers: Any) -> keras.Model:
    """The network of a file as it is used here, to logits; any classes."""
    with opened_file(path) as file:
        assert file.facts is not None
        channels = file.facts.channels
        count = 2 if channels == 1 else channels - (answers.get("class_0") == "void")
        given = {"preprocessing": "none", "classes": [f"c{i}" for i in range(count)]}
        description = Description(ImportAnswers.model_validate(given | answers))
        card = card_of(file, "test", description)
        return usable_model(card, built_model(file, card))


def softmax(logits: Any) -> np.ndarray:
    values = np.asarray(logits, np.float64)
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def image(bands: int, side: int = 32) -> np.ndarray:
    return RNG.uniform(0, 1, (2, side, side, bands)).astype(np.float32)


def saved(model: keras.Model, path: Path) -> Path:
    model.save(path)
    return path


def same(model: keras.Model, path: Path, pixels: np.ndarray, **answers: Any) -> None:
    """What a file of `model` gives is what Keras' predict gives, as probabilities."""
    wanted = model.predict(pixels, verbose=0)
    result = softmax(imported(saved(model, path), **answers)(pixels, training=False))
    assert np.ptp(wanted) > 1e-3  # a network that says the same everywhere would show nothing
    np.testing.assert_allclose(result, wanted, atol=1e-5)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("bands", [3, 4])
def test_softmax(tmp_path: Path, suffix: str, bands: int) -> None:
    same(bumped(notebook_unet(bands)), tmp_path / f"u{suffix}", image(bands))


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_one_channel_of_sigmoid_is_two_classes(tmp_path: Path, suffix: str) -> None:
    model, pixels = bumped(notebook_unet(4, 1, "sigmoid", 64)), image(4, 64)
    wanted = model.predict(pixels, verbose=0)[..., 0]
    result = softmax(imported(saved(model, tmp_path / f"u{suffix}"))(pixels))
    np.testing.assert_allclose(result[..., 1], wanted, atol=1e-5)
    np.testing.assert_allclose(result[..., 0], 1 - wanted, atol=1e-5)


def test_one_channel_of_logits_is_two_classes(tmp_path: Path) -> None:
    model, pixels = bumped(notebook_unet(3, 1, None)), image(3)
    wanted = 1 / (1 + np.exp(-model.predict(pixels, verbose=0)[..., 0].astype(np.float64)))
    result = softmax(imported(saved(model, tmp_path / "u.keras"))(pixels))
    np.testing.assert_allclose(result[..., 1], wanted, atol=1e-5)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_logits_stay_what_they_are(tmp_path: Path, suffix: str) -> None:
    model, pixels = bumped(notebook_unet(3, 4, None)), image(3)
    result = imported(saved(model, tmp_path / f"u{suffix}"))(pixels)
    np.testing.assert_allclose(result, model.predict(pixels, verbose=0), atol=1e-5)


def test_several_channels_of_sigmoid_keep_their_order(tmp_path: Path) -> None:
    model, pixels = bumped(notebook_unet(3, 3, "sigmoid")), image(3)
    wanted = model.predict(pixels, verbose=0)
    result = softmax(imported(saved(model, tmp_path / "u.keras"))(pixels))
    shares = wanted / wanted.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(result, shares, atol=1e-5)


def test_a_first_channel_that_is_void_is_never_put_out(tmp_path: Path) -> None:
    model, pixels = bumped(notebook_unet()), image(3)
    rest = model.predict(pixels, verbose=0)[..., 1:]
    result = softmax(imported(saved(model, tmp_path / "u.keras"), class_0="void")(pixels))
    np.testing.assert_allclose(result, rest / rest.sum(axis=-1, keepdims=True), atol=1e-5)


def test_what_is_detected_can_be_overridden(tmp_path: Path) -> None:
    model, pixels = bumped(notebook_unet()), image(3)
    result = softmax(imported(saved(model, tmp_path / "u.keras"), output="logits")(pixels))
    np.testing.assert_allclose(result, softmax(model.predict(pixels, verbose=0)), atol=1e-5)


def nested_with_transfer() -> keras.Model:
    """A frozen network of several outputs within, and sequences within, as tutorials have it."""
    import keras
    from keras import layers

    body_in = keras.Input((None, None, 3))
    shallow = layers.Conv2D(4, 3, padding="same", name="early")(body_in)
    shallow = layers.BatchNormalization(name="early_bn")(shallow)
    deep = layers.SeparableConv2D(6, 3, strides=2, padding="same", name="late")(shallow)
    deep = layers.BatchNormalization(name="late_bn")(deep)
    body = keras.Model(body_in, [shallow, layers.ReLU(6.0)(deep)], name="body")
    body.trainable = False
    inputs = keras.Input((64, 64, 3))
    skip, x = body(layers.Rescaling(1 / 0.5, offset=-1.0)(inputs))
    up = keras.Sequential(
        [layers.Conv2DTranspose(5, 3, strides=2, padding="same"), layers.BatchNormalization()],
        name="up",
    )
    x = layers.Concatenate()([up(x), skip])
    return keras.Model(inputs, layers.Conv2D(3, 1, activation="softmax")(x))


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_networks_within_a_network(tmp_path: Path, suffix: str) -> None:
    tensorflow()
    same(bumped(nested_with_transfer()), tmp_path / f"u{suffix}", image(3, 64))


def sequence() -> keras.Model:
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.ZeroPadding2D(1),
            layers.Conv2D(4, 3),
            layers.PReLU(shared_axes=[1, 2]),
            layers.AveragePooling2D(2),
            layers.UpSampling2D(interpolation="bilinear"),
            layers.GroupNormalization(groups=2),
            layers.Dense(3),
            layers.Softmax(),
        ]
    )


def with_operations() -> keras.Model:
    """Arithmetic between layers, attention over channels, an activation that is a layer."""
    import keras
    from keras import layers, ops

    inputs = keras.Input((None, None, 4))
    x = inputs / 2.0 - 0.25
    x = layers.Conv2D(8, 3, padding="same", activation=layers.LeakyReLU(0.1))(x)
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Dense(8, activation="sigmoid")(gate)
    x = layers.Multiply()([x, gate]) + layers.DepthwiseConv2D(3, padding="same")(x)
    shared = layers.Conv2D(8, 1)
    x = layers.Add()([shared(x), shared(ops.relu(x))])
    return keras.Model(inputs, ops.softmax(layers.Conv2D(3, 1)(x)))


def used_twice() -> keras.Model:
    """A network within that is called twice, and is the output itself."""
    import keras
    from keras import layers

    one = keras.Input((None, None, 3))
    block = keras.Model(
        one, layers.Softmax()(layers.Conv2D(3, 3, padding="same")(one)), name="block"
    )
    inputs = keras.Input((None, None, 3))
    return keras.Model(inputs, block(block(inputs)))


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize(("build", "bands"), [(sequence, 3), (with_operations, 4), (used_twice, 3)])
def test_other_ways_to_build(
    tmp_path: Path, suffix: str, build: Callable[[], Any], bands: int
) -> None:
    tensorflow()
    same(bumped(build()), tmp_path / f"m{suffix}", image(bands))


def test_a_network_that_calls_one_within_with_its_own_argument_names(tmp_path: Path) -> None:
    tensorflow()
    import keras
    from keras import layers

    inputs = keras.Input((16, 16, 3))
    tokens = layers.Reshape((256, 3))(inputs)
    x = layers.MultiHeadAttention(2, 4)(query=tokens, value=layers.LayerNormalization()(tokens))
    x = layers.Conv2D(3, 1, activation="softmax")(layers.Reshape((16, 16, 3))(x))
    same(bumped(keras.Model(inputs, x)), tmp_path / "m.keras", image(3, 16))


def write_keras2(path: Path, config: dict[str, Any], weights: dict[str, dict[str, Any]]) -> Path:
    """A file as Keras 2 wrote it: the configuration an attribute, weights in groups by layer."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config).encode()
        file.attrs["keras_version"] = b"2.4.0"
        file.attrs["backend"] = b"tensorflow"
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [name.encode() for name in weights]
        for layer, arrays in weights.items():
            own = group.create_group(layer)
            own.attrs["weight_names"] = [name.encode() for name in arrays]
            for name, values in arrays.items():
                own[name] = values
    return path


def drawn(*shape: int) -> np.ndarray:
    return np.abs(RNG.normal(0.1, 0.3, shape)).astype(np.float32)


def keras2_weights() -> dict[str, dict[str, Any]]:
    """Weights of `legacy_unet`, by layer."""
    norm = ("gamma", "beta", "moving_mean", "moving_variance")
    return {
        "input_1": {},
        "conv2d": {"conv2d/kernel:0": drawn(3, 3, 3, 4), "conv2d/bias:0": drawn(4)},
        "batch_normalization": {f"batch_normalization/{n}:0": drawn(4) + 0.1 for n in norm},
        "depthwise_conv2d": {
            "depthwise_conv2d/depthwise_kernel:0": drawn(3, 3, 4, 1),
            "depthwise_conv2d/bias:0": drawn(4),
        },
        "conv2d_1": {"conv2d_1/kernel:0": drawn(3, 3, 8, 2), "conv2d_1/bias:0": drawn(2)},
    }


def test_a_file_of_keras_2_made_by_hand(tmp_path: Path) -> None:
    tensorflow()
    import keras
    from keras import layers

    weights = keras2_weights()
    x = inputs = keras.Input((None, None, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="conv2d")(x)
    x = layers.BatchNormalization(name="batch_normalization")(x)
    skip = layers.LeakyReLU(0.3)(x)
    x = layers.MaxPooling2D()(skip)
    x = layers.DepthwiseConv2D(3, padding="same", activation="relu", name="depthwise_conv2d")(x)
    x = layers.UpSampling2D(interpolation="bilinear")(x)
    x = layers.Concatenate()([x, skip])
    x = layers.Conv2D(2, 3, padding="same", activation="relu", name="conv2d_1")(x)
    twin = keras.Model(inputs, layers.Softmax()(x))
    for name, arrays in weights.items():
        if arrays:
            twin.get_layer(name).set_weights(list(arrays.values()))
    pixels = image(3)
    path = write_keras2(tmp_path / "old.h5", legacy_unet(), weights)
    result = softmax(imported(path)(pixels))
    np.testing.assert_allclose(result, twin.predict(pixels, verbose=0), atol=1e-5)


def test_keras_2_counts_calls_of_a_network_within_from_one(tmp_path: Path) -> None:
    """As ``["block", 1, 0]``, where Keras 3 counts from 0."""
    tensorflow()
    convolution = {"filters": 2, "kernel_size": [1, 1], "activation": "softmax"}

    def source(name: str, bands: int) -> dict[str, Any]:
        config = {"batch_input_shape": [None, None, None, bands], "name": name}
        return {"class_name": "InputLayer", "config": config, "name": name, "inbound_nodes": []}

    def graph(name: str, layers: list[Any], end: list[Any]) -> dict[str, Any]:
        config = {"name": name, "layers": layers, "input_layers": [[layers[0]["name"], 0, 0]]}
        return {"class_name": "Model", "config": config | {"output_layers": [end]}, "name": name}

    inner = {
        "class_name": "Conv2D",
        "config": {"name": "c", **convolution},
        "name": "c",
        "inbound_nodes": [[["in_2", 0, 0, {}]]],
    }
    block = graph("block", [source("in_2", 3), inner], ["c", 0, 0])
    block["inbound_nodes"] = [[["in_1", 0, 0, {}]]]
    config = graph("whole", [source("in_1", 3), block], ["block", 1, 0])
    kernel, bias = drawn(1, 1, 3, 2), drawn(2)
    weights = {"in_1": {}, "block": {"c/kernel:0": kernel, "c/bias:0": bias}}
    pixels = image(3)
    result = softmax(imported(write_keras2(tmp_path / "n.h5", config, weights))(pixels))
    np.testing.assert_allclose(result, softmax(pixels @ kernel[0, 0] + bias), atol=1e-5)


def test_a_smaller_output_is_enlarged_and_said(tmp_path: Path) -> None:
    tensorflow()
    import keras
    from keras import layers

    inputs = keras.Input((64, 64, 3))
    x = layers.Conv2D(3, 3, strides=4, padding="same", activation="softmax")(inputs)
    model, pixels = bumped(keras.Model(inputs, x)), image(3, 64)
    path = saved(model, tmp_path / "s.keras")
    with opened_file(path) as file:
        assert file.facts and file.facts.enlarge == 4
        answers = ImportAnswers(preprocessing="none", classes=("a", "b", "c"))
        assert "4 times smaller" in card_of(file, "s", Description(answers)).training.notes
    result = np.asarray(imported(path)(pixels))
    assert result.shape == (2, 64, 64, 3)
    logs = np.log(model.predict(pixels, verbose=0))
    # Linear between the centres of 4 × 4 pixels: (8, 8) is 1/8 of the way from one to the next.
    cell = logs[:, 1:3, 1:3]
    between = 0.375 * cell[:, 0] + 0.625 * cell[:, 1]
    wanted = 0.375 * between[:, 0] + 0.625 * between[:, 1]
    np.testing.assert_allclose(result[:, 8, 8], wanted, atol=1e-4)


def zoo_network() -> keras.Model:
    """A network as segmentation-models builds and names it, with its own FixedDropout."""
    import contextlib
    import importlib
    import io

    with contextlib.redirect_stdout(io.StringIO()):
        package = importlib.import_module("segmentation_models")
    model: keras.Model = package.Unet(
        "efficientnetb0", classes=4, activation="softmax", encoder_weights=None,
        decoder_filters=(8, 8, 8, 8, 4),
    )  # fmt: skip
    return model


def test_a_file_of_segmentation_models(tmp_path: Path) -> None:
    tensorflow()
    model, pixels = zoo_network(), image(3, 64)
    same(bumped(model), tmp_path / "sm.h5", pixels, output="softmax")


def test_facts_and_detection(tmp_path: Path) -> None:
    with opened_file(saved(notebook_unet(4, 6), tmp_path / "u.keras")) as file:
        assert file.facts and file.network
        facts = file.facts
        assert (facts.bands, facts.channels, facts.side, facts.step) == (4, 6, 0, 4)
        assert (facts.enlarge, detected_output(file)) == (1, "softmax")
        assert file.version.startswith("3.")
    with opened_file(saved(notebook_unet(3, 2, None, 96), tmp_path / "v.h5")) as file:
        assert file.facts and file.facts.side == 96
        assert detected_output(file) == "logits"


def test_multiples_are_those_that_the_network_computes(tmp_path: Path) -> None:
    """A U-Net of three halvings, which joins what it halved: multiples of 8, and no fewer."""
    tensorflow()
    import keras
    from keras import layers

    x = inputs = keras.Input((None, None, 3))
    skips = []
    for _ in range(3):
        skips.append(x)
        x = layers.Conv2D(4, 3, strides=2, padding="same")(x)
    for skip in reversed(skips):
        x = layers.Concatenate()([layers.UpSampling2D()(x), skip])
    path = saved(keras.Model(inputs, layers.Conv2D(2, 1)(x)), tmp_path / "u.keras")
    with opened_file(path) as file:
        assert file.facts and file.facts.step == 8


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_an_input_that_is_not_square_is_left_open(tmp_path: Path, suffix: str) -> None:
    """As of street scenes or strips: 256 × 512."""
    model = bumped(notebook_unet())
    tensorflow()
    import keras

    x = inputs = keras.Input((32, 64, 3))
    wide = keras.Model(inputs, model(x))
    path = saved(wide, tmp_path / f"wide{suffix}")
    with opened_file(path) as file:
        assert file.facts and file.network
        assert (file.facts.side, file.facts.step) == (0, 4)
        assert "32 × 64 px was left open" in file.network.notes[0]
    pixels = RNG.uniform(0, 1, (2, 32, 64, 3)).astype(np.float32)
    network = imported(path)
    np.testing.assert_allclose(softmax(network(pixels)), wide.predict(pixels, verbose=0), atol=1e-5)
    other = image(3)  # of another size
    np.testing.assert_allclose(softmax(network(other)), model.predict(other, verbose=0), atol=1e-5)


def test_an_output_that_is_no_map_is_refused(tmp_path: Path) -> None:
    tensorflow()
    import keras
    from keras import layers

    inputs = keras.Input((32, 32, 3))
    flat = layers.Reshape((1024, 3))(layers.Conv2D(3, 1)(inputs))
    cut = layers.Conv2D(3, 5)(inputs)
    free = keras.Input((None, None, 3))
    larger = layers.UpSampling2D()(layers.Conv2D(3, 1)(free))
    wide = keras.Input((32, 64, 3))
    whole = layers.Reshape((32, 64, 3))(layers.Reshape((2048, 3))(layers.Conv2D(3, 1)(wide)))
    for number, (model, words) in enumerate(
        [
            (keras.Model(inputs, flat), "puts out 1024 × 3"),
            (keras.Model(inputs, layers.Flatten()(inputs)), "puts out 3072"),
            (keras.Model(inputs, cut), "28 × 28 px for one of 32 × 32 px"),
            (keras.Model(free, larger), "not of the image's size"),
            (keras.Model(wide, whole), "32 × 64 px, and tiles are square"),
        ]
    ):
        with (
            pytest.raises(ModelError, match=words),
            opened_file(saved(model, tmp_path / f"{number}.keras")),
        ):
            pass


@pytest.mark.parametrize("last", ["sigmoid", "linear", "softmax"])
def test_layers_with_the_names_that_keras_gives(tmp_path: Path, last: str) -> None:
    """The names of our own operations are no reason to refuse a file."""
    import keras

    keras.backend.clear_session()
    inputs = keras.Input((None, None, 3))
    one = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
    two = keras.layers.Conv2D(4, 3, padding="same")(inputs)
    joined = keras.layers.Concatenate()([keras.layers.Subtract()([one, two]), two])
    channels = 2 if last == "softmax" else 1
    model = bumped(keras.Model(inputs, keras.layers.Conv2D(channels, 1, activation=last)(joined)))
    names = {operation.name for operation in model.operations}
    assert {"concatenate", "subtract"} <= names
    path = saved(model, tmp_path / "u.h5")
    pixels = image(3)
    wanted = model.predict(pixels, verbose=0)
    answers = {"output": "logits"} if last == "linear" else {}
    result = softmax(imported(path, **answers)(pixels))
    if last == "softmax":
        np.testing.assert_allclose(result, wanted, atol=1e-5)
        return
    sure = 1 / (1 + np.exp(-wanted)) if last == "linear" else wanted
    np.testing.assert_allclose(result[..., 1:], sure, atol=1e-5)
