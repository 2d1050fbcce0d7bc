"""The queue over real processes: killed at any moment, it loses no run and starts none twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from core.errors import RunError
from core.paths import workspace
from core.training.config import TrainConfig
from core.training.queue import processes
from core.training.queue.delete import delete_run
from core.training.queue.launch import launch, resume, running_runs
from core.training.queue.queue import (
    advance,
    enqueue,
    hold_device,
    move,
    queued_runs,
    remove,
    run_worker,
    submit,
)
from core.training.runs.run import Run, create_run, find_run
from core.training.runs.status import Status
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.training

PATIENCE = 120  # seconds; nothing is asserted about time

# What stands for `python -m core train`: it takes its turn like the real one, notes that it began,
# and ends when it is told to.
FAKE = """
import os, sys, time
sys.path.insert(1, {repository!r})
from core.training.queue.queue import hold_device
from core.training.runs.run import find_run
run = find_run(sys.argv[sys.argv.index("--run") + 1])
with hold_device(run, print):
    with (run.folder / "began").open("a") as file:
        file.write(f"{{os.getpid()}} {{'--resume' in sys.argv}}\\n")
    run.write_status(run.status().model_copy(update={{"state": "running"}}))
    while not (run.folder / "end").exists():
        time.sleep(0.02)
    run.write_status(run.status().model_copy(update={{"state": "finished"}}))
"""
WORKER = """
import sys
sys.path.insert(1, {repository!r})
from core.training.queue import queue
queue.processes.REPOSITORY = {fake!r}
queue.run_worker()
"""


@pytest.fixture(autouse=True)
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A repository whose `core` is the fake command, for the launcher and its worker."""
    folder = tmp_path / "fake"
    (folder / "core" / "training" / "queue").mkdir(parents=True)
    (folder / "core" / "__main__.py").write_text(FAKE.format(repository=str(REPOSITORY)))
    worker = WORKER.format(repository=str(REPOSITORY), fake=str(folder))
    (folder / "core" / "training" / "queue" / "worker.py").write_text(worker)
    # The fake `core` holds two scripts: everything else comes from the repository.
    for place in (core := folder / "core", core / "training", core / "training" / "queue"):
        (place / "__init__.py").write_text(
            f"__path__.append({str(REPOSITORY / place.relative_to(folder))!r})"
        )
    monkeypatch.setattr(processes, "REPOSITORY", folder)
    yield folder
    until(all_have_ended)


@pytest.fixture
def config() -> TrainConfig:
    return TrainConfig(dataset="demo")


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, {
            r.name: r.status() for r in running_runs() + queued_runs()
        }
        time.sleep(0.02)  # between two looks, not instead of one


def all_have_ended() -> bool:
    """Let those that wait go and those that run end; whether there were none."""
    waiting = queued_runs()
    for run in waiting:
        with suppress(RunError):  # its turn may come in this moment
            remove(run)
    running = running_runs()
    for run in running:
        end(run)
    return not waiting and not running


def state(run: Run) -> str:
    return run.status().state


def began(run: Run) -> list[str]:
    file = run.folder / "began"
    return file.read_text().splitlines() if file.is_file() else []


def end(run: Run) -> None:
    (run.folder / "end").touch()
    until(lambda: state(run) == "finished")


def kill(run: Run) -> None:
    until(lambda: state(run) == "running")
    pid = run.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: state(run) == "interrupted")


def names() -> list[str]:
    return [run.name for run in queued_runs()]


def test_one_at_a_time_in_the_order_they_were_launched(config: TrainConfig) -> None:
    a, b, c = (launch(config, name) for name in "abc")
    assert [state(run) for run in (a, b, c)] == ["starting", "queued", "queued"]
    assert names() == ["b", "c"]
    until(lambda: state(a) == "running")
    end(a)
    until(lambda: state(b) == "running")
    assert state(c) == "queued"
    kill(b)  # the queue goes on when a training is killed
    until(lambda: state(c) == "running")
    assert queued_runs() == []
    resume(b)
    assert state(b) == "queued"
    end(c)
    until(lambda: state(b) == "running")
    assert [len(began(run)) for run in (a, b, c)] == [1, 2, 1]


