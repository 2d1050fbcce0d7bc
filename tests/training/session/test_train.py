"""Trainings in this process, as small as they can be: what they leave, also when they end early."""

from __future__ import annotations

import json
import os
import shutil
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.errors import ConfigError, DSIError, RunError, WorkspaceError
from core.models.card import file_sha256
from core.models.store import load_model, read_card
from core.models.training_imagery import TrainingImagery
from core.paths import workspace
from core.training import checkpoint
from core.training.config import TrainConfig, with_settings
from core.training.runs.run import Run, create_run
from core.training.runs.status import Status
from core.training.session import data
from core.training.session import train as trainer
from core.training.session.train import train
from tests.tiny import QUICK, TINY
from tests.training.session.conftest import BATCH_NORM

pytestmark = pytest.mark.training


@pytest.fixture
def config(demo_dataset: Path) -> TrainConfig:
    return with_settings(TrainConfig(dataset=str(demo_dataset)), QUICK)


def test_a_training_leaves_a_model_with_its_card(demo_dataset: Path) -> None:
    import keras

    policy = keras.config.dtype_policy().name
    settings = [*TINY, "precision=mixed_bfloat16", "ema=0.5"]
    run = create_run("first", with_settings(TrainConfig(dataset=str(demo_dataset)), settings))
    card = train(run)
    status = run.status()
    assert (status.state, status.epoch, status.epochs) == ("finished", 2, 2)
    assert status.seconds_left is None
    assert status.best_mean_iou == card.training.scores["val"]["mean_iou"]
    assert card == read_card(run.folder)
    assert card.sha256 == file_sha256(run.folder / "model.weights.h5")
    assert sorted(path.name for path in run.folder.iterdir()) == [
        "config.json",
        "data.json",
        "lock",
        "metrics.jsonl",
        "model.json",
        "model.weights.h5",
        "samples.json",
        "status.json",
        "tensorboard",
        "timelapse",
    ]
    epochs = run.epochs()
    assert [record.epoch for record in epochs] == [1, 2]
    assert status.best_mean_iou == max(record.val_mean_iou for record in epochs)
    # Scenes are kept whole, and what was scored is what the card says.
    sides = card.training.train, card.training.val, card.training.test
    scenes = [{sample.partition("/")[0] for sample in side} for side in sides]
    assert sum(len(side) for side in sides) == 12
    assert not scenes[0] & scenes[1] | scenes[0] & scenes[2] | scenes[1] & scenes[2]
    assert card.training.scores["test"]["images"] == len(card.training.test)
    model, _ = load_model(run.folder)
    assert model.count_params() == card.parameters
    # What the training images are like, for images to come.
    imagery = card.imagery
    assert imagery is not None
    assert imagery.bands == ("red", "green", "blue")
    assert all(0 < low < mean < high < 255 for low, mean, high in _limits(imagery))
    assert keras.config.dtype_policy().name == policy
    with pytest.raises(RunError, match="resume it"):
        train(run)
    with pytest.raises(RunError, match="is finished"):
        train(run, resume=True)


def _limits(imagery: TrainingImagery) -> zip[tuple[float, float, float]]:
    return zip(imagery.low, imagery.mean, imagery.high, strict=True)


