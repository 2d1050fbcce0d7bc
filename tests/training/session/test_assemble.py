"""What every training begins with: the same seed gives the same network, whatever came before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.errors import ConfigError
from core.training.config import TrainConfig, with_settings
from core.training.session.training_data import DataProfile

PROFILE = DataProfile(bands=4, counts=np.array([5, 0, 2]), factors=[1.0, 1.0, 2.0])


@pytest.fixture(autouse=True)
def _policy_restored() -> Any:
    import keras

    policy = keras.config.dtype_policy()
    yield
    keras.config.set_dtype_policy(policy)


def _assemble(*settings: str, load_weights: Any = None) -> Any:
    from core.training.session.assemble import assemble, keep_random_weights

    tiny = ["model.width=4", "model.depth=1", "batch=2", "precision=float32"]
    config = with_settings(TrainConfig(), [*tiny, *settings])
    return assemble(config, PROFILE, load_weights or keep_random_weights)


def test_network_and_precision_are_those_of_the_configuration_and_the_data() -> None:
    import keras

    assembly = _assemble("precision=mixed_bfloat16", "ema=0.9", "optimizer=sgd")
    assert (assembly.spec.width, assembly.spec.bands, assembly.spec.classes) == (4, 4, 3)
    assert assembly.network.output_shape[-1] == 3
    assert keras.config.dtype_policy().name == "mixed_bfloat16"
    assert isinstance(assembly.compiled.optimizer, keras.optimizers.SGD)
    assert assembly.compiled.optimizer.use_ema
    assert assembly.replicas == 1


def test_the_same_seed_gives_the_same_weights() -> None:
    first, again, other = _assemble("seed=3"), _assemble("seed=3"), _assemble("seed=4")
    kernels = [a.network.get_weights()[0] for a in (first, again, other)]
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert not np.array_equal(kernels[0], kernels[2])


def test_loaded_weights_are_those_that_are_trained() -> None:
    def zero(network: Any, spec: Any) -> None:
        assert (spec.bands, network.input_shape[-1]) == (4, 4)
        network.set_weights([np.zeros_like(w) for w in network.get_weights()])

    assembly = _assemble(load_weights=zero)
    assert not any(np.any(w) for w in assembly.compiled.get_weights())


def test_a_network_that_cannot_take_the_data_is_refused() -> None:
    from core.training.session.assemble import assemble, keep_random_weights

    data = DataProfile(bands=5000, counts=np.ones(3, np.int64), factors=[1.0] * 3)
    with pytest.raises(ConfigError, match="does not fit the dataset"):
        assemble(TrainConfig(), data, keep_random_weights)
