"""Inpainting as a part of a run: what it reads, leaves, says, and goes on with."""

from __future__ import annotations

import json
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

from core.datasets.dataset import Dataset
from core.errors import ConfigError, RunError
from core.paths import workspace
from core.training.checkpoint import mark_checkpoint
from core.training.config import TrainConfig, with_settings
from core.training.inpainting.pretrained import Pretrained
from core.training.runs.run import Run, create_run, find_run
from core.training.schedules import learning_rate
from core.training.session import session
from core.training.session.train import train
from tests.conftest import REPOSITORY
from tests.tiny import QUICK

pytestmark = pytest.mark.training

FIRST = ["pretrain_epochs=2", "epochs=1"]


@pytest.fixture
def root(demo_dataset: Path, tmp_path: Path) -> Path:
    """The demo with an image without a mask in each scene; Tile 2 trains."""
    folder = shutil.copytree(demo_dataset, tmp_path / "own")
    for tile in (1, 2, 3):
        (mask,) = folder.glob(f"Tile {tile}/masks/image_part_004.*")
        mask.unlink()
    return folder


@pytest.fixture
def config(root: Path) -> TrainConfig:
    return with_settings(TrainConfig(dataset=str(root)), [*QUICK, *FIRST])


@pytest.fixture
def pretrained(monkeypatch: pytest.MonkeyPatch) -> list[Pretrained]:
    """What each inpainting of the test has left."""
    left: list[Pretrained] = []
    original = session.pretrain

    def kept(*arguments: Any) -> Pretrained:
        left.append(original(*arguments))
        return left[-1]

    monkeypatch.setattr(session, "pretrain", kept)
    return left


