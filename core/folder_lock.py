"""A lock on a folder or file itself, which ends with the process that holds it, without a trace."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has none
    fcntl = None  # type: ignore[assignment]

__all__ = ["hold_file", "hold_folder", "release_folder", "remove_held"]


def hold_folder(path: Path) -> int | None:
    """Hold a folder, if nobody does.

    Args:
        path: a folder that is there.

    Returns:
        What `release_folder` takes; None where another holds it, or folders cannot be held here.
    """
    if fcntl is None:
        return None
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    if hold_file(descriptor):
        return descriptor
    os.close(descriptor)
    return None


def hold_file(descriptor: int) -> bool:
    """Hold what is open until it is closed, if nobody else does.

    Returns:
        Whether it is held now; false, too, where there are no locks.
    """
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held, or a network disk without locks
        return False
    return True


def release_folder(descriptor: int | None) -> None:
    """Let go of a folder."""
    if descriptor is not None:
        os.close(descriptor)


def remove_held(path: Path) -> None:
    """Remove a folder and hold it meanwhile, so that `core.leftovers` leaves it alone.

    Raises:
        OSError: a part of it cannot be removed.
    """
    held = hold_folder(path)
    try:
        shutil.rmtree(path)
    finally:
        release_folder(held)
