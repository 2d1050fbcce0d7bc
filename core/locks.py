"""Locks between processes; one that is killed lets go of its locks by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from core.paths import disk_errors

try:
    import fcntl
except ImportError:  # Windows has none; there the process numbers in the statuses must do.
    fcntl = None  # type: ignore[assignment]

__all__ = ["acquire", "locked"]


def acquire(path: Path) -> IO[bytes] | None:
    """Take a lock if it is free.

    Args:
        path: file of the lock, made if need be; its folder exists.

    Returns:
        The open file: whoever has it open, a child process that was given it included, holds the
        lock until all have closed it or ended. None if others hold it.

    Raises:
        WorkspaceError: the file cannot be made.
    """
    with disk_errors(path):
        file = path.open("ab")
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        except OSError:
            pass  # some network disks have no locks
    return file


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait for a lock and hold it; for moments only.

    Raises:
        WorkspaceError: the file cannot be made.
    """
    with disk_errors(path):
        file = path.open("ab")
    with file:
        if fcntl is not None:
            with suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_EX)
        yield
