"""Trainings as processes of their own, watched through their files."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.errors import RunError, WorkspaceError
from core.models.store import load_model
from core.paths import workspace
from core.training.config import TrainConfig, with_settings
from core.training.queue import processes
from core.training.queue.launch import launch, resume, running_runs, suggest_name
from core.training.runs.run import Run, create_run
from core.training.runs.status import Status

pytestmark = pytest.mark.training

PATIENCE = 240  # seconds; nothing is asserted about time


def _wait(run: Run, done: Callable[[Status], bool]) -> Status:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if done(status := run.status()):
            return status
        time.sleep(0.05)  # between two looks, not instead of one
    raise AssertionError(f"{run.status()}\n{run.log_tail()}")


@pytest.fixture
def config(demo_dataset: Path) -> Iterator[TrainConfig]:
    (workspace().datasets / "demo").symlink_to(demo_dataset)
    settings = ["steps=4", "batch=2", "model.width=4", "model.depth=1", "model.stem_stride=2"]
    # Without end, as far as these tests go.
    settings += ["recipe.patch.size=32", "precision=float32", "epochs=9000", "limit_minutes=10"]
    yield with_settings(TrainConfig(dataset="demo"), settings)
    for run in running_runs():
        if (pid := run.status().pid) is not None:
            os.kill(pid, signal.SIGKILL)


def test_killed_resumed_and_stopped(config: TrainConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    # The process works elsewhere: what we know by a relative path must still be found.
    monkeypatch.chdir(workspace().root.parent)
    monkeypatch.setenv("DSI_WORKSPACE", workspace().root.name)
    run = launch(config, "demo-unet-01")
    assert run.status().state == "starting"
    assert running_runs() == [run]
    with pytest.raises(RunError, match="is running"):
        resume(run)
    status = _wait(run, lambda s: not s.alive or (s.best_epoch is not None and s.epoch > 2))
    assert status.state == "running", run.log_tail()
    assert status.pid is not None
    assert os.getsid(status.pid) == status.pid != os.getsid(0)  # no child of this session

    os.kill(status.pid, signal.SIGKILL)
    status = _wait(run, lambda s: not s.alive)
    assert status.state == "interrupted"
    assert "is kept and usable" in status.message
    assert running_runs() == []
    model, card = load_model(run.folder)
    assert model.output_shape[-1] == len(card.classes)
    done = run.epochs()[-1].epoch

    resume(run)
    assert run.status().state == "starting"
    status = _wait(run, lambda s: not s.alive or (s.state == "running" and s.epoch > done + 1))
    assert status.state == "running", run.log_tail()
    run.request_stop()
    status = _wait(run, lambda s: not s.alive)
    assert status.state == "stopped"
    assert "as you asked" in status.message
    steps = [record.step for record in run.metrics().steps]
    assert steps == sorted(steps)
    assert run.epochs()[-1].epoch > done
    load_model(run.folder)


def test_a_process_that_ends_at_once_is_failed_with_its_error(config: TrainConfig) -> None:
    run = launch(config.model_copy(update={"dataset": "nowhere"}), "wrong")
    status = _wait(run, lambda s: not s.alive)
    assert status.state == "failed"
    assert status.message.startswith("It ended before the training began: there is no dataset")
    first, last = run.log_tail().splitlines()
    assert first == f"run wrong: {run.folder}"
    assert last.startswith("error: there is no dataset 'nowhere'")


@pytest.mark.parametrize(
    ("script", "state", "reason"),
    [
        ("import no_such_module", "failed", "No module named 'no_such_module'"),
        ("", "interrupted", "The process ended unexpectedly"),  # as one that was killed
    ],
)
def test_what_ends_a_process_before_it_can_write_its_status(
    config: TrainConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: str,
    state: str,
    reason: str,
) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "__main__.py").write_text(script)
    monkeypatch.setattr(processes, "REPOSITORY", tmp_path)
    run = launch(config, "broken")
    status = _wait(run, lambda s: not s.alive)
    assert status.state == state
    assert reason in status.message


def test_no_process_is_our_error(config: TrainConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes.sys, "executable", "/no/such/python")
    with pytest.raises(RunError, match="could not be started"):
        launch(config, "none")
    assert Run(workspace().runs / "none").status().state == "failed"


def test_names(config: TrainConfig) -> None:
    assert suggest_name("demo") == "demo-unet-01"
    create_run("demo-unet-01", config)
    create_run("demo-unet-03", config)
    assert suggest_name("demo") == "demo-unet-02"
    assert suggest_name("server/data/Dubai tiles (2)") == "dubai-tiles-2-unet-01"
    assert suggest_name("…") == "run-unet-01"
    with pytest.raises(WorkspaceError, match="cannot be used as a name"):
        launch(config, "../up")
    (workspace().models / "kept").mkdir()
    with pytest.raises(RunError, match="a model 'kept' already"):
        launch(config, "kept")
    (workspace().models / "demo-unet-02").mkdir()
    assert suggest_name("demo") == "demo-unet-04"


def test_one_that_failed_before_its_first_step_begins_again(config: TrainConfig) -> None:
    run = launch(config.model_copy(update={"dataset": "nowhere"}), "early")
    _wait(run, lambda s: not s.alive)
    resume(run)
    assert run.status().state == "starting"
    status = _wait(run, lambda s: not s.alive)
    assert (status.state, "nowhere" in status.message) == ("failed", True)
    run.write_status(Status(state="finished"))
    with pytest.raises(RunError, match="is finished"):
        resume(run)