@pytest.mark.usefixtures("eager")
def test_one_that_was_stopped_within_an_epoch_goes_on_and_keeps_the_best(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create_run("stopped", config)
    append = Run.append_metrics

    def stop_at_once(self: Run, record: dict[str, Any]) -> None:
        append(self, record)
        self.request_stop()

    with monkeypatch.context() as patch:
        patch.setattr(Run, "append_metrics", stop_at_once)
        train(run)
    status = run.status()
    assert status.state == "stopped"
    assert "as you asked" in status.message
    assert run.resumable
    # The epoch was cut short: it is not counted as done.
    assert json.loads((run.checkpoint / "training_metadata.json").read_text())["epoch"] == 0
    weights = run.folder / read_card(run.folder).weights
    assert file_sha256(weights) == read_card(run.folder).sha256

    # Weights that no later epoch of this training will beat.
    card = json.loads((run.folder / "model.json").read_text())
    card["training"]["scores"]["val"]["mean_iou"] = 1.0
    (run.folder / "model.json").write_text(json.dumps(card))
    card_after = train(run, resume=True)
    status = run.status()
    assert (status.state, status.epoch, status.best_mean_iou) == ("finished", 2, 1.0)
    assert card_after.sha256 == card["sha256"] == file_sha256(run.folder / card_after.weights)
    assert "test" in card_after.training.scores
    assert [r.epoch for r in run.epochs()] == [1, 2]
    load_model(run.folder)


@pytest.mark.usefixtures("eager")
def test_a_loss_that_is_no_number_fails_with_advice_and_keeps_nothing_of_it(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    from keras import ops

    from core.training.step.losses import SegmentationLoss

    def broken(self: Any, labels: Any, logits: Any) -> Any:
        return ops.sum(logits) * float("nan")

    monkeypatch.setattr(SegmentationLoss, "call", broken)
    run = create_run("nan", config)
    with pytest.raises(RunError, match="lower learning rate"):
        train(run)
    assert run.status().state == "failed"
    assert "lower learning rate" in run.status().message
    assert run.saved() is None
    assert not (run.folder / "model.json").exists()


@pytest.mark.usefixtures("eager")
def test_a_full_disk_fails_with_a_message_and_the_run_stays_readable(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = SimpleNamespace(total=10**9, used=10**9, free=1000)
    monkeypatch.setattr(checkpoint.shutil, "disk_usage", lambda _: usage)
    run = create_run("full", config)
    with pytest.raises(WorkspaceError, match="disk is full"):
        train(run)
    assert run.status().state == "failed"
    assert "Free some disk space" in run.status().message
    assert run.metrics().steps
    assert run.config() == config


def test_a_crash_of_ours_is_one_sentence(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def crash(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("core.training.session.assemble.build_model", crash)
    run = create_run("crash", config)
    with pytest.raises(RunError, match="smaller batch"):
        train(run)
    assert run.status().state == "failed"
    assert "Traceback" in capsys.readouterr().err  # in the log, for us


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        (['recipe.exclude=["Tile 9/image_part_001"]'], "Tile 9/image_part_001"),
        (["recipe.split.val=0"], "share for val"),
        (["recipe.split.val=0.7", "recipe.split.test=0.2"], "smaller shares"),
        (["model.depth=6"], "multiples of 128"),
        (["dataset=nowhere"], "no dataset 'nowhere'"),
    ],
)
def test_what_a_user_can_cause_is_reported_in_the_status(
    config: TrainConfig, settings: list[str], advice: str
) -> None:
    run = create_run("wrong", with_settings(config, settings))
    with pytest.raises(DSIError, match=advice):
        train(run)
    assert run.status().state == "failed"
    assert advice in run.status().message


@pytest.mark.usefixtures("eager")
def test_a_damaged_image_is_named(config: TrainConfig, demo_dataset: Path) -> None:
    folder = workspace().datasets / "damaged"
    shutil.copytree(demo_dataset, folder)
    for image in folder.glob("*/images/*"):
        image.write_bytes(image.read_bytes()[:300])
    run = create_run("damaged", config.model_copy(update={"dataset": "damaged"}))
    with pytest.raises(DSIError):
        train(run)
    assert run.status().state == "failed"
    assert "image_part_" in run.status().message


def test_a_stop_before_the_first_step_is_heard(config: TrainConfig) -> None:
    run = create_run("early", config)
    run.request_stop()  # while the process starts
    with pytest.raises(RunError, match="before the first step"):
        train(run)
    assert run.status().state == "stopped"


def test_it_can_run_outside_the_main_thread(config: TrainConfig) -> None:
    run = create_run("threaded", with_settings(config, ["recipe.split.val=0"]))
    raised: list[BaseException] = []

    def work() -> None:
        try:
            train(run)
        except DSIError as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert len(raised) == 1
    assert run.status().state == "failed"


def test_one_that_runs_is_not_started_twice(config: TrainConfig) -> None:
    from core.training.runs.liveness import process_start

    run = create_run("twice", config)
    parent = os.getppid()
    run.write_status(Status(state="running", pid=parent, process_start=process_start(parent)))
    with pytest.raises(RunError, match="is running"):
        train(run)


class _Killed(BaseException):
    """In place of SIGKILL, which would end the tests too."""


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("epoch", [1, 2])
def test_an_epoch_killed_in_its_validation_is_trained_again(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch, epoch: int
) -> None:
    from core.training.callbacks import validator

    run = create_run("killed", config)
    evaluate_images, calls = validator.evaluate_images, iter(range(1, 9))

    def kill(*arguments: Any) -> Any:
        if next(calls) == epoch:
            raise _Killed
        return evaluate_images(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(validator, "evaluate_images", kill)
        with pytest.raises(RunError):
            train(run)
    saved = run.saved()
    if epoch == 1:
        assert saved is None  # it begins again
    else:
        # The state of the second epoch is there, but nothing goes on from it.
        assert saved is not None
        assert saved[1:] == (1, 0)
        assert saved[0].name.startswith("epoch-0001")
        assert len(list(run.checkpoint.glob("epoch-0002*"))) == 1
    card_after = train(run, resume=True)
    assert run.status().state == "finished"
    assert card_after.training.epoch in (1, 2)
    assert [(r.epoch, r.step) for r in run.epochs()] == [(1, 3), (2, 6)]


def test_masks_that_are_all_void_are_said_before_the_training(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "class_counts", lambda *_: np.zeros(5, np.int64))
    run = create_run("void", config)
    with pytest.raises(ConfigError, match="every training mask is void"):
        train(run)
    assert "Every training mask is void" in run.status().message


def test_a_locked_run_is_running(config: TrainConfig) -> None:
    run = create_run("locked", config)
    before = run.status()
    with trainer._locked(run), pytest.raises(RunError, match="is running"):
        train(run)
    assert run.status() == before
    with trainer._locked(run):
        pass  # it was let go


def test_a_crash_is_in_the_log_once(config: TrainConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    run = create_run("crash", config)

    def crash() -> None:
        try:
            raise MemoryError
        except MemoryError:
            trainer._log_crash(run)

    crash()
    assert run.log.read_text().count("Traceback") == 1
    with run.log.open("a") as log:
        monkeypatch.setattr("sys.stderr", log)
        crash()
    assert run.log.read_text().count("Traceback") == 2


@pytest.mark.usefixtures("eager")
def test_fine_tuning_begins_with_another_models_weights(config: TrainConfig, trained: Path) -> None:
    shutil.copytree(trained, workspace().runs / "first")
    # A learning rate of next to nothing: what comes out is what was begun with.
    gentle = ["epochs=1", "steps=1", "learning_rate=1e-12", "weight_decay=0", "start_from=first"]
    config = with_settings(config, [BATCH_NORM])
    train(create_run("second", with_settings(config, gentle)))
    first, _ = load_model(workspace().runs / "first")
    second, _ = load_model(workspace().runs / "second")
    for before, after in zip(first.trainable_variables, second.trainable_variables, strict=True):
        np.testing.assert_allclose(before.numpy(), after.numpy(), atol=1e-6)

    with pytest.raises(DSIError, match="another network"):
        train(create_run("wider", with_settings(config, ["start_from=first", "model.width=8"])))
    with pytest.raises(ConfigError, match="held out now were trained on"):
        other = ["start_from=first", "recipe.split.seed=1"]
        train(create_run("leaky", with_settings(config, other)))


def test_the_running_average_is_what_is_validated_and_kept(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    from core.training.callbacks.validator import Validator
    from core.training.session.training_loop import TrainingLoop

    momentum = 0.75
    averages: list[np.ndarray] = []
    validated: list[list[np.ndarray]] = []
    ends: list[list[np.ndarray]] = []

    def weights(model: keras.Model) -> list[np.ndarray]:
        return [np.array(variable) for variable in model.trainable_variables]

    class Average(keras.callbacks.Callback):
        """The average in NumPy, from the weights after each step."""

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            now = weights(self.model)
            before = averages or now
            averages[:] = [
                momentum * old + (1 - momentum) * new for old, new in zip(before, now, strict=True)
            ]
            self.last = now

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            ends.append([*averages])
            # The steps go on from the weights themselves, which are others by now.
            assert any((a != b).any() for a, b in zip(averages, self.last, strict=True))

    callbacks, evaluate = TrainingLoop._callbacks, Validator._evaluate

    def seen(self: Validator, epoch: int) -> Any:
        validated.append(weights(self.model))
        return evaluate(self, epoch)

    monkeypatch.setattr(TrainingLoop, "_callbacks", lambda self: [Average(), *callbacks(self)])
    monkeypatch.setattr(Validator, "_evaluate", seen)
    run = create_run("averaged", with_settings(config, [f"ema={momentum}", "steps=4"]))
    train(run)
    assert len(validated) == len(ends) == 2
    for of_validation, average in zip(validated, ends, strict=True):
        for one, other in zip(of_validation, average, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
    model, _ = load_model(run.folder)
    best = run.status().best_epoch
    assert best is not None
    for one, other in zip(weights(model), ends[best - 1], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