def _stop_at(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """Ask every run to stop once its status begins so."""
    write = Run.write_status

    def stop(self: Run, status: Any) -> None:
        write(self, status)
        if status.message.startswith(words):
            self.request_stop()

    monkeypatch.setattr(Run, "write_status", stop)


def _losses(run: Run) -> list[int]:
    return [record.epoch for record in run.metrics().inpainting]


@pytest.mark.usefixtures("eager")
def test_it_learns_from_what_trains_and_what_has_no_mask_and_from_nothing_else(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    pretrained: list[Pretrained],
) -> None:  # fmt: skip
    read: set[str] = set()
    going_on = False
    load = Dataset.load_image
    original = session._pretrained

    def noted(self: Dataset, sample: Any) -> Any:
        if going_on:
            read.add(sample.id)
        return load(self, sample)

    def watched(*arguments: Any) -> Any:
        nonlocal going_on
        going_on = True
        try:
            return original(*arguments)
        finally:
            going_on = False

    def refused(*_: Any) -> None:
        raise AssertionError("a mask is read")

    labels = Dataset.load_labels
    monkeypatch.setattr(Dataset, "load_image", noted)
    monkeypatch.setattr(Dataset, "load_labels", lambda *a: refused() if going_on else labels(*a))
    monkeypatch.setattr(session, "_pretrained", watched)
    messages: list[str] = []
    write = Run.write_status
    monkeypatch.setattr(
        Run, "write_status", lambda self, s: (messages.append(s.message), write(self, s))
    )
    run = create_run("learns", with_settings(config, ["steps=12"]))
    card = train(run, train_memory=1)  # nothing is kept: what is looked at is read
    train_side = set(card.training.train)
    assert train_side == {f"Tile 2/image_part_00{n}" for n in (1, 2, 3)}
    assert read == train_side | {"Tile 2/image_part_004"}
    assert not read & {*card.training.val, *card.training.test}
    assert "4 images: 3 that train and 1 without masks" in card.training.notes
    assert any(m.startswith("Inpainting, epoch 1 of 2, step 1 of 12: loss") for m in messages)
    log = capsys.readouterr().err
    assert "Inpainting, epoch 2 of 2: loss" in log and "3 that train" in log
    assert _losses(run) == [1, 2]
    assert card.training.config["pretrain_epochs"] == 2
    assert not run.checkpoint.exists()
    # Its time counts.
    seconds = sum(record.seconds for record in run.metrics().inpainting)
    trained = sum(r.seconds + r.validation_seconds for r in run.epochs())
    assert seconds > 0 and run.seconds_trained() == pytest.approx(seconds + trained)


@pytest.mark.usefixtures("eager")
def test_the_training_begins_with_its_weights_and_a_last_layer_as_without(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch, pretrained: list[Pretrained]
) -> None:
    initial: list[dict[str, list[np.ndarray]]] = []
    original = session.assemble

    def noted(*arguments: Any) -> Any:
        made = original(*arguments)
        layers = [layer for layer in made.network.layers if layer.weights]
        initial.append({layer.name: layer.get_weights() for layer in layers})
        return made

    monkeypatch.setattr(session, "assemble", noted)
    config = with_settings(config, ["model.norm=batch"])  # what normalisation keeps goes along
    train(create_run("random", with_settings(config, ["pretrain_epochs=0"])))
    assert pretrained == []
    train(create_run("inpainted", config))
    (left,), (random, inpainted) = pretrained, initial
    assert left.weights["logits"][0].shape[-1] == 3  # bands
    assert inpainted["logits"][0].shape[-1] == 5
    for name, values in inpainted.items():
        # The last layer is as fresh as without.
        wanted = random[name] if name == "logits" else left.weights[name]
        for now, value in zip(values, wanted, strict=True):
            np.testing.assert_array_equal(now, value)
        if name != "logits" and values[0].ndim == 4:
            assert np.abs(values[0] - random[name][0]).max() > 1e-3, name


def test_it_lowers_its_own_loss(config: TrainConfig) -> None:
    settings = ["pretrain_epochs=4", "steps=25", "batch=4", "schedule=constant"]
    run = create_run("lower", with_settings(config, settings))
    train(run)
    losses = [record.loss for record in run.metrics().inpainting]
    assert len(losses) == 4
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.usefixtures("eager")
def test_stopped_within_an_epoch_it_goes_on_there_and_the_data_stays(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create_run("stopped", with_settings(config, ["steps=6"]))
    with monkeypatch.context() as patch:
        _stop_at(patch, "Inpainting, epoch 1 of 2, step")
        with pytest.raises(RunError, match="within the inpainting as you asked"):
            train(run)
    status = run.status()
    assert status.state == "stopped" and "Resume goes on with the inpainting" in status.message
    assert run.resumable and run.saved() is None and _losses(run) == []
    mark = json.loads((run.checkpoint / "inpainting" / "training_metadata.json").read_text())
    assert mark["epoch"] == 0 and 0 < mark["batch"] < 6
    # Samples that have come since are not used: they may be what validates.
    root = Path(config.dataset)
    for kind in ("images", "masks"):
        (file,) = root.glob(f"Tile 1/{kind}/image_part_001.*")
        new = root / "Tile 9" / kind
        new.mkdir(parents=True)
        shutil.copy(file, new / file.name)
    from core.training.inpainting import pretrain as module

    calls: list[tuple[int, int]] = []
    fit = module.fit_feed

    def noted(*arguments: Any) -> None:
        part = arguments[3]
        calls.append((len(part.epochs), part.steps))
        fit(*arguments)

    monkeypatch.setattr(module, "fit_feed", noted)
    card = train(run, resume=True)
    assert calls == [(1, 6 - mark["batch"]), (1, 6)]
    assert _losses(run) == [1, 2]
    assert run.status().state == "finished"
    assert not any(i.startswith("Tile 9") for i in card.training.train)
    assert "without masks" in card.training.notes


@pytest.mark.usefixtures("eager")
def test_stopped_between_it_and_the_training_it_is_not_done_twice(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch, pretrained: list[Pretrained]
) -> None:
    run = create_run("between", config)
    with monkeypatch.context() as patch:
        _stop_at(patch, "Starting the first step")
        with pytest.raises(RunError, match="before the first step"):
            train(run)
    before = run.metrics_file.read_text()
    train(run, resume=True)
    assert run.metrics_file.read_text().startswith(before)
    first, again = pretrained
    for name, weights in first.weights.items():
        for one, other in zip(weights, again.weights[name], strict=True):
            np.testing.assert_array_equal(one, other)
    assert _losses(run) == [1, 2]


@pytest.mark.usefixtures("eager")
def test_a_training_that_has_a_state_goes_on_without_it(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch, pretrained: list[Pretrained]
) -> None:
    run = create_run("later", with_settings(config, ["epochs=2"]))
    with monkeypatch.context() as patch:
        _stop_at(patch, "Validating")
        train(run)
    assert run.saved() is not None and len(pretrained) == 1
    card = train(run, resume=True)
    assert len(pretrained) == 1
    assert "4 images: 3 that train" in card.training.notes


def test_killed_with_sigkill_it_goes_on_from_its_last_epoch(
    config: TrainConfig, tmp_path: Path
) -> None:
    settings = with_settings(config, ["pretrain_epochs=3"])
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
    mark = run.checkpoint / "inpainting" / "training_metadata.json"
    deadline = time.monotonic() + 200
    while not mark.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)  # waits for a file, asserts nothing about time
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert mark.exists()
    assert run.status().state == "interrupted"
    train(run, resume=True)
    assert run.status().state == "finished"
    assert _losses(run) == [1, 2, 3]
    assert [(r.epoch, r.step) for r in run.epochs()] == [(1, 3)]


@pytest.mark.usefixtures("eager")
def test_a_state_that_cannot_be_read_is_refused_and_not_skipped(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create_run("damaged", config)
    with monkeypatch.context() as patch:
        append = Run.append_metrics
        patch.setattr(Run, "append_metrics", lambda self, r: (append(self, r), self.request_stop()))
        with pytest.raises(RunError, match="within the inpainting"):
            train(run)
    assert _losses(run) == [1]
    from core.training.inpainting.state import InpaintingState

    state = InpaintingState(run.folder)
    mark_checkpoint(state, "gone.weights.h5", 1, 0)
    with pytest.raises(RunError, match="state to continue from cannot be read"):
        train(run, resume=True)


@pytest.mark.usefixtures("eager")
def test_the_time_limit_holds_for_both_together(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create_run("limited", with_settings(config, ["limit_minutes=0.00001"]))
    with pytest.raises(RunError, match="at its limit"):
        train(run)
    assert run.status().state == "stopped" and _losses(run) == []
    # What inpainting took is gone for the training.
    spent: list[float] = []
    original = session.TrainingLoop.run_epochs

    def noted(self: Any, first: int) -> None:
        spent.append(self.state.spent)
        original(self, first)

    monkeypatch.setattr(session.TrainingLoop, "run_epochs", noted)
    second = create_run("within", config)
    train(second)
    assert spent[0] >= sum(record.seconds for record in second.metrics().inpainting) > 0


@pytest.mark.usefixtures("eager")
def test_half_precision_and_few_bands(config: TrainConfig) -> None:
    settings = ["precision=mixed_float16", "recipe.bands=[1]", "ema=0.5", "schedule=plateau"]
    run = create_run("half", with_settings(config, settings))
    card = train(run)
    assert card.spec.bands == 1
    assert all(np.isfinite(r.loss) for r in run.metrics().inpainting)


def test_two_replicas_pretrain_and_train(config: TrainConfig, tmp_path: Path) -> None:
    """Callbacks, checkpoint and validation of the training too, with averaged weights."""
    settings = with_settings(config, ["replicas=2", "pretrain_epochs=1", "ema=0.5"])
    (tmp_path / "config.json").write_text(settings.model_dump_json())
    command = [sys.executable, "-m", "core", "train", "--run", "two", "--config"]
    process = subprocess.run(
        [*command, str(tmp_path / "config.json")],
        cwd=REPOSITORY,
        env=os.environ | {"DSI_WORKSPACE": str(workspace().root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    run = find_run("two")
    assert _losses(run) == [1] and run.status().state == "finished"
    (epoch,) = run.epochs()
    assert epoch.step == 3
    # What was set before the last step, by a cosine over three.
    assert epoch.learning_rate == pytest.approx(learning_rate(settings, 3, 2))


@pytest.mark.usefixtures("eager")
def test_a_loss_that_is_no_number_is_said_to_be_of_the_inpainting(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.training.inpainting.loss import InpaintingLoss

    call = InpaintingLoss.call
    monkeypatch.setattr(InpaintingLoss, "call", lambda *a: call(*a) * float("nan"))
    with pytest.raises(RunError, match="infinite or not a number") as error:
        train(create_run("wild", config))
    assert error.value.where == "Inpainting, epoch 1, step 1"


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        (["start_from=before"], "start_from to nothing"),
        (["model.architecture=unet-lite0", "encoder_weights=imagenet"], "encoder_weights to none"),
    ],
)
def test_it_is_refused_beside_other_weights(root: Path, settings: list[str], remedy: str) -> None:
    from core.training.checks.checks import network_of
    from core.training.checks.initial_weights import check_initial_weights

    base = TrainConfig(dataset=str(root), pretrain_epochs=1)
    config = with_settings(base, settings)
    with pytest.raises(ConfigError, match="begins with random weights") as error:
        check_initial_weights(config, network_of(config, 3, 5))
    assert error.value.key == "pretrain_epochs"
    assert remedy in str(error.value)


def test_configurations_of_before_have_none() -> None:
    content = TrainConfig().model_dump(mode="json")
    del content["pretrain_epochs"]
    assert TrainConfig.model_validate(content).pretrain_epochs == 0
    with pytest.raises(ConfigError):
        with_settings(TrainConfig(), ["pretrain_epochs=-1"])
