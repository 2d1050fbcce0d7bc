"""Work in a child process: an order and an answer, as lines of JSON over its pipes.

TensorFlow's memory, Keras' global precision and a processor divided into replicas stay with the
child, and a child that runs out of memory takes nobody with it. The protocol:

- the parent writes one line, the order, and then keeps the pipe open for as long as it lives;
- the child writes ``{"progress": [done, total]}`` any number of times, and at its end either
  ``{"result": …}`` or ``{"error": {"kind", "what", "where", "key", "remedy"}}``.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from core import errors
from core.errors import ConfigError, DSIError, RunError
from core.paths import REPOSITORY

__all__ = ["Progress", "child_main", "run_in_child"]

Progress = Callable[[int, int], None]

_INTERVAL = 0.25  # seconds between two calls of the progress function while the child is silent


def run_in_child(module: str, order: dict[str, Any], progress: Progress, what: str) -> Any:
    """Run a module that calls `child_main` and wait for its result.

    Args:
        module: full name of the module.
        order: input of the child, as JSON.
        progress: called with (done, total) several times a second, whether or not there is news;
            (0, 0) until the child has reported. If it raises, the child is killed.
        what: name of the work, for messages: "timing a step".

    Returns:
        The result, as decoded from JSON.

    Raises:
        ConfigError: there was not enough memory for the child; `key` is ``batch``.
        DSIError: the child's own error, of the same class.
        RunError: it cannot be started, or it ended without an answer.
    """
    with tempfile.TemporaryFile() as stderr:
        try:
            process = subprocess.Popen(
                # Not from the current folder, which may hold another `core`.
                [sys.executable, "-P", "-m", module],
                env=os.environ | {"PYTHONPATH": _python_path()},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                encoding="utf-8",
            )
        except OSError as error:
            raise RunError(
                f"the process for {what} could not be started",
                where=error.strerror or str(error),
                remedy="free memory and try again",
            ) from error
        try:
            answer = _exchange(process, order, progress)
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):  # an order that a dead child never took
                    pipe.close()  # type: ignore[union-attr]
        if answer is None:
            raise _unanswered(process.returncode, _tail(stderr), what)
    if "error" in answer:
        raise _error_from_json(answer["error"])
    return answer["result"]


def _python_path() -> str:
    before = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(REPOSITORY), *([before] if before else [])])


def _exchange(
    process: subprocess.Popen[str], order: dict[str, Any], progress: Progress
) -> dict[str, Any] | None:
    """Send the order and wait for the answer; None if the child ended without one."""
    assert process.stdin and process.stdout
    with suppress(OSError):  # it has ended already, and the loop below sees that
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=_read_lines, args=(process.stdout, lines), daemon=True).start()
    done = total = 0
    while True:
        progress(done, total)
        try:
            line = lines.get(timeout=_INTERVAL)
        except queue.Empty:
            continue
        if line is None:
            process.wait()
            return None
        message: dict[str, Any] = json.loads(line)
        if "progress" not in message:
            return message
        done, total = message["progress"]


def _read_lines(stream: IO[str], lines: queue.SimpleQueue[str | None]) -> None:
    with suppress(ValueError):  # closed, as nobody reads any more
        for line in stream:
            # The last one of a killed process may have no end.
            if line.endswith("\n"):
                lines.put(line)
    lines.put(None)


def _tail(stderr: IO[bytes]) -> str:
    """The last line of what the child wrote to its stderr, and all of it in the server's log."""
    stderr.seek(0)
    text = stderr.read().decode(errors="replace")
    if text:
        print(text, end="", file=sys.stderr)
    return text.strip().rpartition("\n")[2].strip()


def _unanswered(code: int, last: str, what: str) -> DSIError:
    # The system ends with SIGKILL what asks for too much; C++ aborts where it gets none.
    if code == -signal.SIGKILL or (code == -signal.SIGABRT and "bad_alloc" in last):
        return _no_memory()
    return RunError(
        f"{what} failed",
        where=last[:300] or f"the process ended unexpectedly with code {code}",
        remedy="change the settings and try again",
    )


def _no_memory() -> ConfigError:
    return ConfigError(
        "there is not enough memory for a training step",
        key="batch",
        remedy="choose a smaller batch, smaller crops (recipe.patch.size), or a smaller network",
    )


def _error_from_json(error: dict[str, str]) -> DSIError:
    kind: type[DSIError] = getattr(errors, error["kind"])
    return kind(error["what"], where=error["where"], key=error["key"], remedy=error["remedy"])


def child_main(work: Callable[[dict[str, Any], Progress], Any]) -> None:
    """The child's side: read the order, do the work, write the answer.

    The process ends when its parent does. Other errors keep their traceback, on
    stderr.

    Args:
        work: function of the order and a progress function, whose result JSON can hold.
    """
    answers = _own_stdout()
    _prefer_to_be_killed()
    order = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()

    def write(answer: dict[str, Any]) -> None:
        answers.write(json.dumps(answer, allow_nan=False) + "\n")
        answers.flush()

    try:
        result = work(order, lambda done, total: write({"progress": [done, total]}))
    except DSIError as error:
        write({"error": _error_as_json(error)})
        sys.exit(1)
    except Exception as error:
        if not _out_of_memory(error):
            raise
        write({"error": _error_as_json(_no_memory())})
        sys.exit(1)
    write({"result": result})


def _out_of_memory(error: Exception) -> bool:
    # The second is what TensorFlow says of a constant, such as zeros, that found no place.
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "ResourceExhaustedError"
        or "Cannot parse tensor from proto" in str(error)
    )


def _own_stdout() -> IO[str]:
    """What was stdout, for answers alone; what libraries print goes to stderr from now on."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _prefer_to_be_killed() -> None:
    """Where memory runs out, let the system end this process rather than the server."""
    with suppress(OSError):  # only Linux has it
        Path("/proc/self/oom_score_adj").write_text("1000")


def _end_with_parent() -> None:
    sys.stdin.read()  # returns when the pipe is closed, and a dead parent's pipe is
    os._exit(1)


def _error_as_json(error: DSIError) -> dict[str, str]:
    kind = next(c for c in type(error).__mro__ if getattr(errors, c.__name__, None) is c)
    return {
        "kind": kind.__name__,
        "what": error.what,
        "where": error.where,
        "key": error.key,
        "remedy": error.remedy,
    }