def test_the_order_is_changed_and_runs_are_taken_off(config: TrainConfig) -> None:
    first = launch(config, "first")
    a, b, c = (launch(config, name) for name in "abc")
    move(c, 1)
    assert names() == ["c", "a", "b"]
    move(c, 2)
    assert names() == ["a", "c", "b"]
    move(a, 99)
    assert names() == ["c", "b", "a"]
    remove(b)
    assert names() == ["c", "a"]
    assert b.status().message == "Taken off the queue before it began."
    with pytest.raises(RunError, match="not in the queue any more"):
        move(b, 1)
    with pytest.raises(RunError, match="is running"):
        remove(first)
    with pytest.raises(RunError, match="waits in the queue already"):
        enqueue(a)
    kill(first)
    until(lambda: state(c) == "running")
    assert began(b) == []


def test_places_halved_often_keep_their_order(config: TrainConfig) -> None:
    x, y, a, b = (submit(name, config) for name in "xyab")
    del b
    for turn_ in range(130):
        move((x, y)[turn_ % 2], 2)
        assert names().index("xy"[turn_ % 2]) == 1
        assert sorted(names()) == ["a", "b", "x", "y"]
    assert len({run.status().place for run in queued_runs()}) == 4
    assert names()[-2:] == ["a", "b"]
    assert a in queued_runs()


def _worker() -> int:
    """The process number of the one worker that holds the worker's lock."""
    lock = workspace().runs / ".worker.lock"
    inode = lock.stat().st_ino
    for line in Path("/proc/locks").read_text().splitlines():
        fields = line.split()
        if fields[1] == "FLOCK" and fields[5].rpartition(":")[2] == str(inode):
            return int(fields[4])
    return 0


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="Linux tells who holds a lock")
def test_a_worker_that_is_killed_is_replaced_by_the_next_who_looks(config: TrainConfig) -> None:
    a, b, c = (launch(config, name) for name in "abc")
    until(lambda: state(a) == "running" and _worker())
    worker = _worker()
    os.kill(worker, signal.SIGKILL)
    until(lambda: _worker() != worker)
    end(a)
    advance()  # nobody else is there who would start it
    until(lambda: _worker() not in (0, worker))
    until(lambda: state(b) == "running")
    assert len(began(a)) == len(began(b)) == 1
    # A training survives its worker, and a second worker leaves the first alone.
    worker = _worker()
    run_worker()
    assert _worker() == worker
    os.kill(worker, signal.SIGKILL)
    until(lambda: _worker() != worker)
    assert state(b) == "running"
    advance()
    end(b)
    until(lambda: state(c) == "running")
    end(c)
    until(lambda: not _worker())  # it ends when nothing is left


LAUNCH = """
import sys
sys.path.insert(0, {repository!r})
import os, signal
from pathlib import Path
from core.training.queue import processes, queue
from core.training.config import TrainConfig
from core.training.runs.run import Run
processes.REPOSITORY = Path({fake!r})
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
if {moment!r} == "before":
    queue.processes.start_training = die
elif {moment!r} == "after":
    processes.write_json = die
elif {moment!r} == "noted":
    Run.write_status = die
queue.advance()
"""


@pytest.mark.parametrize("moment", ["before", "after", "noted"])
def test_a_starter_that_is_killed_in_the_middle_loses_none_and_starts_none_twice(
    config: TrainConfig, fake: Path, moment: str
) -> None:
    a, b = submit("a", config), submit("b", config)
    code = LAUNCH.format(repository=str(REPOSITORY), fake=str(fake), moment=moment)
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=fake)
    assert done.returncode == -signal.SIGKILL
    for _ in range(3):
        advance()
    until(lambda: state(a) == "running")
    assert state(b) == "queued"
    end(a)
    until(lambda: state(b) == "running")
    assert len(began(a)) == len(began(b)) == 1


