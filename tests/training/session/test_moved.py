"""A workspace or a run that is moved or deleted during its training leaves no stub behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from core.errors import RunError, WorkspaceError
from core.paths import existing_folder, workspace, write_json
from core.training.callbacks.reporter import Reporter
from core.training.config import TrainConfig, with_settings
from core.training.runs.run import Run, create_run
from core.training.session.train import train
from tests.conftest import REPOSITORY
from tests.tiny import QUICK

SETTINGS = [*QUICK, "epochs=3", "timelapse=1"]


def test_an_existing_folder_is_not_made_anew(tmp_path: Path) -> None:
    place = tmp_path / "workspace"
    place.mkdir()
    with existing_folder(place):
        write_json(place / "runs/one/status.json", {})
        place.rename(tmp_path / "elsewhere")
        with pytest.raises(WorkspaceError):
            write_json(place / "runs/one/status.json", {})
        assert not place.exists()
    write_json(place / "status.json", {})  # outside the block as ever
    assert (place / "status.json").is_file()


@pytest.mark.training
@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("what", ["workspace", "run"])
@pytest.mark.parametrize("kind", ["step", "epoch"])
def test_a_training_whose_folder_is_moved_ends_and_can_be_resumed(
    space: Path, demo_dataset: Path, monkeypatch: pytest.MonkeyPatch, what: str, kind: str
) -> None:
    """It made the folder of the old path anew, and trained on into it."""
    run = create_run("moved", with_settings(TrainConfig(dataset=str(demo_dataset)), SETTINGS))
    old = space if what == "workspace" else run.folder
    new = space.with_name("elsewhere")
    append = Run.append_metrics

    def moving(self: Run, record: dict[str, Any]) -> None:
        append(self, record)
        if record["kind"] == kind and record["epoch"] == 2 and not new.exists():
            old.rename(new)

    monkeypatch.setattr(Run, "append_metrics", moving)
    begin = Reporter.on_train_begin

    def report_every_step(self: Reporter, logs: Any = None) -> None:
        begin(self, logs)
        self.interval = 0.0  # else a quick machine reports no step of the second epoch

    monkeypatch.setattr(Reporter, "on_train_begin", report_every_step)
    with pytest.raises(RunError, match="moved or deleted") as caught:
        train(run)
    assert "\n" not in str(caught.value)
    assert not old.exists()
    monkeypatch.setattr(Run, "append_metrics", append)
    if what == "run":
        new.rename(old)
        again = run
    else:
        monkeypatch.setenv("DSI_WORKSPACE", str(new))
        again = Run(workspace().runs / "moved")
    train(again, resume=True)
    assert again.status().state == "finished"
    assert [record.epoch for record in again.epochs()][-1] == 3


@pytest.mark.training
def test_the_command_says_one_line_and_leaves_nothing(space: Path, demo_dataset: Path) -> None:
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    command = [sys.executable, "-m", "core", "train", "--dataset", str(demo_dataset), "--run", "m"]
    process = subprocess.Popen(
        [*command, *settings, "--set", "epochs=500"], cwd=REPOSITORY, stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL, text=True, env={**os.environ, "DSI_WORKSPACE": str(space)},
    )  # fmt: skip
    try:
        metrics = space / "runs/m/metrics.jsonl"
        while process.poll() is None and not metrics.is_file():
            time.sleep(0.1)
        space.rename(space.with_name("elsewhere"))
        _, said = process.communicate(timeout=120)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
    assert process.returncode == 1
    assert "Traceback" not in said
    lines = [line for line in said.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    assert "moved or deleted" in lines[0]
    assert not space.exists()
