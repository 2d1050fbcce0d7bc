"""Output that nobody reads, logs without a terminal, Ctrl+C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.cli import main as main_module
from core.cli import terminal
from core.cli.main import main
from core.cli.streams import guard_streams
from core.errors import WorkspaceError
from tests.conftest import REPOSITORY

LINES = "import sys\nfrom core.cli.streams import guard_streams\nguard_streams()\n"


def shell(line: str) -> subprocess.CompletedProcess[str]:
    """A line of shell, with `$CORE` as the command line without its parser's commands."""
    environment = os.environ | {"PY": sys.executable, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(
        ["bash", "-c", line], env=environment, capture_output=True, text=True, check=False
    )


def test_an_encoding_without_our_signs_is_no_error() -> None:
    line = (
        "import sys; sys.argv = ['']\n"
        + LINES
        + "print('5 \u2013 7'); print('\u2192', file=sys.stderr)"
    )
    shown = shell(f'PYTHONIOENCODING=ascii "$PY" -c "{line}"')
    assert (shown.returncode, shown.stdout) == (0, "5 \\u2013 7\n"), shown.stderr
    assert shown.stderr == "\\u2192\n"


def test_a_terminal_obeys_no_name() -> None:
    """A file may be called what clears the screen, names the window or turns the text around."""
    code = LINES + r"print('a\x1b]0;b\x07c\x9bd\u202ee\tf'); sys.stderr.write('\r\x1b[2J')"
    ours, theirs = os.openpty()
    subprocess.run(
        [sys.executable, "-c", code], stdout=theirs, stderr=theirs, check=True, cwd=REPOSITORY
    )
    shown = os.read(ours, 1000).decode()
    os.close(ours)
    os.close(theirs)
    assert shown == "a\\x1b]0;b\\x07c\\x9bd\\u202ee\tf\r\n\r\\x1b[2J"
    piped = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, cwd=REPOSITORY
    )
    assert piped.stdout.startswith(b"a\x1b]0;b\x07c")  # a program gets the name itself


@contextmanager
def real_streams() -> Iterator[None]:
    streams = sys.stdout, sys.stderr
    yield
    sys.stdout, sys.stderr = streams


@pytest.mark.parametrize(
    "line",
    [
        '"$PY" -m core datasets --json | head -c 1; exit ${PIPESTATUS[0]}',
        '"$PY" -m core datasets --json >&-',
        '"$PY" -m core datasets --json 2>&-',
        '"$PY" -m core datasets >&- 2>&-',
    ],
)
def test_a_reader_that_leaves_is_no_error(line: str) -> None:
    done = shell(line)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr


def test_work_goes_on_without_readers() -> None:
    code = LINES + (
        "for number in range(20000):\n"
        "    print(number, flush=True)\n"
        "    print(number, file=sys.stderr)\n"
        "open(sys.argv[1], 'w').write('done')\n"
    )
    for redirect in ("| head -1", "2>&1 | head -1", ">&- 2>&-"):
        done = shell(
            f'"$PY" -c "{code}" "$PWD/ended" {redirect}; cat "$PWD/ended"; rm "$PWD/ended"'
        )
        assert done.stdout.endswith("done"), redirect
        assert "Traceback" not in done.stderr


def test_a_full_disk_behind_stdout_is_one_line() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    done = shell('"$PY" -m core datasets --json > /dev/full')
    assert done.returncode == 1
    assert done.stderr.startswith("error: the answer cannot be written (No space left on device)")
    assert done.stderr.count("\n") == 1


def test_a_closed_descriptor_is_given_to_no_file(tmp_path: Path) -> None:
    code = LINES + (
        "import os\nfile = open(sys.argv[1], 'w')\nos.write(1, b'chatter')\nfile.write('mine')\n"
    )
    shell(f'"$PY" -c "{code}" {tmp_path / "file"} >&-')
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("command", ["datasets", "models", "audit", "demo", "train"])
def test_ctrl_c_is_one_line_and_130(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(options: object) -> None:
        raise KeyboardInterrupt

    commands = [(n, d, a, interrupted) for n, d, a, _ in main_module._COMMANDS]
    monkeypatch.setattr(main_module, "_COMMANDS", commands)
    assert main([command, *(["d"] if command in ("audit", "demo") else [])]) == 130
    assert capsys.readouterr().err == "error: interrupted, files that were begun are not kept\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_of_a_process_and_its_end_from_outside(
    tmp_path: Path, number: int, code: int
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "core", "demo", str(tmp_path / "d"), "--scenes", "500"],
        cwd=REPOSITORY,
        stderr=subprocess.PIPE,
        text=True,
        # What a shell starts in the background ignores Ctrl+C, and so do its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while not list(tmp_path.glob(".d.*")):
        time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert err == "error: interrupted, files that were begun are not kept\n"
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_while_a_class_is_made_by_exec_is_130_too(tmp_path: Path) -> None:
    """As a dataclass of a module that is imported late."""
    (tmp_path / "sitecustomize.py").write_text(
        "import core.cli.demo\n"
        "core.cli.demo.run = lambda options: exec('raise KeyboardInterrupt')\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "core", "demo", str(tmp_path / "d")],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{REPOSITORY}"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (
        130,
        "error: interrupted, files that were begun are not kept\n",
    )


def test_progress_in_a_log_is_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 1.0, 11.0, 12.0, 30.0])
    monkeypatch.setattr(terminal.time, "monotonic", lambda: next(clock))
    with terminal.bar("t0.tif", "tile") as progress:
        for done in range(1, 5):
            progress(done, 4)
    assert capsys.readouterr().err == "t0.tif: 2 of 4 tiles\nt0.tif: 4 of 4 tiles\n"


def test_streams_that_are_there_work_as_before(capfd: pytest.CaptureFixture[str]) -> None:
    with real_streams():
        guard_streams()
        print("answer", flush=True)
        print("note", file=sys.stderr, flush=True)
        assert sys.stdout.fileno() == 1 or not sys.stdout.isatty()
    out, err = capfd.readouterr()
    assert (out, err) == ("answer\n", "note\n")


def test_what_stdout_cannot_take_is_an_error() -> None:
    class Full:
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    from core.cli.streams import _Guarded

    with pytest.raises(WorkspaceError, match="No space left"):
        # A descriptor of its own: the test's stdout is not to be closed.
        guarded = _Guarded(Full(), 1)  # type: ignore[arg-type]
        saved = os.dup(1)
        try:
            guarded.write("x")
        finally:
            os.dup2(saved, 1)
            os.close(saved)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_that_is_lost_is_made_again(tmp_path: Path, number: int, code: int) -> None:
    """Modules of Cython clear what is raised while they are imported: work went on."""
    (tmp_path / "sitecustomize.py").write_text(
        "import pathlib, time\n"
        "import core.cli.demo\n"
        "def run(options):\n"
        "    pathlib.Path(options.dir).touch()\n"
        "    try:\n"
        "        time.sleep(60)\n"
        "    except KeyboardInterrupt:\n"
        "        pass\n"
        "    time.sleep(60)\n"
        "core.cli.demo.run = run\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "core", "demo", str(tmp_path / "d")],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{REPOSITORY}"},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while not (tmp_path / "d").exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert err == "error: interrupted, files that were begun are not kept\n"
