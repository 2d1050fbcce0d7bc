"""A training that was stopped or killed ends with the steps it was to have, none of them twice."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.datasets.catalogue import open_dataset
from core.models.network import encoder_layers
from core.models.store import find_model, load_model
from core.paths import workspace
from core.training.config import TrainConfig, with_settings
from core.training.runs.run import Run, create_run
from core.training.session.train import train
from tests.conftest import REPOSITORY
from tests.tiny import QUICK
from tests.training.session.conftest import BATCH_NORM

pytestmark = pytest.mark.training


@pytest.fixture
def config(demo_dataset: Path) -> TrainConfig:
    return with_settings(TrainConfig(dataset=str(demo_dataset)), [*QUICK, "ema=0.5"])


def _epochs(run: Run) -> list[tuple[int, int]]:
    return [(r.epoch, r.step) for r in run.epochs()]


def _train_until_the_first_report(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    append = Run.append_metrics

    def stop_at_once(self: Run, record: dict[str, Any]) -> None:
        append(self, record)
        self.request_stop()

    with monkeypatch.context() as patch:
        patch.setattr(Run, "append_metrics", stop_at_once)
        train(run)


@pytest.mark.usefixtures("eager")
def test_one_stopped_within_an_epoch_does_only_its_other_steps(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create_run("stopped", with_settings(config, ["steps=6"]))
    _train_until_the_first_report(run, monkeypatch)
    saved = run.saved()
    assert saved is not None
    done = saved[2]
    assert 0 < done < 6
    assert _epochs(run) == [(1, done)]
    from core.training.session import training_loop

    calls: list[tuple[int, int]] = []
    fit = training_loop.fit

    def noted(*arguments: Any) -> None:
        part = arguments[3]
        calls.append((len(part.epochs), part.steps))
        fit(*arguments)

    monkeypatch.setattr(training_loop, "fit", noted)
    train(run, resume=True)
    assert calls == [(1, 6 - done), (1, 6)]
    # By the optimizer's own count.
    assert _epochs(run) == [(1, 6), (2, 12)]
    assert run.status().state == "finished"


def test_killed_with_sigkill_it_ends_with_the_same_steps(
    config: TrainConfig, tmp_path: Path
) -> None:
    settings = with_settings(config, ["epochs=3"])
    (tmp_path / "config.json").write_text(settings.model_dump_json())
    run = Run(workspace().runs / "killed")
    command = [sys.executable, "-m", "core", "train", "--run", run.name]
    process = subprocess.Popen(
        [*command, "--config", str(tmp_path / "config.json")],
        cwd=REPOSITORY,
        env=os.environ | {"DSI_WORKSPACE": str(workspace().root)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 600
    while run.saved() is None and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)  # waits for a file, asserts nothing about time
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert run.saved() is not None
    assert run.status().state == "interrupted"
    train(run, resume=True)
    assert run.status().state == "finished"
    assert _epochs(run) == [(1, 3), (2, 6), (3, 9)]


@pytest.mark.usefixtures("eager")
def test_it_ends_early_where_nothing_improves(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = "core.training.callbacks.early_stopping.stale_epochs"
    monkeypatch.setattr(stale, lambda scores: len(scores) - 1)
    run = create_run("early", with_settings(config, ["epochs=9", "early_stopping=1"]))
    train(run)
    status = run.status()
    assert status.state == "finished"
    assert "Finished early" in status.message
    assert _epochs(run) == [(1, 3), (2, 6)]


def test_a_frozen_encoder_stays_and_is_trained_afterwards(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = ["epochs=2", "freeze_encoder=1", "ema=0"]
    run = create_run("frozen", with_settings(config, settings))
    train(run)
    first, second = (r.gradient_norm for r in run.epochs())
    assert "enc1" not in first
    assert {"enc1", "dec1", "head"} <= second.keys()
    assert {"dec1", "head"} <= first.keys()


def test_an_encoder_is_trained_after_a_resume_within_its_frozen_epoch(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = ["epochs=2", "steps=5", "freeze_encoder=1"]
    run = create_run("frozen", with_settings(config, settings))
    _train_until_the_first_report(run, monkeypatch)
    train(run, resume=True)
    first, second = (record.gradient_norm for record in run.epochs())
    assert "enc1" not in first
    assert "enc1" in second


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("ema", [0, 0.9])
def test_an_encoder_that_stays_frozen_to_the_end_is_that_of_the_model_before(
    config: TrainConfig, trained: Path, ema: float
) -> None:
    shutil.copytree(trained, workspace().runs / "before")
    # What its normalisation keeps must stay too.
    settings = [f"ema={ema}", "freeze_encoder=2", "epochs=2", "start_from=before", BATCH_NORM]
    train(create_run("after", with_settings(config, settings)))
    (old, card), (new, _) = (load_model(find_model(name).folder) for name in ("before", "after"))
    frozen = {layer.name for layer in encoder_layers(old, card.spec)}
    changed = set()
    for layer in old.layers:
        pairs = zip(layer.get_weights(), new.get_layer(layer.name).get_weights(), strict=True)
        # Keras swaps averages in by adding and subtracting, which rounds.
        if not all(np.allclose(a, b, rtol=1e-4, atol=1e-6) for a, b in pairs):
            changed.add(layer.name)
    assert "logits" in changed
    assert not changed & frozen


@pytest.mark.usefixtures("eager")
def test_other_masks_are_noted_when_it_goes_on(
    config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    root = shutil.copytree(config.dataset, tmp_path / "own")
    run = create_run("noted", with_settings(config, [f"dataset={root}"]))
    _train_until_the_first_report(run, monkeypatch)
    masks = [sample.mask for sample in open_dataset(root).samples]
    for mask in masks:
        assert mask is not None
        Image.open(mask).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(mask)
    messages: list[str] = []
    write = Run.write_status
    monkeypatch.setattr(
        Run, "write_status", lambda self, now: (messages.append(now.note), write(self, now))
    )
    train(run, resume=True)
    words = f"the masks of {len(masks)} samples are others than when the run began"
    assert words in capsys.readouterr().err
    assert any(words in message for message in messages)
