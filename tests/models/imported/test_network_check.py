"""A configuration is data until it was checked: what is kept, and every way to be refused."""

from __future__ import annotations

import copy
import json
import random
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from core.errors import ModelError
from core.models.imported.checks.layer_table import LAYERS, OPERATIONS
from core.models.imported.checks.network_check import CheckedNetwork, check_network
from tests.models.imported.networks import legacy_unet


def checked(config: Any, version: str = "2.4.0") -> CheckedNetwork:
    return check_network(json.dumps(config), version)


def layer_of(config: dict[str, Any], name: str) -> dict[str, Any]:
    entry: dict[str, Any] = next(e for e in config["config"]["layers"] if e["name"] == name)
    return entry


def refusal(config: Any, version: str = "2.4.0") -> str:
    with pytest.raises(ModelError) as caught:
        checked(config, version)
    return str(caught.value)


def changed(layer_: str, **entry: Any) -> dict[str, Any]:
    """The network of before with one layer's entry changed."""
    config = legacy_unet()
    layer = layer_of(config, layer_)
    layer.update({"config": layer["config"] | entry.pop("config", {})} | entry)
    return config


def test_nothing_but_names_of_the_table_and_plain_values_is_kept() -> None:
    network = json.loads(checked(legacy_unet()).text)
    text = json.dumps(network)
    for word in ("GlorotUniform", "L2", "batch_input_shape", "regularizer", 'groups": 1, "dil'):
        assert word not in text
    for entry in network["config"]["layers"]:
        assert entry["module"] == "keras.layers"
        assert entry["registered_name"] is None
        assert set(entry) == {
            *("module", "class_name", "config", "registered_name", "name", "inbound_nodes")
        }


def test_what_is_written_reads_back_as_the_same() -> None:
    once = checked(legacy_unet())
    assert check_network(once.text) == once


def test_older_words_become_those_of_today() -> None:
    network = json.loads(checked(legacy_unet()).text)
    by_name = {entry["name"]: entry["config"] for entry in network["config"]["layers"]}
    assert by_name["input_1"]["batch_shape"] == [None, None, None, 3]
    assert by_name["batch_normalization"]["axis"] == 3
    assert by_name["leaky_re_lu"]["negative_slope"] == 0.3
    # Keras 3's DepthwiseConv2D takes no `groups`, which Keras 2.9 and later write.
    assert "groups" not in by_name["depthwise_conv2d"]


def test_shape_and_ending_are_read() -> None:
    network = checked(legacy_unet())
    assert network.shape == (None, None, 3)
    assert (network.ending, network.scales) == ("softmax", False)


def test_a_fixed_batch_is_left_open() -> None:
    config = legacy_unet()
    layer_of(config, "input_1")["config"]["batch_input_shape"] = [8, 256, 256, 3]
    network = checked(config)
    assert network.shape == (256, 256, 3)
    assert json.loads(network.text)["config"]["layers"][0]["config"]["batch_shape"][0] is None


