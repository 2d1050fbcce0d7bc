"""Work in a process of its own: its answers, its errors, and its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigError, DSIError, RunError, UnnamedClasses
from core.training.trials import child
from core.training.trials.child import run_in_child
from tests.conftest import REPOSITORY

_IMPORT = "from core.training.trials.child import child_main"


class Recorded(subprocess.Popen):  # type: ignore[type-arg]
    """The processes that were started."""

    started: list[Recorded]

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.started.append(self)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Recorded]:
    Recorded.started = []
    monkeypatch.setattr(child.subprocess, "Popen", Recorded)
    return Recorded.started


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes a module of a child's work and runs it."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def run(body: str, order: Any = None, progress: Any = lambda done, total: None) -> Any:
        lines = "\n    ".join(body.splitlines())
        text = f"{_IMPORT}\ndef work(order, progress):\n    {lines}\nchild_main(work)\n"
        (tmp_path / "childs_work.py").write_text(text)
        return run_in_child("childs_work", order or {}, progress, "the trial")

    return run


def test_order_progress_and_result_go_over_the_pipes(work: Any) -> None:
    calls: list[tuple[int, int]] = []
    body = "print('chatter')\nprogress(1, 2)\nprogress(2, 2)\nreturn order | {'é': 1.5}"
    assert work(body, {"a": "ü\n"}, lambda *at: calls.append(at)) == {"a": "ü\n", "é": 1.5}
    assert calls[0] == (0, 0)  # until it reports
    assert calls[-1] == (2, 2)
    assert (1, 2) in calls


def test_it_is_the_same_folder_and_the_same_core(
    work: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere" / "core").mkdir(parents=True)
    (tmp_path / "elsewhere" / "core" / "__init__.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert work("import os\nreturn os.getcwd()") == str(tmp_path / "elsewhere")


@pytest.mark.parametrize(("name", "kind"), [("UnnamedClasses", UnnamedClasses), ("Mine", RunError)])
def test_an_error_of_ours_comes_back_as_it_was(work: Any, name: str, kind: type[DSIError]) -> None:
    body = f"""from core.errors import RunError, UnnamedClasses
class Mine(RunError): pass
raise {name}('no, "it"', where='a|b', key='a.b', remedy='fix it')"""
    with pytest.raises(DSIError) as caught:
        work(body)
    error = caught.value
    assert type(error) is kind
    parts = (error.what, error.where, error.key, error.remedy)
    assert parts == ('no, "it"', "a|b", "a.b", "fix it")


def test_another_is_named_by_its_last_line_and_logged(
    work: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(RunError) as caught:
        work("raise ValueError('a\\nbroken thing')")
    assert caught.value.where == "broken thing"
    assert "Traceback" in capfd.readouterr().err
    with pytest.raises(RunError, match="code 7"):
        work("import os\nos._exit(7)")


@pytest.mark.parametrize(
    "body",
    [
        "raise MemoryError",
        "class ResourceExhaustedError(Exception): pass\nraise ResourceExhaustedError('OOM')",
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
        "import os\nos.write(2, b'  what():  std::bad_alloc')\nos.abort()",
    ],
)
def test_too_little_memory_names_the_batch(work: Any, body: str) -> None:
    with pytest.raises(ConfigError, match="not enough memory") as caught:
        work(body)
    assert caught.value.where == "batch"
    assert "smaller batch" in caught.value.remedy


def test_an_abort_for_another_reason_is_not_about_memory(work: Any) -> None:
    with pytest.raises(RunError, match="the trial failed"):
        work("import os\nos.abort()")


def test_a_progress_function_that_raises_ends_it(work: Any, started: list[Recorded]) -> None:
    class Stop(BaseException):
        pass

    def progress(done: int, total: int) -> None:
        if done:
            raise Stop

    with pytest.raises(Stop):
        work("progress(1, 2)\nimport threading\nthreading.Event().wait()", progress=progress)
    (process,) = started
    assert process.returncode == -signal.SIGKILL


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    """The parent is killed, and what is left of the pipe is its end."""
    waits = "lambda order, progress: (progress(1, 2), threading.Event().wait())"
    code = (
        f"import threading\nfrom core.training.trials.child import child_main\nchild_main({waits})"
    )
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        cwd=tmp_path,
    ) as process:
        assert process.stdin and process.stdout
        process.stdin.write(b"{}\n")
        process.stdin.flush()
        assert process.stdout.readline() == b'{"progress": [1, 2]}\n'
        process.stdin.close()
        assert process.wait(timeout=120) == 1


def test_a_process_that_cannot_be_started_is_our_error(
    work: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child.sys, "executable", "/nowhere/python")
    with pytest.raises(RunError, match="could not be started"):
        work("return 1")
