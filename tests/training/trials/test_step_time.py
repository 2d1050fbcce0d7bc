"""A training step is timed in a process of its own."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigError
from core.paths import workspace
from core.training.config import TrainConfig, with_settings
from core.training.trials import child
from core.training.trials.step_time import STAGES, measure

pytestmark = pytest.mark.training

TINY = [
    "dataset=there is none",
    "batch=2",
    "model.width=4",
    "model.depth=1",
    "model.norm=none",
    "recipe.patch.size=32",
    "precision=mixed_bfloat16",
    "ema=0.9",
    "replicas=2",
]


@pytest.fixture
def config() -> TrainConfig:
    return with_settings(TrainConfig(), TINY)


def test_steps_are_timed_without_the_dataset_and_outside_this_process(config: TrainConfig) -> None:
    import keras

    policy = keras.config.dtype_policy().name
    calls: list[tuple[int, int]] = []
    step_time = measure(config, 4, 3, lambda *at: calls.append(at))
    assert calls[-1] == (STAGES, STAGES)
    assert step_time.steps >= 2
    # The first one traces the graph.
    assert 0 < step_time.seconds_per_step < step_time.seconds_first
    assert step_time.device
    if sys.platform == "linux":
        # TensorFlow alone takes more than the one, and such a network less than the other.
        assert step_time.memory is not None
        assert 200 * 2**20 < step_time.memory < 4 * 2**30
    assert keras.config.dtype_policy().name == policy
    assert not any(workspace().runs.iterdir())


def test_what_does_not_fit_is_named_by_its_key(config: TrainConfig) -> None:
    with pytest.raises(ConfigError) as caught:
        measure(config, 5000, 3)
    assert caught.value.where == "model"
    assert "bands" in caught.value.remedy


def test_one_that_is_killed_had_too_little_memory(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the system does it; by the time the network is built."""
    start: Any = child.subprocess.Popen
    processes: list[Any] = []

    def recorded(*arguments: Any, **settings: Any) -> Any:
        processes.append(start(*arguments, **settings))
        return processes[-1]

    monkeypatch.setattr(child.subprocess, "Popen", recorded)

    def kill(done: int, total: int) -> None:
        if done and processes[0].poll() is None:
            os.kill(processes[0].pid, signal.SIGKILL)

    with pytest.raises(ConfigError, match="not enough memory") as caught:
        measure(config, 3, 3, kill)
    assert caught.value.where == "batch"
    assert not Path(f"/proc/{processes[0].pid}").exists()
