"""A lock on a folder itself, which ends with the process that holds it and leaves nothing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has none
    fcntl = None  # type: ignore[assignment]

__all__ = ["hold_folder", "release_folder", "remove_held"]


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
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held, or a network disk without locks
        os.close(descriptor)
        return None
    return descriptor


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
