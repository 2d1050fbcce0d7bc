"""What a resumed training finds: which state, and how many epochs and steps it stands for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import RunError
from core.models.architectures.unet import UNetSpec
from core.training.config import TrainConfig, with_settings
from core.training.runs.run import EPOCH_FILE, STATE_FILE, Run


def _compiled(spec: UNetSpec) -> Any:
    from core.models.network import build_model
    from core.training.step.compile import compile_model

    config = with_settings(TrainConfig(), ["ema=0.9", "epochs=2"])
    return compile_model(build_model(spec), spec, config, np.array([5, 3, 2]), [1.0] * 3)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


pytestmark = pytest.mark.usefixtures("eager")

SPEC = UNetSpec(width=4, depth=1, classes=3)


def _fit(model: Any, run: Run, steps: int, **settings: float) -> None:
    from core.training.callbacks.checkpointer import Checkpointer, EpochMarker
    from core.training.callbacks.epoch_state import EpochState

    rng = np.random.default_rng(0)
    images = rng.normal(size=(2 * steps, 8, 8, 3)).astype(np.float32)
    labels = rng.integers(0, 3, (2 * steps, 8, 8)).astype(np.uint8)
    state = EpochState(steps, 1)
    callbacks = [state, Checkpointer(run, state, **settings), EpochMarker(run, state)]
    model.fit(images, labels, batch_size=2, epochs=1, callbacks=callbacks, verbose=0)


def test_a_state_comes_back_whole(run: Run) -> None:
    from core.training.checkpoint import restore

    _fit(_compiled(SPEC), run, 2)
    # What is kept are the weights as trained, before `fit` puts the average in their place.
    again = _compiled(SPEC)
    assert restore(run, again) == (1, 0)
    assert int(again.optimizer.iterations) == 2
    third = _compiled(SPEC)
    restore(run, third)
    for one, other in zip(again.optimizer.variables, third.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(again.get_weights(), third.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    moments = again.optimizer.variables[2:]
    assert all(np.abs(np.asarray(m)).sum() > 0 for m in moments)


def test_within_a_long_epoch_the_state_is_kept(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.training import checkpoint

    marks: list[tuple[int, int]] = []
    write = checkpoint.write_json

    def noted(path: Path, content: dict[str, Any]) -> None:
        marks.append((content["epoch"], content["batch"]))
        write(path, content)

    monkeypatch.setattr(checkpoint, "write_json", noted)
    _fit(_compiled(SPEC), run, 3, interval=0.0)
    assert marks == [(0, 1), (0, 2), (1, 0)]
    # One file, which the mark names.
    (state,) = run.checkpoint.glob("*.weights.h5")
    assert json.loads((run.checkpoint / EPOCH_FILE).read_text())["state"] == state.name


def test_a_damaged_state_is_our_error(run: Run) -> None:
    from core.training.checkpoint import restore

    run.checkpoint.mkdir()
    (run.checkpoint / EPOCH_FILE).write_text('{"epoch": 1, "batch": 0}')
    (run.checkpoint / STATE_FILE).write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(RunError, match="start a new run"):
        restore(run, _compiled(SPEC))
