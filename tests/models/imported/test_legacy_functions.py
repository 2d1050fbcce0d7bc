"""Arithmetic that Keras 2 wrote as TensorFlow's functions: computed by hand, or refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import ModelError
from core.models.imported.checks.network_check import check_network
from tests.models.imported.test_round_trip import drawn, image, imported, softmax, write_keras2

pytestmark = pytest.mark.usefixtures("here")

BEGIN = {
    "class_name": "InputLayer",
    "config": {"batch_input_shape": [None, None, None, 3], "name": "input_1"},
    "name": "input_1",
    "inbound_nodes": [],
}
KERNEL, BIAS = drawn(1, 1, 3, 2), drawn(2)
WEIGHTS: dict[str, dict[str, Any]] = {
    "input_1": {},
    "c": {"c/kernel:0": KERNEL, "c/bias:0": BIAS},
}


def function(name: str, source: list[Any], number: int = 0) -> dict[str, Any]:
    """An entry as Keras 2.4 to 2.15 write it for a call of a function of TensorFlow."""
    own = f"tf.{name}_{number}" if number else f"tf.{name}"
    config = {"name": own, "trainable": True, "dtype": "float32", "function": name}
    return {"class_name": "TFOpLambda", "config": config, "name": own, "inbound_nodes": [source]}


def network(*entries: dict[str, Any]) -> dict[str, Any]:
    """A network of these entries in a row, with a convolution of one pixel at its end."""
    convolution = {
        "class_name": "Conv2D",
        "config": {"name": "c", "filters": 2, "kernel_size": [1, 1], "activation": "softmax"},
        "name": "c",
        "inbound_nodes": [[[entries[-1]["name"], 0, 0, {}]]],
    }
    config = {"name": "m", "layers": [BEGIN, *entries, convolution]}
    ends = {"input_layers": [["input_1", 0, 0]], "output_layers": [["c", 0, 0]]}
    return {"class_name": "Functional", "config": config | ends, "name": "m"}


def after(entry: dict[str, Any], **named: Any) -> list[Any]:
    return [entry["name"], 0, 0, {**named, "name": None}]


def test_values_brought_to_their_range_and_back(tmp_path: Path) -> None:
    """`x / 127.5 - 1` as notebooks write it, then every other function of one or two arguments."""
    divided = function("math.truediv", after(BEGIN, y=0.5))
    less = function("math.subtract", after(divided, y=1.0))
    # 1 - x: what stands first is no tensor.
    turned = function(
        "math.subtract",
        ["_CONSTANT_VALUE", -1, 1.0, {"y": [less["name"], 0, 0], "name": None}],
        1,
    )
    channels = function("math.multiply", after(turned, y=[0.5, 1.0, 2.0]))
    both = function("__operators__.add", after(channels, y=[divided["name"], 0, 0]))
    cast = function("cast", after(both, dtype="float32"))
    bias = function("nn.bias_add", after(cast, bias=[0.1, 0.2, 0.3], data_format=None))
    text = network(divided, less, turned, channels, both, cast, bias)
    pixels = image(3)
    wanted = (1 - (pixels / 0.5 - 1)) * [0.5, 1, 2] + pixels / 0.5 + [0.1, 0.2, 0.3]
    result = softmax(imported(write_keras2(tmp_path / "m.h5", text, WEIGHTS))(pixels))
    np.testing.assert_allclose(result, softmax(wanted @ KERNEL[0, 0] + BIAS), atol=1e-5)
    assert check_network(json.dumps(text), "2.4.0").scales  # it brings values to a range itself


@pytest.mark.parametrize(
    ("name", "named", "wanted"),
    [
        ("math.negative", {}, lambda x: -x),
        ("math.square", {}, np.square),
        ("math.exp", {}, np.exp),
        ("math.divide", {"y": 3.0}, lambda x: x / 3),
        ("math.add", {"y": 3}, lambda x: x + 3),
        ("math.maximum", {"y": 0.4}, lambda x: np.maximum(x, 0.4)),
        ("math.minimum", {"y": 0.4}, lambda x: np.minimum(x, 0.4)),
        ("math.sigmoid", {}, lambda x: 1 / (1 + np.exp(-x))),
        ("nn.sigmoid", {}, lambda x: 1 / (1 + np.exp(-x))),
        ("math.tanh", {}, np.tanh),
        ("nn.tanh", {}, np.tanh),
        ("nn.relu", {}, lambda x: np.maximum(x, 0)),
        ("nn.relu6", {}, lambda x: np.clip(x, 0, 6)),
        ("nn.softmax", {}, softmax),
        ("nn.softmax", {"axis": -1}, softmax),
        ("identity", {}, lambda x: x),
        ("convert_to_tensor", {"dtype": "float32"}, lambda x: x),
    ],
)
def test_each_function_computes_what_tensorflow_does(
    tmp_path: Path, name: str, named: dict[str, Any], wanted: Any
) -> None:
    pixels = image(3) - 0.5
    text = network(function(name, after(BEGIN, **named)))
    result = softmax(imported(write_keras2(tmp_path / "m.h5", text, WEIGHTS))(pixels))
    expected = softmax(np.asarray(wanted(pixels), np.float64) @ KERNEL[0, 0] + BIAS)
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_tensors_joined(tmp_path: Path) -> None:
    halved = function("math.multiply", after(BEGIN, y=0.5))
    joined = function("concat", [])
    axis = {"axis": -1, "name": None}
    joined["inbound_nodes"] = [[[BEGIN["name"], 0, 0, axis], [halved["name"], 0, 0, axis]]]
    kernel = drawn(1, 1, 6, 2)
    weights = WEIGHTS | {"c": {"c/kernel:0": kernel, "c/bias:0": BIAS}}
    pixels = image(3)
    path = write_keras2(tmp_path / "m.h5", network(halved, joined), weights)
    both = np.concatenate([pixels, pixels * 0.5], axis=-1)
    expected = softmax(both @ kernel[0, 0] + BIAS)
    np.testing.assert_allclose(softmax(imported(path)(pixels)), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("math.subtract", lambda x, n: n - x),
        ("math.add", lambda x, n: n + x),
        ("math.multiply", lambda x, n: n * x),
    ],
)
def test_a_number_a_channel_that_stands_first(tmp_path: Path, name: str, wanted: Any) -> None:
    numbers = [0.5, 1.5, 2.0]
    named = {"y": ["input_1", 0, 0], "name": None}
    text = network(function(name, ["_CONSTANT_VALUE", -1, numbers, named]))
    pixels = image(3)
    result = softmax(imported(write_keras2(tmp_path / "m.h5", text, WEIGHTS))(pixels))
    expected = softmax(wanted(pixels, np.array(numbers)) @ KERNEL[0, 0] + BIAS)
    np.testing.assert_allclose(result, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (function("io.write_file", after(BEGIN, contents="x")), "function io.write_file, no layer"),
        (function("py_function", after(BEGIN, func="os.system")), "function py_function, no layer"),
        (function("image.resize", after(BEGIN, size=[2, 2])), "function image.resize, no layer"),
        (function("math.truediv", after(BEGIN)), "has no argument 'y'"),
        (function("math.truediv", after(BEGIN, y="x")), "no tensor, no number"),
        (function("math.truediv", after(BEGIN, y=[[1.0]])), "no tensor, no number"),
        (function("math.truediv", after(BEGIN, y=True)), "no tensor, no number"),
        (function("math.truediv", after(BEGIN, y=["nobody", 0, 0])), "'nobody', which is not th"),
        (function("cast", after(BEGIN, dtype="int32")), "has a setting 'dtype'"),
        (function("math.add", after(BEGIN, y=1, more={"a": 1})), "has a setting 'more'"),
        (function("math.maximum", after(BEGIN, y=[1.0, 2, 3])), "with numbers a channel in a way"),
        (function("math.truediv", after(BEGIN, y=[1.0, 0, 3])), "with numbers a channel in a way"),
        (function("nn.relu", [["x"]]), "has an input that cannot be read"),
        (function("nn.relu", {"x": 1}), "has an input that cannot be read"),  # type: ignore[arg-type]
        (function("nn.relu", []) | {"inbound_nodes": []}, "is not wired to any other"),
        (function("nn.relu", []) | {"config": {"name": "tf.nn.relu", "function": ["x"]}}, "no lay"),
    ],
)
def test_all_else_is_refused_by_the_name_of_the_layer(entry: dict[str, Any], words: str) -> None:
    with pytest.raises(ModelError) as caught:
        check_network(json.dumps(network(entry)), "2.4.0")
    assert f"the layer {entry['name']!r} " in str(caught.value)
    assert words in str(caught.value)


def test_what_is_written_reads_back_as_the_same() -> None:
    text = network(function("math.truediv", after(BEGIN, y=127.5)))
    once = check_network(json.dumps(text), "2.4.0")
    assert check_network(once.text) == once
    assert "TFOpLambda" not in once.text
