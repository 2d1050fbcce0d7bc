"""The learning-rate range test: what it suggests of known curves, and one on real data."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.cli import main as cli
from core.errors import ConfigError, DatasetError
from core.paths import workspace
from core.training.config import TrainConfig, with_settings
from core.training.trials import learning_rate as finder
from core.training.trials.learning_rate import (
    STEPS,
    LearningRates,
    find_learning_rate,
    steepest,
    trial_rates,
)

TINY = [
    "batch=4",
    "model.width=8",
    "model.depth=1",
    "model.norm=none",
    "model.stem_stride=2",
    "recipe.patch.size=32",
    "precision=float32",
]


def _smoothed(losses: np.ndarray) -> list[float]:
    """By its definition: weights fall by a tenth with every step back."""
    weights = [0.9 ** np.arange(i, -1, -1) for i in range(len(losses))]
    return [float(np.average(losses[: len(w)], weights=w)) for w in weights]


def _falling_at(rate: float, by: float = 1.5, noise: float = 0.0) -> np.ndarray:
    """Losses that fall from 2.5 with the logarithm of the rate, steepest at `rate`."""
    at = np.log(trial_rates() / rate)
    return 2.5 - by / (1 + np.exp(-at)) + np.random.default_rng(0).normal(0, noise, STEPS)


@pytest.mark.parametrize("rate", [1e-4, 1e-3, 1e-2])
@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_the_steepest_fall_is_located_where_it_is(rate: float, noise: float) -> None:
    suggestion = steepest(trial_rates(), _smoothed(_falling_at(rate, noise=noise)))
    assert suggestion is not None
    assert abs(math.log10(suggestion / rate)) < 0.5


def test_what_comes_after_the_least_loss_is_of_no_account() -> None:
    """It blows up at a tenth, and comes down again faster than it fell before."""
    losses = _falling_at(1e-3)
    losses[-15:] = [4] * 10 + [1.5] * 5
    suggestion = steepest(trial_rates(), _smoothed(losses))
    assert suggestion is not None
    assert abs(math.log10(suggestion / 1e-3)) < 0.5


@pytest.mark.parametrize(
    "losses",
    [
        np.full(STEPS, 2.0),
        np.random.default_rng(1).normal(2.0, 0.2, STEPS),  # nothing but noise
        -_falling_at(1e-2) + 5,  # it only rises
        np.full(3, 2.0),  # it blew up at once
        np.array([]),
    ],
)
def test_where_nothing_falls_nothing_is_suggested(losses: np.ndarray) -> None:
    assert steepest(trial_rates()[: len(losses)], _smoothed(losses)) is None


class _Model(SimpleNamespace):
    def reset_metrics(self) -> None:
        self.resets += 1


def _swept(losses: np.ndarray) -> tuple[Any, _Model, list[float]]:
    """The callback after a training with these losses, its model, and the rates it set."""
    from core.training.callbacks.learning_rate_sweep import LearningRateSweep

    model = _Model(optimizer=SimpleNamespace(), stop_training=False, resets=0)
    rates = trial_rates().tolist()
    sweep = LearningRateSweep(rates, lambda done, total: None, momentum=0.9, blow_up=4.0)
    sweep.set_model(model)
    used = []
    for step, loss in enumerate(losses):
        sweep.on_train_batch_begin(step)
        used.append(model.optimizer.learning_rate)
        sweep.on_train_batch_end(step, {"loss": loss})
        if model.stop_training:
            break
    return sweep, model, used


def test_the_rate_rises_by_the_same_factor_from_step_to_step() -> None:
    losses = _falling_at(1e-3, noise=0.1)
    sweep, model, rates = _swept(losses)
    assert (rates[0], rates[-1], len(rates)) == (pytest.approx(1e-7), pytest.approx(1.0), STEPS)
    np.testing.assert_allclose(np.diff(np.log(rates)), math.log(1e7) / (STEPS - 1))
    np.testing.assert_allclose(sweep.losses, _smoothed(losses))
    assert model.resets == STEPS  # each loss is of its own step
    assert not model.stop_training


@pytest.mark.parametrize(("last", "kept"), [(math.nan, 20), (math.inf, 20), (80.0, 21)])
def test_it_ends_where_the_loss_blows_up(last: float, kept: int) -> None:
    """Smoothed, 80 after twenty times 2 is 9.8 or more, and four times 2 is 8."""
    sweep, model, _ = _swept(np.array([2.0] * 20 + [last] + [2.0] * 79))
    assert model.stop_training
    assert len(sweep.losses) == kept
    assert all(map(math.isfinite, sweep.losses))


@pytest.mark.training
def test_a_real_one_leaves_nothing_behind(demo_dataset: Path) -> None:
    import keras

    policy = keras.config.dtype_policy().name
    settings = ["precision=mixed_bfloat16", "freeze_encoder=1", "ema=0.9"]
    config = with_settings(TrainConfig(dataset=str(demo_dataset)), [*TINY, *settings])
    calls: list[tuple[int, int]] = []
    trial = find_learning_rate(config, lambda *at: calls.append(at))
    steps = len(trial.losses)
    assert steps > 50
    np.testing.assert_allclose(trial.rates, trial_rates()[:steps])
    assert all(map(math.isfinite, trial.losses))
    assert min(trial.losses) < trial.losses[0]  # it has learned something
    assert trial.suggestion == steepest(trial.rates, trial.losses)
    assert calls[-1] == (steps, STEPS)
    assert [at for at in calls if at[1]] == sorted(at for at in calls if at[1])
    assert not any(workspace().runs.iterdir())
    assert keras.config.dtype_policy().name == policy


def test_what_a_training_is_refused_for_comes_back(demo_dataset: Path) -> None:
    config = with_settings(TrainConfig(dataset=str(demo_dataset)), [*TINY, "model.depth=6"])
    with pytest.raises(ConfigError) as caught:
        find_learning_rate(config)
    assert caught.value.where == "recipe.patch.size"
    with pytest.raises(DatasetError, match="no dataset 'nowhere'"):
        find_learning_rate(TrainConfig(dataset="nowhere"))


def _command(monkeypatch: pytest.MonkeyPatch, trial: LearningRates, *options: str) -> int:
    def find(config: TrainConfig, progress: Any) -> LearningRates:
        progress(0, 0)
        progress(STEPS, STEPS)
        assert config.batch == 4
        return trial

    monkeypatch.setattr(finder, "find_learning_rate", find)
    return cli.main(["train", "--set", "batch=4", "--find-learning-rate", *options])


def test_the_command_prints_the_rate_alone_and_makes_no_run(
    demo_dataset: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trial = LearningRates((1e-3, 2.1e-3), (2.0, 1.0), 0.0021234)
    assert _command(monkeypatch, trial, "--dataset", str(demo_dataset)) == 0
    assert capsys.readouterr().out == "learning rate: 0.0021\n"
    assert not any(workspace().runs.iterdir())


@pytest.mark.parametrize("steps", [0, 2])
def test_the_command_says_so_where_there_is_none(
    demo_dataset: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    steps: int,
) -> None:
    trial = LearningRates((1e-7, 2e-7)[:steps], (1.0, 1.0)[:steps], None)
    assert _command(monkeypatch, trial, "--dataset", str(demo_dataset)) == 1
    printed = capsys.readouterr()
    assert not printed.out
    assert "error: the loss does not fall at any learning rate" in printed.err


@pytest.mark.parametrize("option", [("--run", "a"), ("--resume",)])
def test_the_command_takes_no_run(
    option: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["train", "--dataset", "d", "--find-learning-rate", *option])
    assert caught.value.code == 2
    assert "makes no run" in capsys.readouterr().err
