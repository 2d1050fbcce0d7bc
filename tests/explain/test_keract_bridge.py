"""keract's own behaviours under Keras 3: what was written for keract runs with our import line."""

import threading

import numpy as np
import pytest

from core.explain import keract_bridge as keract
from core.explain.observation.layer_calls import observe_calls


@pytest.fixture
def keras():
    import keras

    keras.utils.set_random_seed(5)
    return keras


@pytest.fixture
def nested(keras):
    """Two models within one: a subclassed one and a sequential one; x (4, 10)."""

    class Block(keras.Model):
        def __init__(self, name):
            super().__init__(name=name)
            self.fc = keras.layers.Dense(10, name="fc")
            self.relu = keras.layers.ReLU(name="relu")

        def call(self, x):
            return self.relu(self.fc(x))

    inputs = keras.Input((10,), name="i1")
    head = keras.Sequential([keras.layers.Dense(3, name="fc"), Block("deep")], name="head")
    model = keras.Model(inputs, keras.layers.Dense(1, name="out")(head(Block("block")(inputs))))
    return model, np.random.default_rng(0).random((4, 10), np.float32)


def test_several_inputs_come_in_the_models_order(keras):
    symbols = {name: keras.Input((size,), name=name) for name, size in [("b", 4), ("a", 2)]}
    joined = keras.layers.Concatenate(name="join")([symbols["a"], symbols["b"]])
    model = keras.Model([symbols["b"], symbols["a"]], keras.layers.Dense(1, name="out")(joined))
    x = [np.ones((2, 4), np.float32), np.zeros((2, 2))]
    maps = keract.get_activations(model, x)
    assert list(maps) == ["b", "a", "join", "out"]
    np.testing.assert_array_equal(maps["join"], [[0, 0, 1, 1, 1, 1]] * 2)
    np.testing.assert_array_equal(maps["a"], x[1])
    np.testing.assert_array_equal(maps["out"], model(x))


def test_a_layer_with_several_outputs_gives_a_list(keras):
    inputs = keras.Input((6, 2), name="i")
    lstm = keras.layers.LSTM(4, return_sequences=True, return_state=True, name="lstm")
    model = keras.Model(inputs, keras.layers.Dense(1, name="out")(lstm(inputs)[1]))
    x = np.random.default_rng(1).random((3, 6, 2), np.float32)
    outputs = keract.get_activations(model, x, "lstm")["lstm"]
    assert [output.shape for output in outputs] == [(3, 6, 4), (3, 4), (3, 4)]
    for output, expected in zip(outputs, lstm(x), strict=True):
        np.testing.assert_allclose(output, expected, atol=1e-6)
    np.testing.assert_array_equal(outputs[0][:, -1], outputs[1])


def test_nested_models_as_one_and_layer_by_layer(nested):
    model, x = nested
    whole = keract.get_activations(model, x)
    assert list(whole) == ["i1", "block", "head", "out"]
    inner = keract.get_activations(model, x, nested=True)
    assert list(inner) == ["i1", "block/fc", "block/relu", "head/fc", "head/deep/fc",
                           "head/deep/relu", "out"]  # fmt: skip
    np.testing.assert_array_equal(inner["block/relu"], np.maximum(inner["block/fc"], 0))
    np.testing.assert_array_equal(inner["block/relu"], whole["block"])
    np.testing.assert_array_equal(inner["head/deep/relu"], whole["head"])
    np.testing.assert_array_equal(whole["out"], model(x))
    kernel, bias = model.get_layer("block").fc.get_weights()
    np.testing.assert_allclose(inner["block/fc"], x @ kernel + bias, atol=1e-6)


def test_layers_are_named_by_a_string_or_a_list(nested):
    model, x = nested
    assert list(keract.get_activations(model, x, layer_names="block")) == ["block"]
    both = keract.get_activations(model, x, ["head/deep/fc", "block/fc"], nested=True)
    assert list(both) == ["block/fc", "head/deep/fc"]


def test_an_unknown_layer_is_a_key_error_that_names_the_layers(nested):
    model, x = nested
    with pytest.raises(KeyError, match=r"\[unknown\].*Network layers are \[i1, block, head, out\]"):
        keract.get_activations(model, x, "unknown")
    model.compile("sgd", "mse")
    with pytest.raises(KeyError, match=r"\[unknown\].*Network layers are \[i1, block, head, out\]"):
        keract.get_gradients_of_activations(model, x, np.zeros(4), "unknown")


def test_the_three_formats_hold_the_same(nested):
    model, x = nested
    simple = keract.get_activations(model, x, output_format="simple")
    full = keract.get_activations(model, x, output_format="full")
    numbered = keract.get_activations(model, x, output_format="numbered")
    assert list(full) == ["i1:0", "block/relu/Relu:0", "head/deep/relu/Relu:0", "out/BiasAdd:0"]
    assert list(numbered) == [0, 1, 2, 3]
    for one, two, three in zip(simple.values(), full.values(), numbered.values(), strict=True):
        np.testing.assert_array_equal(one, two)
        np.testing.assert_array_equal(one, three)


def test_full_names_tell_the_last_operation(keras):
    layers = keras.layers
    inputs = keras.Input((8, 8, 3), name="i")
    x = layers.Conv2D(2, 3, use_bias=False, name="bare")(inputs)
    x = layers.BatchNormalization(name="bn")(x)
    x = layers.Conv2D(2, 3, activation="relu", name="active")(x)
    x = layers.MaxPooling2D(name="pool")(x)
    x = layers.UpSampling2D(interpolation="bilinear", name="up")(x)
    model = keras.Model(inputs, layers.Activation("softmax", name="last")(x))
    names = keract.get_activations(model, np.zeros((1, 8, 8, 3)), output_format="full")
    assert list(names) == [
        "i:0",
        "bare/Conv2D:0",
        "bn/FusedBatchNormV3:0",
        "active/Relu:0",
        "pool/MaxPool:0",
        "up/resize/ResizeBilinear:0",
        "last/Softmax:0",
    ]


