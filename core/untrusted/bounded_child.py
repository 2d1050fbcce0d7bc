"""The side of a `core.untrusted.bounded.Bounded` that does the work."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

__all__ = ["serve"]

_SLACK = 5  # seconds


def serve(functions: Mapping[str, Callable[..., Any]]) -> None:
    """Answer calls until the other side closes the pipe.

    To be called by a module that runs as a process; its arguments are the pipe's file descriptor
    and the bytes of address space. It writes no file: that is out of bounds too.

    Args:
        functions: what may be called, by name.
    """
    descriptor, memory = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    with suppress(OSError):  # only Linux has it: let the system end this process, not the server
        Path("/proc/self/oom_score_adj").write_text("1000")
    with Connection(descriptor) as pipe:
        while True:
            try:
                name, arguments, seconds = pipe.recv()
            except (EOFError, ConnectionError):
                return
            # If the other side is killed meanwhile, nobody ends an endless call.
            used = resource.getrusage(resource.RUSAGE_SELF)
            most = int(used.ru_utime + used.ru_stime + 2 * seconds) + _SLACK
            resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
            try:
                answer = ("done", functions[name](*arguments))
            except MemoryError:
                answer = ("memory", "")
            except Exception as error:  # noqa: BLE001  # whatever a library says of a file
                answer = ("refused", f"{error}" or type(error).__name__)
            try:
                pipe.send(answer)
            except MemoryError:
                pipe.send(("memory", ""))
            except ConnectionError:
                return
