"""A process that runs commands within bounds of time and memory, replaced where one breaks them."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.conftest import REPOSITORY

__all__ = ["MEMORY", "SECONDS", "Answer", "Worker"]

SECONDS = 20.0
MEMORY = 3 * 1024**3
"""Bytes that the process and its children may have in memory; TensorFlow alone has 0.5 GiB."""

_START = 60.0  # seconds: TensorFlow is read by the first command that needs it
_CASES = 150  # after them a new process, as TensorFlow keeps every network's functions
_LOOK = 0.05


@dataclass(frozen=True)
class Answer:
    """What a command did.

    Attributes:
        code: exit code; None where it was ended.
        ended: why it was ended: ``time``, ``memory`` or ``died``; else empty.
        value: result of a function of `worker`.
        peak: most bytes in memory that were seen, of the process and its children.
    """

    code: int | None
    stdout: str = ""
    stderr: str = ""
    traceback: str = ""
    value: Any = None
    ended: str = ""
    seconds: float = 0.0
    peak: int = 0


class Worker:
    """Runs commands in a process; a context that ends it.

    Args:
        log: file to which libraries print.
    """

    def __init__(self, log: Path):
        self._log = log
        self._process: subprocess.Popen[str] | None = None
        self._calls = 0

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process and its children."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def run(self, words: Sequence[object], workspace: Path, temp: Path) -> Answer:
        """Run ``python -m core`` with these words.

        Args:
            words: of the command, or of a function of `worker`.
            workspace: the command's workspace.
            temp: folder for temporary files.
        """
        new = self._process is None or self._calls >= _CASES
        if new:
            self.close()
            self._process, self._calls = self._start(), 0
        self._calls += 1
        process = self._process
        assert process is not None and process.stdin is not None and process.stdout is not None
        request = {
            "words": [str(word) for word in words],
            "workspace": str(workspace),
            "temp": str(temp),
        }
        began, peak = time.monotonic(), 0
        limit = SECONDS + (_START if new else 0)
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        while True:
            ready, _, _ = select.select([process.stdout], [], [], _LOOK)
            peak = max(peak, _memory(process.pid))
            taken = time.monotonic() - began
            line = process.stdout.readline() if ready else ""
            if line:
                return Answer(**json.loads(line), seconds=taken, peak=peak)
            ended = (
                "died" if ready else "memory" if peak > MEMORY else "time" if taken > limit else ""
            )
            if ended:
                self.close()
                return Answer(None, ended=ended, seconds=taken, peak=peak)

    def _start(self) -> subprocess.Popen[str]:
        with self._log.open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.fuzz.worker"],
                cwd=REPOSITORY,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
                env=os.environ | {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"},
            )


def _memory(pid: int) -> int:
    """Bytes in memory of a process and its children."""
    total, todo = 0, [pid]
    while todo:
        folder = Path(f"/proc/{todo.pop()}")
        try:
            total += int((folder / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            for task in (folder / "task").iterdir():
                todo += map(int, (task / "children").read_text().split())
        except (OSError, IndexError):  # ended meanwhile
            continue
    return total