LAMBDA = {
    "class_name": "Lambda",
    "config": {"name": "scale it", "function": ["4wEAAAAAAAAA", None, None]},
}


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (LAMBDA, "'conv2d' is a Lambda, which holds code"),
        # CVE-2024-3660: the marshalled code of a Lambda.
        (
            {"class_name": "Lambda", "config": {"function": {"class_name": "__lambda__"}}},
            "is a Lambda",
        ),
        # CVE-2025-1550: any module, class and function by name.
        (
            {"module": "subprocess", "class_name": "Popen", "config": {"args": ["id"]}},
            "is of the class Popen of subprocess, which is not one of Keras' own",
        ),
        ({"module": "os", "class_name": "Conv2D"}, "of the class Conv2D of os"),
        ({"module": "kerasx.layers", "class_name": "Conv2D"}, "of kerasx.layers"),
        # CVE-2025-8747: functions of Keras itself that fetch or write files.
        ({"module": "keras.utils", "class_name": "get_file"}, "of the class get_file, which"),
        ({"module": "keras.models", "class_name": "load_model"}, "of the class load_model, which"),
        # CVE-2025-9906: switching safe mode off from within.
        (
            {"module": "keras.config", "class_name": "enable_unsafe_deserialization"},
            "of the class enable_unsafe_deserialization, which",
        ),
        # CVE-2025-12058: files by name, or addresses, as a vocabulary.
        ({"class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}}, "StringLookup"),
        ({"class_name": "IntegerLookup", "config": {"vocabulary": "/etc/passwd"}}, "IntegerLook"),
        ({"class_name": "TextVectorization"}, "TextVectorization"),
        ({"class_name": "TorchModuleWrapper", "module": "keras.layers"}, "holds a pickle"),
        ({"class_name": "TFSMLayer", "config": {"filepath": "/tmp/x"}}, "is a TFSMLayer, which"),
        ({"class_name": "TFOpLambda", "config": {"function": "io.write_file"}}, "TensorFlow func"),
        ({"class_name": "MyAttention", "config": {}}, "of the class MyAttention, which is not"),
        (
            {"class_name": "Gate", "module": "my_layers", "registered_name": "mine>Gate"},
            "of the class Gate of my_layers",
        ),
        # A class of one's own that is called as Keras' own.
        (
            {"class_name": "Conv2D", "module": None, "registered_name": "mine>Conv2D"},
            "of the class Conv2D of mine>Conv2D",
        ),
        ({"class_name": "mine>Conv2D"}, "of the class mine>Conv2D, which is not"),
        ({"class_name": ["Conv2D"]}, "has no class"),
        ({"config": {"activation": "my_swish"}}, "has the activation 'my_swish'"),
        (
            {
                "config": {
                    "activation": {"class_name": "function", "config": "system", "module": "os"}
                }
            },
            "of the class system of os",
        ),
        (
            {"config": {"activation": {"class_name": "Lambda", "config": {}}}},
            "has the activation 'Lambda'",
        ),
        ({"config": {"activation": {"class_name": ["x"], "config": 1}}}, "has the activation"),
        ({"config": {"activation": "hard_sigmoid"}}, "Keras 3 computes in another way"),
        (
            {"config": {"kernel_size": {"class_name": "function", "config": "x", "module": "os"}}},
            "has a setting 'kernel_size' that is no plain value",
        ),
        ({"config": {"filters": float("inf")}}, "has a setting 'filters' that is no plain value"),
        ({"config": {"surprise": 1}}, "has a setting 'surprise' that Conv2D of Keras 3 has not"),
        ({"config": {"data_format": "channels_first"}}, "takes channels first"),
        ({"inbound_nodes": [[["nowhere", 0, 0, {}]]]}, "the output of 'nowhere', which is not"),
        ({"inbound_nodes": [[["input_1", 0, 0, {"training": True}]]]}, "as in a training"),
        ({"inbound_nodes": [[["input_1", 0, 0, {"y": {"class_name": "os"}}]]]}, "no plain value"),
        ({"inbound_nodes": [{"args": [], "kwargs": {}}]}, "has no input"),
        ({"inbound_nodes": 3}, "is not wired"),
        ({"name": "batch_normalization"}, "'batch_normalization' is there twice"),
        ({"name": "", "config": {"name": 4}}, "a layer without a name that can be read"),
    ],
)
def test_a_layer_is_refused_by_its_name(entry: dict[str, Any], words: str) -> None:
    assert words in refusal(changed("conv2d", **copy.deepcopy(entry)))


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, "does not describe a network"),
        ([], "does not describe a network"),
        ({"class_name": "Functional", "config": {}}, "wired by code of its own"),
        (
            {"class_name": "MyUNet", "module": "__main__", "config": {}},
            "of the class MyUNet of __m",
        ),
        ({"class_name": "MyUNet", "config": {"depth": 3}}, "is of the class MyUNet, whose layers"),
        ({"class_name": "Sequential", "config": {"layers": []}}, "does not say the shape"),
        ({"class_name": "Sequential", "config": {"layers": [1]}}, "list of layers cannot be read"),
    ],
)
def test_a_model_of_code_or_of_nothing_is_refused(config: Any, words: str) -> None:
    assert words in refusal(config)