def test_nodes_and_variables_are_evaluated(nested):
    model, x = nested
    out = model.get_layer("out")
    values = keract.get_activations(
        model, x, nodes_to_evaluate=[model.get_layer("head").output, out.kernel, out.bias]
    )
    kernel, bias = values["out/kernel:0"], values["out/bias:0"]
    answer = values["head/deep/relu/Relu:0"] @ kernel + bias
    np.testing.assert_allclose(answer, model(x), atol=1e-6)
    for nodes, names in [([], "unknown"), ([], None), ([out.output], "out")]:
        with pytest.raises(ValueError, match=r"nodes_to_evaluate|Nodes list is empty"):
            keract.get_activations(model, x, names, nodes_to_evaluate=nodes)


def test_a_node_between_layers_is_evaluated(keras):
    inputs = keras.Input((3,), name="i")
    between = keras.ops.sin(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1, name="out")(between))
    x = np.random.default_rng(2).random((2, 3), np.float32)
    (values,) = keract.get_activations(model, x, nodes_to_evaluate=[between]).values()
    np.testing.assert_allclose(values, np.sin(x), atol=1e-6)


def test_sequential_and_subclassed_models(keras):
    plain = keras.Sequential([keras.layers.Dense(3, name="a"), keras.layers.ReLU(name="b")])
    x = np.random.default_rng(3).normal(size=(2, 5))
    maps = keract.get_activations(plain, x)
    assert list(maps)[1:] == ["a", "b"]
    np.testing.assert_array_equal(maps["b"], np.maximum(maps["a"], 0))

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.second = keras.layers.Dense(2, name="second")
            self.first = keras.layers.Dense(4, name="first")
            self.unused = keras.layers.Dense(4, name="unused")

        def call(self, x):
            return self.second(self.first(x))

    own = Own()
    maps = keract.get_activations(own, x)
    assert set(maps) == {"input_1", "first", "second"}
    np.testing.assert_array_equal(maps["second"], own(x))


def test_a_layer_called_twice_gives_what_it_gave_first(keras):
    inputs = keras.Input((3,), name="i")
    twice = keras.layers.Dense(3, name="twice")
    model = keras.Model(inputs, twice(twice(inputs)))
    x = np.random.default_rng(4).random((2, 3), np.float32)
    np.testing.assert_array_equal(keract.get_activations(model, x)["twice"], twice(x))


def test_cells_of_loops_are_left_out(keras):
    inputs = keras.Input((None, 4), name="i")
    timed = keras.layers.TimeDistributed(keras.layers.Dense(2, name="each"), name="timed")
    model = keras.Model(inputs, timed(inputs))
    maps = keract.get_activations(model, np.ones((1, 3, 4)), ["timed"], nested=True)
    assert maps["timed"].shape == (1, 3, 2)


def test_a_model_is_compiled_in_keracts_eyes_alone(nested):
    model, x = nested
    with pytest.raises(Exception, match="Compilation of the model required"):
        keract.get_activations(model, x, auto_compile=False)
    keract.get_activations(model, x, auto_compile=True)
    assert not model.compiled
    assert model._is_compiled  # what was written for keract reads it
    keract.get_activations(model, x, auto_compile=False)


def test_errors_of_the_model_come_as_they_are(nested, capsys):
    model, x = nested
    with pytest.raises(ValueError, match="shape"):
        keract.get_activations(model, x[:, :3])
    assert "eager" not in capsys.readouterr().out  # keract's own advice is for Keras 2


def test_another_thread_is_not_observed(nested):
    model, x = nested
    with observe_calls() as root:
        thread = threading.Thread(target=model, args=(x,))
        thread.start()
        thread.join()
        assert root.calls == []
        model(x)
    assert [call.layer for call in root.calls] == [model]
    assert root.calls[0].first(model.get_layer("block")) is not None


def test_without_eager_execution_the_message_says_so(nested, monkeypatch):
    import tensorflow

    monkeypatch.setattr(tensorflow, "executing_eagerly", lambda: False)
    with pytest.raises(Exception, match=r"leave out tf\.compat\.v1\.disable_eager_execution"):
        keract.get_activations(*nested)


def test_json_and_back(tmp_path, nested):
    maps = keract.get_activations(*nested)
    keract.persist_to_json_file(maps, str(tmp_path / "maps.json"))
    back = keract.load_activations_from_json_file(str(tmp_path / "maps.json"))
    assert list(back) == list(maps)
    for name, values in maps.items():
        np.testing.assert_allclose(back[name], values, rtol=1e-6)


def test_pictures_of_matplotlib(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    maps = {"c": np.random.default_rng(0).random((1, 8, 8, 3))}
    keract.display_activations(maps, save=True, directory=str(tmp_path / "a"), fig_size=(2, 2))
    keract.display_heatmaps(maps, np.zeros((8, 8, 3)), directory=str(tmp_path / "h"), save=True)
    kernels = {"k": np.zeros((3, 3, 2, 2))}
    keract.display_gradients_of_trainable_weights(kernels, str(tmp_path / "g"), save=True)
    assert [path.name for path in sorted(tmp_path.rglob("*.png"))] == [
        "0_c.png",
        "0_k.png",
        "0_c.png",
    ]


def test_without_matplotlib_the_message_says_how(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(Exception, match="pip install matplotlib"):
        keract.display_activations({})
