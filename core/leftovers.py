"""What killed processes leave, hidden: parts of datasets, files of the workspace and results."""

from __future__ import annotations

import os
import re
import shutil
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from core.folder_lock import hold_file, hold_folder, release_folder
from core.paths import Workspace

__all__ = ["remove_leftovers", "remove_unfinished"]

# As `core.paths` makes them: `.name.x1y2z3a4` for a folder, `.dsi-x1y2z3a4.name` for a file,
# without the `dsi-` in versions of before.
# A folder that is being deleted is `.deleted-` and 32 hexadecimal digits.
_FOLDER = re.compile(r"\..+\.[a-z0-9_]{8}|\.deleted-[0-9a-f]{32}")
_FILE = re.compile(r"\.(dsi-)?[a-z0-9_]{8}\..+")
_RESULT = re.compile(r"\.dsi-[a-z0-9_]{8}\..+")
_AGE = 3600.0  # seconds; writing one file takes less
_RESULT_AGE = 60.0  # likewise, of a file that is held while it is written


def remove_leftovers(workspace: Workspace) -> int:
    """Remove what no process is making any more.

    A folder in the making is locked by who makes it, and one in deletion by who deletes it; a lock
    ends with its process. A file in the making is younger than an hour.

    Returns:
        Number of folders and files that were removed.
    """
    count = 0
    for folder in _unfinished_folders(workspace.root):
        with suppress(OSError):  # gone meanwhile
            if (held := hold_folder(folder)) is None:
                continue
            shutil.rmtree(folder, ignore_errors=True)
            release_folder(held)
            count += not folder.exists()
    for file in _unfinished_files(workspace.root):
        with suppress(OSError):
            if time.time() - file.stat().st_mtime > _AGE:
                file.unlink()
                count += 1
    return count


def remove_unfinished(folder: Path, endings: Sequence[str]) -> int:
    """Remove what killed processes left of results, in a folder that is people's own.

    Only files of the form ``.dsi-x1y2z3a4.NAME`` with one of the endings, that nobody holds and
    nobody wrote to for a minute.

    Returns:
        Number of files that were removed.
    """
    count = 0
    for file in _entries(folder):
        if not (_RESULT.fullmatch(file.name) and file.name.endswith(tuple(endings))):
            continue
        with suppress(OSError):  # gone meanwhile, or not ours
            opened = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                status = os.fstat(opened)
                old = time.time() - status.st_mtime > _RESULT_AGE
                if stat.S_ISREG(status.st_mode) and old and hold_file(opened):
                    file.unlink()
                    count += 1
            finally:
                os.close(opened)
    return count


def _unfinished_folders(root: Path) -> Iterator[Path]:
    for kind in ("datasets", "evaluations", "exports", "models", "predictions/batches", "runs"):
        for path in _entries(root / kind):
            if _FOLDER.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
                yield path


def _unfinished_files(root: Path) -> Iterator[Path]:
    kinds = [path for path in _entries(root) if path.is_dir()]
    folders = [root, *kinds]
    for kind in kinds:
        below = [path for path in _entries(kind) if path.is_dir()]
        folders += below
        if kind.name in ("evaluations", "runs"):  # checkpoints and label maps are folders in them
            folders += [path for run in below for path in _entries(run) if path.is_dir()]
    batches = [path for path in _entries(root / "predictions/batches") if path.is_dir()]
    folders += [*batches, *(batch / "maps" for batch in batches)]
    for folder in folders:
        for path in _entries(folder):
            if _FILE.fullmatch(path.name) and path.is_file() and not path.is_symlink():
                yield path


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:  # not there, or not ours to look into
        return []