def test_two_outputs_are_named_with_what_to_do() -> None:
    config = legacy_unet()
    config["config"]["output_layers"].append(["conv2d_1", 0, 0])
    text = refusal(config)
    assert "2 outputs (activation, conv2d_1)" in text
    assert "keras.Model(model.input, model.get_layer('activation').output)" in text


def test_two_inputs_are_refused() -> None:
    config = legacy_unet()
    config["config"]["input_layers"].append(["conv2d", 0, 0])
    assert "takes 2 inputs" in refusal(config)


def test_a_vector_for_input_is_no_image() -> None:
    config = legacy_unet()
    layer_of(config, "input_1")["config"]["batch_input_shape"] = [None, 784]
    assert "takes an input of 784" in refusal(config)


def test_dropout_that_stays_on_is_off_and_said() -> None:
    config = changed(
        "leaky_re_lu",
        class_name="Dropout",
        config={"rate": 0.5, "alpha": None},
        inbound_nodes=[[["batch_normalization", 0, 0, {"training": True}]]],
    )
    network = checked(config)
    assert "training" not in network.text
    assert "off here" in network.notes[0]


def test_a_network_that_is_wired_to_itself_ends() -> None:
    config = changed(
        "activation",
        class_name="Dropout",
        config={"activation": None, "rate": 0.1},
        inbound_nodes=[[["activation", 0, 0, {}]]],
    )
    assert checked(config).ending == "linear"


def test_text_that_is_no_json_or_nested_without_end() -> None:
    for text in ("{", "[" * 100_000, "\x00"):
        with pytest.raises(ModelError, match="no JSON"):
            check_network(text)
    deep: Any = 1
    for _ in range(sys.getrecursionlimit() // 2):
        deep = [deep]
    assert refusal(changed("conv2d", config={"strides": deep}))


def test_networks_within_one_another_have_an_end() -> None:
    config = legacy_unet()
    for _ in range(8):
        config = {
            "class_name": "Sequential",
            "config": {"name": "outer", "layers": [config | {"name": "inner"}]},
        }
    assert "deep" in refusal(config)


@pytest.mark.parametrize("kind", [*LAYERS])
def test_every_setting_of_the_table_is_one_of_keras(kind: str) -> None:
    """A word that Keras does not take would refuse files for nothing, or be passed on to no one."""
    import inspect

    from core.device import tensorflow

    tensorflow()
    import keras

    parameters = set(inspect.signature(getattr(keras.layers, kind).__init__).parameters)
    assert LAYERS[kind] <= parameters


def test_every_operation_of_the_table_is_one_of_keras() -> None:
    import importlib
    import inspect

    from core.device import tensorflow

    tensorflow()
    for name, (module, settings) in OPERATIONS.items():
        operation = getattr(importlib.import_module(module), name)
        assert settings <= set(inspect.signature(operation.__init__).parameters), name


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if not isinstance(value, dict | list):
        return
    for key, each in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _places(each, (*path, key))


_ODD = (
    None,
    True,
    -1,
    1e400,
    "",
    "Lambda",
    "os.system",
    [],
    {},
    [[]],
    {"class_name": "x"},
    [1, 2, 3],
)


def test_whatever_is_changed_it_is_kept_clean_or_refused() -> None:
    """1,500 configurations with something odd somewhere: no other error, and no strange word."""
    random_ = random.Random(8)
    original = legacy_unet()
    places = [place for place in _places(original) if place]
    kept = 0
    for _ in range(1_500):
        config = copy.deepcopy(original)
        for place in random_.sample(places, random_.choice((1, 1, 2))):
            target: Any = config
            try:
                for key in place[:-1]:
                    target = target[key]
                target[place[-1]] = copy.deepcopy(random_.choice(_ODD))
            except (KeyError, IndexError, TypeError):
                continue  # an earlier change took the place away
        try:
            network = checked(config)
        except ModelError:
            continue
        kept += 1
        for entry in json.loads(network.text)["config"]["layers"]:
            assert entry["class_name"] in {*LAYERS, "InputLayer"}
            assert entry["module"] == "keras.layers"
    assert 100 < kept < 1_400
