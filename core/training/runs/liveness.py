"""Whether a process that was noted by its number is still there."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["is_alive", "process_start"]


def process_start(pid: int) -> int | None:
    """When the kernel started this process, in its clock ticks; None if it is gone.

    Where there is no /proc (macOS) a living process gives 0: its number alone must do.
    """
    stat = Path(f"/proc/{pid}/stat")
    if not Path("/proc/self/stat").exists():
        try:
            os.kill(pid, 0)
        except OSError:
            return None
        return 0
    try:
        # The second field is the program's name in brackets and may hold spaces.
        fields = stat.read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def is_alive(pid: int, start: int | None) -> bool:
    """Whether the process of this number is there and is the one that started then.

    Args:
        pid: process number.
        start: `process_start` of the process when it was noted; None where it had ended before it
            could be looked at.
    """
    return start is not None and process_start(pid) == start