def test_many_who_look_at_once_start_one(config: TrainConfig, fake: Path) -> None:
    a, b = submit("a", config), submit("b", config)
    code = LAUNCH.format(repository=str(REPOSITORY), fake=str(fake), moment="never")
    racers = [subprocess.Popen([sys.executable, "-c", code], cwd=fake) for _ in range(6)]
    assert [racer.wait() for racer in racers] == [0] * 6
    until(lambda: state(a) == "running")
    assert (len(began(a)), state(b), began(b)) == (1, "queued", [])


def _command(fake: Path, run: Run) -> subprocess.Popen[str]:
    """A training on the command line, in the foreground."""
    # Where the tests run in the background of a shell, SIGINT is ignored, and that is inherited.
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code = heed + FAKE.format(repository=str(REPOSITORY)).replace(
        'find_run(sys.argv[sys.argv.index("--run") + 1])',
        "__import__('core.training.queue.queue').training.queue.queue.submit("
        "sys.argv[2], __import__('core.training.config').training.config.TrainConfig(), here=True)",
    )
    return subprocess.Popen(
        [sys.executable, "-u", "-c", code, "--run", run.name],
        cwd=fake,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_command_waits_for_its_turn(config: TrainConfig, fake: Path) -> None:
    a = launch(config, "a")
    typed = Run(workspace().runs / "typed")
    command = _command(fake, typed)
    until(lambda: typed.folder.is_dir())
    assert command.stdout is not None
    assert command.stdout.readline().startswith("waiting: a training is going on")
    b = launch(config, "b")
    assert names() == ["typed", "b"]
    end(a)
    until(lambda: state(typed) == "running")
    assert typed.status().pid == command.pid
    end(typed)
    assert command.wait(PATIENCE) == 0
    until(lambda: state(b) == "running")


def test_a_command_that_gives_up_or_dies_leaves_the_queue(config: TrainConfig, fake: Path) -> None:
    a = launch(config, "a")
    runs = [Run(workspace().runs / name) for name in ("typed", "killed")]
    commands = [_command(fake, run) for run in runs]
    for command in commands:
        assert command.stdout is not None and command.stdout.readline()
    commands[0].send_signal(signal.SIGINT)
    commands[1].kill()
    for command in commands:
        command.wait(PATIENCE)
    assert [state(run) for run in runs] == ["stopped", "interrupted"]
    assert "waited for its turn" in runs[1].status().message
    assert names() == []
    kill(a)
    assert advance() is None


def test_a_run_taken_off_while_its_command_waits_is_said(config: TrainConfig) -> None:
    launch(config, "a")
    run = submit("typed", config, here=True)
    said: list[str] = []

    def take_off(words: str) -> None:
        said.append(words)
        remove(run)

    with pytest.raises(RunError, match="not in the queue any more"), hold_device(run, take_off):
        raise AssertionError("it has no turn")
    assert len(said) == 1


def test_only_an_ended_run_is_deleted(config: TrainConfig) -> None:
    a, b = launch(config, "a"), launch(config, "b")
    until(lambda: state(a) == "running")
    for run, words in ((a, "is running"), (b, "waits in the queue")):
        with pytest.raises(RunError, match=words):
            delete_run(run)
        assert find_run(run.name) == run
    end(a)
    delete_run(a)
    assert not a.folder.exists()
    assert [path.name for path in workspace().runs.iterdir() if "deleted" in path.name] == []
    assert submit("a", config) == a  # its name is free again


def test_a_status_without_a_living_process_does_not_block_the_queue(config: TrainConfig) -> None:
    dead = create_run("dead", config)
    dead.write_status(Status(state="running", pid=os.getpid(), process_start=1))
    a = launch(config, "a")
    assert state(a) == "starting"
