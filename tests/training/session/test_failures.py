"""What goes wrong in the middle of a training is one sentence, and the last state stays whole."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.datasets.batches import feed
from core.device import tensorflow
from core.errors import DatasetError, DSIError, RunError, WorkspaceError
from core.models.store import load_model
from core.training.config import TrainConfig, with_settings
from core.training.runs.run import Run, create_run
from core.training.session.train import train
from tests.tiny import QUICK

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("eager")]

SETTINGS = [*QUICK, "epochs=3"]


@pytest.fixture
def root(demo_dataset: Path, tmp_path: Path) -> Path:
    """A copy of the demo dataset, to be broken."""
    return shutil.copytree(demo_dataset, tmp_path / "mine")


@pytest.fixture
def config(root: Path) -> TrainConfig:
    return with_settings(TrainConfig(dataset=str(root)), SETTINGS)


Hook = Callable[[int, Callable[[], object]], None]


@pytest.fixture
def after_epoch(monkeypatch: pytest.MonkeyPatch) -> Hook:
    """Let something happen once an epoch, counted from 1, is reported; its state is written."""

    def arrange(epoch: int, happens: Callable[[], object]) -> None:
        append = Run.append_metrics

        def noted(self: Run, record: dict[str, Any]) -> None:
            append(self, record)
            if record["kind"] == "epoch" and record["epoch"] == epoch:
                happens()

        monkeypatch.setattr(Run, "append_metrics", noted)

    return arrange


def assert_resumes_to_its_end(run: Run, steps: int = 3) -> None:
    """The state of the first epoch is whole: a resume does the other two and no more."""
    saved = run.saved()
    assert saved is not None
    assert saved[1:] == (1, 0)
    load_model(run.folder)  # the best weights, by their hash
    train(run, resume=True)
    assert run.status().state == "finished"
    epochs = [(r.epoch, r.step) for r in run.epochs()]
    assert epochs == [(1, steps), (2, 2 * steps), (3, 3 * steps)]


def assert_failed(run: Run, *words: str) -> None:
    status = run.status()
    assert status.state == "failed"
    assert status.seconds_left is None
    for word in words:
        assert word.lower() in status.message.lower()
    assert "\n" not in status.message


def test_a_dataset_that_vanishes(config: TrainConfig, root: Path, after_epoch: Hook) -> None:
    away = root.with_name("away")
    after_epoch(1, lambda: root.rename(away))
    # More than the feed has ready by then.
    run = create_run("vanished", with_settings(config, ["steps=12"]))
    with pytest.raises(DatasetError):
        # One image fits: the others are read again for every crop or two.
        train(run, train_memory=1)
    assert_failed(
        run, "the dataset has vanished", str(root), "bring it back", "continue with Resume"
    )
    with pytest.raises(DSIError, match="no dataset"):
        train(run, resume=True)  # it is still gone
    assert_failed(run, "no dataset", str(root))
    away.rename(root)
    assert_resumes_to_its_end(run, steps=12)


def test_images_that_vanish_before_the_test(
    config: TrainConfig, root: Path, after_epoch: Hook
) -> None:
    run = create_run("untested", with_settings(config, ["epochs=1"]))
    kept = root.with_name("kept")
    after_epoch(1, lambda: [shutil.copytree(root, kept), *map(Path.unlink, root.rglob("*.jpg"))])
    with pytest.raises(DatasetError):
        train(run)
    assert_failed(run, "12 files have vanished", "image_part_", "continue with Resume")
    shutil.copytree(kept, root, dirs_exist_ok=True)
    # All epochs are done: what is left is the score.
    card = train(run, resume=True)
    assert run.status().state == "finished"
    assert card.training.scores["test"]["images"] == len(card.training.test)
    assert [r.epoch for r in run.epochs()] == [1]


@pytest.fixture
def exhausted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fifth step asks TensorFlow for more memory than any machine has."""
    from core.training.step.train_step_model import TrainStepModel

    tf = tensorflow()
    make, counter = TrainStepModel.make_train_function, count(1)

    def make_train_function(self: Any, force: bool = False) -> None:
        make(self, force)
        step = self.train_function

        def hungry(batches: Any) -> Any:
            if next(counter) == 5:
                tf.zeros((2**46,))
            return step(batches)

        self.train_function = hungry

    monkeypatch.setattr(TrainStepModel, "make_train_function", make_train_function)


def test_a_device_that_runs_out_of_memory(config: TrainConfig, exhausted: None) -> None:
    run = create_run("hungry", config)
    with pytest.raises(RunError, match="ran out of memory: choose a smaller batch") as error:
        train(run)
    assert isinstance(error.value.__cause__, tensorflow().errors.ResourceExhaustedError)
    assert_failed(run, "ran out of memory", "smaller batch, crop or width")
    assert_resumes_to_its_end(run)  # the steps are counted on: the memory is there again


def test_crops_that_run_out_of_memory(config: TrainConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = feed.scaled_batches

    def hungry(*arguments: Any) -> Iterator[Any]:
        for number, batch in enumerate(drawn(*arguments)):
            if number == 2:
                np.empty((2**46,), np.uint8)  # raises a MemoryError of NumPy's own
            yield batch

    monkeypatch.setattr(feed, "scaled_batches", hungry)
    run = create_run("crops", config)
    with pytest.raises(RunError, match="ran out of memory") as error:
        train(run)
    assert isinstance(error.value.__cause__, MemoryError)
    assert_failed(run, "ran out of memory", "smaller batch, crop or width")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_disk_that_fills_up(config: TrainConfig, after_epoch: Hook) -> None:
    run = create_run("full", config)
    metrics, kept = run.folder / "metrics.jsonl", run.folder / "kept"

    def fill() -> None:
        metrics.rename(kept)
        metrics.symlink_to("/dev/full")

    after_epoch(1, fill)
    with pytest.raises(WorkspaceError):
        train(run)
    assert_failed(run, "the disk is full", "free some disk space")
    kept.replace(metrics)
    assert_resumes_to_its_end(run)


_VANISHING = """
import shutil, sys
from functools import partial
from core.cli.main import main
from core.training.runs.run import Run
from core.training.session import train

train.train = partial(train.train, train_memory=1)
append = Run.append_metrics

def vanish(self, record):
    append(self, record)
    shutil.rmtree(sys.argv[1], ignore_errors=True)

Run.append_metrics = vanish
sys.exit(main(["train", "--dataset", sys.argv[1], "--run", "gone", *sys.argv[2:]]))
"""


def test_the_command_says_it_in_one_line(config: TrainConfig, root: Path) -> None:
    settings = [part for each in SETTINGS for part in ("--set", each)]
    # A process of its own: threads of earlier tests write to this one's stderr.
    ended = subprocess.run(
        [sys.executable, "-c", _VANISHING, str(root), *settings],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    lines = ended.stderr.splitlines()
    assert lines[-1].startswith("error: ")
    assert "the dataset has vanished" in lines[-1]
    assert not any("Traceback" in line for line in lines)
