"""Gradient norms by block are recorded in the network's order, whatever order Keras logs in."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.models.architectures.unet import UNetSpec
from core.models.architectures.zoo_spec import ZooSpec
from core.models.network import block_of, build_model
from core.models.spec import ModelSpec
from core.training.runs.run import Run
from core.training.runs.status import Status

ZOO = ZooSpec(architecture="sm-unet", backbone="resnet18", classes=3)
ENCODER = [f"enc{n}" for n in range(1, 7)]
DECODER = [f"dec{n}" for n in range(5, 0, -1)]


def trained(spec: ModelSpec) -> Any:
    """The network that is trained, as the training compiles it."""
    from core.training.step.train_step_model import TrainStepModel

    model = TrainStepModel(build_model(spec), partial(block_of, spec), clip_norm=1.0)
    model.compile(optimizer="sgd", loss="mean_squared_error")
    return model


@pytest.mark.training
def test_a_zoo_networks_recorded_blocks_are_in_its_order(tmp_path: Path, eager: None) -> None:
    from core.training.callbacks.epoch_state import EpochState
    from core.training.callbacks.reporter import Reporter
    from core.training.runs.status_writer import StatusWriter

    model, run = trained(ZOO), Run(tmp_path)
    status = StatusWriter(run, Status(state="running"))
    reporter = Reporter(run, status, EpochState(steps=1, epochs=1), batch=1, interval=0)
    rng = np.random.default_rng(0)
    images = rng.random((1, 64, 64, 3), np.float32)
    labels = rng.random((1, 64, 64, 3), np.float32)
    model.fit(images, labels, batch_size=1, epochs=1, verbose=0, callbacks=[reporter])
    (record,) = run.metrics().steps
    assert list(record.gradient_norm) == [*ENCODER, *DECODER, "head"]
    assert min(record.gradient_norm.values()) > 0


@pytest.mark.parametrize(
    ("spec", "blocks"),
    [
        (ZOO, [*ENCODER, *DECODER, "head"]),
        (UNetSpec(width=8, depth=2), ["enc1", "enc2", "bridge", "dec2", "dec1", "head"]),
    ],
)
def test_what_keras_sorts_is_put_in_order(spec: ModelSpec, blocks: list[str]) -> None:
    from core.training.step.train_step_model import gradient_norms

    model = trained(spec)
    logs = {f"gradient_norm/{name}": 1.0 + place for place, name in enumerate(sorted(blocks))}
    logs |= {"loss": 2.0, "gradient_norm/gone": 1.0}
    norms = gradient_norms(dict(sorted(logs.items())), model)
    assert list(norms) == blocks
    assert norms["enc1"] == logs["gradient_norm/enc1"]
    # Frozen blocks have none, and one that overflowed no number.
    assert list(gradient_norms(logs | {"gradient_norm/enc1": 0.0}, model)) == blocks[1:]
    assert list(gradient_norms(logs | {"gradient_norm/enc1": float("inf")}, model)) == blocks[1:]
