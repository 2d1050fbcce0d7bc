"""Two replicas train as one does: in a process of its own, where the processor is divided.

A whole training by two is in tests/training/inpainting/test_pretrain.py.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from core.errors import ConfigError
from tests.conftest import REPOSITORY

_STEPS = """
import json, sys
import numpy as np
from core.models.architectures.unet import UNetSpec
from core.models.network import build_model
from core.training.step.compile import compile_model
from core.training.config import TrainConfig, with_settings
from core.training.step.replicas import mirrored, synchronise

def trained(replicas):
    strategy = mirrored(replicas, 4)
    import keras
    keras.utils.set_random_seed(3)
    settings = ["loss.focal=1", "loss.tversky=1", "clip_norm=0.5", "learning_rate=0.01"]
    settings += ["encoder_rate=0.5", "weight_decay=0.1"]
    config = with_settings(TrainConfig(), settings)
    spec = UNetSpec(width=4, depth=1, classes=3, dropout=0.0)
    with strategy.scope():
        model = build_model(spec)
        if replicas > 1:
            synchronise(model)
        compiled = compile_model(model, spec, config, np.array([5, 3, 2]), [1.0, 2.0, 1.0])
    rng = np.random.default_rng(0)
    images = rng.normal(size=(16, 16, 16, 3)).astype(np.float32)
    labels = rng.integers(0, 3, (16, 16, 16)).astype(np.uint8)
    labels[::4, :12] = 255  # one replica sees far fewer labels than the other
    steps = []

    class Recorder(keras.callbacks.Callback):
        def on_train_batch_end(self, step, logs=None):
            steps.append({name: float(value) for name, value in logs.items()})

    compiled.fit(
        images, labels, batch_size=4, epochs=2, shuffle=False, callbacks=[Recorder()], verbose=0
    )
    weights = [w.ravel()[:50].tolist() for w in model.get_weights()]
    return {"steps": steps, "weights": weights, "n": strategy.num_replicas_in_sync}

# The processor is divided before anything else is done with it.
print(json.dumps([trained(2), trained(1)]))
"""


def _trained() -> list[dict[str, Any]]:
    """What is left of a training by two replicas, and by one."""
    process = subprocess.run(
        [sys.executable, "-c", _STEPS], capture_output=True, text=True, cwd=REPOSITORY, check=False
    )
    assert process.returncode == 0, process.stderr[-3000:]
    return json.loads(process.stdout.splitlines()[-1])


@pytest.mark.training
def test_two_replicas_give_the_losses_of_one() -> None:
    two, one = _trained()
    assert (one["n"], two["n"]) == (1, 2)
    assert len(one["steps"]) == len(two["steps"]) == 8
    for single, both in zip(one["steps"], two["steps"], strict=True):
        # Loss and the norm of each block's gradients; Keras' mean IoU is averaged over replicas.
        assert single.keys() == both.keys() > {"loss", "gradient_norm/enc1", "gradient_norm/head"}
        for name in single.keys() - {"mean_iou"}:
            assert both[name] == pytest.approx(single[name], abs=1e-3), name
    for single_weights, both_weights in zip(one["weights"], two["weights"], strict=True):
        np.testing.assert_allclose(both_weights, single_weights, atol=1e-3)


def test_a_batch_that_cannot_be_shared_evenly_is_refused() -> None:
    from core.training.step.replicas import mirrored

    with pytest.raises(ConfigError, match="set batch to a multiple of 3"):
        mirrored(3, 8)
