"""Calls in a process of its own, which is ended where one takes too long or too much memory.

For what reads files of others by libraries that take no bounds themselves. The process is kept for
the next call; several threads have one each, so that none waits for another's file.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.connection import Pipe as pipe
from typing import Any

from core.formats import binary_size
from core.paths import REPOSITORY

__all__ = ["Bounded", "OutOfBounds", "Refused"]

_PROCESSES = 4  # at once; a call beyond them waits for one


class OutOfBounds(Exception):
    """A call took more than it may; the text says of what, as in "30 s" or "2.0 GiB"."""


class Refused(Exception):
    """The function raised; the text is its error's."""


class Bounded:
    """Functions of a module, each call in a process with bounds.

    Args:
        module: full name of a module that calls `core.untrusted.bounded_child.serve`.
        memory: bytes of address space that its process may have.
        environment: variables of the process beside those of this one.
    """

    def __init__(self, module: str, memory: int, environment: Mapping[str, str] | None = None):
        self._module = module
        self._memory = memory
        self._environment = dict(environment or {})
        self._free: list[_Process] = []
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(_PROCESSES)

    def call(
        self,
        function: str,
        *arguments: Any,
        seconds: float,
        spent: Callable[[float], None] | None = None,
    ) -> Any:
        """The result of a function, of and with what can be pickled.

        Args:
            function: its name.
            arguments: its arguments.
            seconds: time that it may take.
            spent: called with the seconds that it took, those for which it waited not counted.

        Raises:
            OutOfBounds: it took longer or more memory; its process is gone.
            Refused: it raised.
        """
        with self._slots:
            process, answer, start = self._take(), None, time.monotonic()
            try:
                answer = process.ask(function, arguments, seconds)
            finally:
                if spent:
                    spent(time.monotonic() - start)
                if answer is None:  # an interrupted call leaves an answer that belongs to nobody
                    process.end()
            with self._lock:
                self._free.append(process)
        kind, value = answer
        if kind == "refused":
            raise Refused(value)
        if kind == "memory":
            raise OutOfBounds(binary_size(self._memory))
        return value

    def close(self) -> None:
        """End the processes that wait for another call."""
        with self._lock:
            while self._free:
                self._free.pop().end()

    def _take(self) -> _Process:
        with self._lock:
            while self._free:
                process = self._free.pop()
                if process.alive:
                    return process
                process.end()
        return _Process(self._module, self._memory, self._environment)


class _Process:
    def __init__(self, module: str, memory: int, environment: dict[str, str]):
        self._memory = memory
        ours, theirs = pipe()
        with theirs:
            self._process = subprocess.Popen(
                # Not from the current folder, which may hold another `core`.
                [sys.executable, "-P", "-m", module, str(theirs.fileno()), str(memory)],
                env=os.environ | {"PYTHONPATH": _python_path()} | environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                # Ctrl+C is for us: we say what was interrupted, and its pipe ends it.
                start_new_session=True,
            )
        self._pipe: Connection = ours

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, function: str, arguments: Any, seconds: float) -> tuple[str, Any]:
        try:
            self._pipe.send((function, arguments, seconds))
            if not self._pipe.poll(seconds):
                raise OutOfBounds(f"{seconds:.0f} s")
            answer: tuple[str, Any] = self._pipe.recv()
        except (EOFError, ConnectionError) as error:
            code = self._process.wait()
            # The system ends what finds no memory with SIGKILL, and C++ aborts.
            if code in (-signal.SIGKILL, -signal.SIGABRT):
                raise OutOfBounds(binary_size(self._memory)) from error
            raise Refused(f"the reader ended unexpectedly with code {code}") from error
        return answer

    def end(self) -> None:
        with suppress(OSError):
            self._pipe.close()
        self._process.kill()
        self._process.wait()


def _python_path() -> str:
    before = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(REPOSITORY), *([before] if before else [])])
