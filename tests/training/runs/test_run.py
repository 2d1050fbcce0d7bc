"""Runs on disk: what others read while a process writes, and after it has gone."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from core import paths
from core.errors import RunError, WorkspaceError
from core.training.config import TrainConfig
from core.training.runs.liveness import process_start
from core.training.runs.run import EPOCH_FILE, STATE_FILE, Run, create_run, find_run, list_runs
from core.training.runs.status import LaunchRecord, Status


@pytest.fixture
def run() -> Run:
    return create_run("trial", TrainConfig(dataset="demo", epochs=4))


def _alive(run: Run, pid: int | None, start: int | None, **fields: object) -> None:
    run.write_status(Status(state="running", pid=pid, process_start=start, **fields))


def test_a_new_run_is_starting_and_can_be_opened(run: Run) -> None:
    assert find_run("trial") == run
    assert list_runs() == [run]
    assert run.status().state == "starting"
    assert run.config().epochs == 4


def test_a_name_is_used_once_and_is_no_path(run: Run) -> None:
    with pytest.raises(RunError, match="already"):
        create_run("trial", TrainConfig())
    with pytest.raises(WorkspaceError):
        create_run("../trial", TrainConfig())
    (paths.workspace().models / "kept").mkdir()
    with pytest.raises(RunError, match="a model 'kept' already"):
        create_run("kept", TrainConfig())
    with pytest.raises(RunError, match="known runs: trial"):
        find_run("../../etc")


def test_a_living_process_is_running(run: Run) -> None:
    _alive(run, os.getpid(), process_start(os.getpid()))
    assert run.status().state == "running"


def test_a_process_that_is_gone_is_interrupted(run: Run) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    start = process_start(gone.pid)
    gone.wait()
    _alive(run, gone.pid, start, best_epoch=2, best_mean_iou=0.4, seconds_left=9.0)
    status = run.status()
    assert status.state == "interrupted"
    assert "epoch 2" in status.message
    assert status.seconds_left is None


def test_a_zombie_is_interrupted(run: Run) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    _alive(run, child.pid, process_start(child.pid))
    assert run.status().state == "running"
    child.kill()
    # Nobody has waited for it: its number is still there, the process is not.
    deadline = time.monotonic() + 120
    while process_start(child.pid) is not None and time.monotonic() < deadline:
        os.sched_yield()
    assert Path(f"/proc/{child.pid}").exists() or sys.platform != "linux"
    assert run.status().state == "interrupted"
    child.communicate()


def test_a_number_used_again_is_not_taken_for_it(run: Run) -> None:
    start = process_start(os.getpid())
    assert start is not None
    _alive(run, os.getpid(), start - 1)
    assert run.status().state == "interrupted"


def test_a_process_without_a_start_had_ended(run: Run) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    _alive(run, gone.pid, None)
    assert run.status().state == "interrupted"


def test_without_any_process_it_is_given_a_while(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 100)
    assert run.status().state == "starting"
    monkeypatch.setattr(time, "time", lambda: now + 1000)
    assert run.status().state == "interrupted"


def test_a_launched_process_that_ended_at_once_says_why(run: Run) -> None:
    run.log.write_text("of an earlier start\n")
    size = run.log.stat().st_size
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    launched = LaunchRecord(pid=gone.pid, process_start=None, log_size=size)
    run.launched_file.write_text(launched.model_dump_json())
    assert run.status().state == "interrupted"  # killed: it said nothing
    with run.log.open("a") as log:
        log.write("Traceback:\nModuleNotFoundError: No module named 'keras'\n\n")
    status = run.status()
    assert status.state == "failed"
    assert status.message.endswith("began: ModuleNotFoundError: No module named 'keras'")
    assert "earlier" not in status.message


def test_a_last_word_between_two_looks_counts(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    start = process_start(gone.pid)
    gone.wait()
    _alive(run, gone.pid, start)

    def ends(pid: int) -> None:
        run.write_status(Status(state="finished", message="Finished."))

    monkeypatch.setattr("core.training.runs.liveness.process_start", ends)
    assert run.status().state == "finished"


def test_a_damaged_status_is_our_error(run: Run) -> None:
    (run.folder / "status.json").write_bytes(b"\xff\xfe{")
    with pytest.raises(RunError, match="status cannot be read") as error:
        run.status()
    assert "model can still be used" in error.value.remedy


def test_a_run_is_made_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise WorkspaceError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Run, "write_status", full)
        with pytest.raises(WorkspaceError, match="disk is full"):
            create_run("half", TrainConfig())
    assert list(paths.workspace().runs.iterdir()) == []
    assert create_run("half", TrainConfig()).status().state == "starting"


def test_a_state_counts_once_its_epoch_is_marked(run: Run) -> None:
    run.checkpoint.mkdir()
    (run.checkpoint / STATE_FILE).touch()
    assert run.saved() is None
    (run.checkpoint / EPOCH_FILE).write_text('{"epoch": 3, "batch": 0}')  # as first written
    assert run.saved() == (run.checkpoint / STATE_FILE, 3, 0)
    (run.checkpoint / EPOCH_FILE).write_text('{"epoch": 3, "batch": 1, "state": "gone.h5"}')
    assert run.saved() is None


def test_only_what_has_not_finished_can_go_on(run: Run) -> None:
    for state in ("failed", "stopped", "interrupted"):
        run.write_status(run.status().model_copy(update={"state": state}))
        assert run.resumable
    run.write_status(run.status().model_copy(update={"state": "finished"}))
    assert not run.resumable


def test_a_reader_never_sees_half_a_status(run: Run) -> None:
    ended = threading.Event()

    def write() -> None:
        for epoch in range(300):
            run.write_status(Status(state="stopped", message="x" * (epoch * 20), epoch=epoch))
        ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    while not ended.is_set():
        seen.add(run.status().epoch)
    writer.join()
    assert run.status().epoch == 299
    assert len(seen) > 1


def test_a_full_disk_keeps_the_old_status_but_not_from_the_last_word(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    _alive(run, os.getpid(), process_start(os.getpid()), epoch=3)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(paths.tempfile, "mkstemp", full)
    with pytest.raises(WorkspaceError, match="disk is full"):
        _alive(run, os.getpid(), process_start(os.getpid()), epoch=4)
    assert run.status().epoch == 3
    run.write_status(Status(state="failed", message="the disk is full"))
    assert run.status().state == "failed"


def test_request_stop_leaves_a_word(run: Run) -> None:
    assert not run.stop_file.exists()
    run.request_stop()
    assert run.stop_file.exists()
