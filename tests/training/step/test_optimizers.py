"""A smaller learning rate for the encoder: how far its weights move, with every optimizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from core.models.architectures.unet import UNetSpec
from core.models.architectures.unet_lite0 import UNetLite0Spec
from core.models.network import build_model, encoder_layers
from core.models.spec import ModelSpec
from core.training.callbacks.freeze_encoder import FreezeEncoder
from core.training.config import Optimizer, TrainConfig, with_settings

UNET = UNetSpec(width=4, depth=1, classes=3, dropout=0.0)
LITE0 = UNetLite0Spec(classes=3, dropout=0.0)
FACTOR = 0.25
# Decay and steps of about one size, so that either would be seen.
SETTINGS = ["learning_rate=0.01", "weight_decay=0.9", "ema=0.9"]


def compiled(spec: ModelSpec, *settings: str) -> Any:
    import keras

    from core.training.step.compile import compile_model

    keras.utils.set_random_seed(1)
    config = with_settings(TrainConfig(), [*SETTINGS, *settings])
    network = build_model(spec)
    return compile_model(network, spec, config, np.array([5, 3, 2]), [1.0] * 3)


def train(model: Any, steps: int = 1, callbacks: Any = ()) -> None:
    rng = np.random.default_rng(0)
    images = rng.normal(size=(2, 32, 32, 3)).astype(np.float32)
    labels = rng.integers(0, 3, (2, 32, 32)).astype(np.uint8)
    model.fit(
        images, labels, batch_size=2, epochs=steps, shuffle=False, callbacks=[*callbacks], verbose=0
    )


def moved(spec: ModelSpec, *settings: str) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """How far a step moves each weight of the encoder, and each of the others."""
    model = compiled(spec, *settings)
    encoder = {v.path for layer in encoder_layers(model, spec) for v in layer.trainable_variables}
    variables = model.trainable_variables
    before = [np.array(variable) for variable in variables]
    # At the end of `fit` the averages are put in, which after one step are the weights.
    train(model)
    ways: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for variable, old in zip(variables, before, strict=True):
        ways[variable.path not in encoder].append(np.array(variable) - old)
    return ways


def _cases() -> list[Any]:
    """Every optimizer, and a network of ninety more layers with one of them."""
    small = [pytest.param(name, UNET, id=f"{name}-unet") for name in get_args(Optimizer)]
    return [*small, pytest.param("adamw", LITE0, id="adamw-unet-lite0")]


@pytest.mark.training
@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(("optimizer", "spec"), _cases())
def test_the_encoders_weights_move_so_many_times_as_far(optimizer: str, spec: ModelSpec) -> None:
    setting = f"optimizer={optimizer}"
    encoder, others = moved(spec, setting)
    slow, as_before = moved(spec, setting, f"encoder_rate={FACTOR}")
    assert encoder and others and max(np.abs(way).max() for way in encoder) > 1e-4
    for way, wanted in zip(slow, encoder, strict=True):
        np.testing.assert_allclose(way, FACTOR * wanted, rtol=1e-3, atol=1e-6)
    for way, wanted in zip(as_before, others, strict=True):
        np.testing.assert_allclose(way, wanted, rtol=1e-3, atol=1e-6)


@pytest.mark.training
def test_it_holds_where_the_loss_is_scaled() -> None:
    """As 16-bit training does, with an optimizer around ours."""
    import keras

    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        encoder, _ = moved(UNET)
        slow, _ = moved(UNET, f"encoder_rate={FACTOR}")
    finally:
        keras.config.set_dtype_policy(policy)
    assert max(np.abs(way).max() for way in encoder) > 1e-4
    for way, wanted in zip(slow, encoder, strict=True):
        np.testing.assert_allclose(way, FACTOR * wanted, rtol=1e-3, atol=1e-6)


def test_decay_is_as_keras_does_it() -> None:
    """The encoder's at its own rate; offsets and normalisation have none."""
    import keras

    from core.training.step.optimizers import optimizer

    first, second, bias = (
        keras.Variable(np.full(2, 2.0, np.float32), name=n) for n in ("kernel", "kernel", "bias")
    )
    config = TrainConfig(optimizer="adamw", learning_rate=0.1, weight_decay=0.5, encoder_rate=0.5)
    ours = optimizer(config, [first])
    ours.apply([keras.ops.zeros(2)] * 3, [first, second, bias])
    np.testing.assert_allclose(first, 2 - 2 * 0.5 * 0.1 * 0.5)
    np.testing.assert_allclose(second, 2 - 2 * 0.5 * 0.1)
    np.testing.assert_allclose(bias, 2)


@pytest.mark.parametrize("chosen", ["adam", "adamw", "sgd"])
def test_at_the_rate_of_the_rest_it_is_keras_own(chosen: str) -> None:
    import keras

    from core.training.step.optimizers import optimizer

    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=(2, 3)), rng.normal(size=(5, 2, 3)).astype(np.float32)
    own = {
        "adam": keras.optimizers.Adam(0.1),
        "adamw": keras.optimizers.AdamW(0.1, weight_decay=0.3),
        "sgd": keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.3),
    }[chosen]
    config = TrainConfig(optimizer=chosen, learning_rate=0.1, weight_decay=0.3)  # type: ignore[arg-type]
    results = []
    for one in (own, optimizer(config)):
        variable = keras.Variable(start, name="kernel")
        for gradient in gradients:
            one.apply([keras.ops.convert_to_tensor(gradient)], [variable])
        results.append(np.array(variable))
    np.testing.assert_allclose(results[0], results[1], rtol=1e-6)


@pytest.mark.training
def test_it_holds_after_a_frozen_phase_and_after_a_checkpoint(tmp_path: Path) -> None:
    settings = ["optimizer=adamw", "ema=0"]
    slow = [*settings, f"encoder_rate={FACTOR}"]
    whole, again, faster = (compiled(UNET, *chosen) for chosen in (slow, slow, settings))
    freeze = FreezeEncoder(encoder_layers(whole, UNET), 1)
    first = encoder_layers(whole, UNET)[0].kernel
    before = np.array(first)
    train(whole, 1, [freeze])
    np.testing.assert_array_equal(first, before)
    whole.save_weights(tmp_path / "state.weights.h5")
    for model in (again, faster):
        model.load_weights(tmp_path / "state.weights.h5")
        train(model, 2)
    freeze.epochs = 0
    train(whole, 2, [freeze])
    for one, other in zip(whole.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)
    assert not np.allclose(again.get_weights()[0], faster.get_weights()[0], atol=1e-4)
