"""Whether a dataset's files are still the ones that were listed, counted or made small."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["fingerprint"]

SMALL = 2_000
"""Files that are looked at every time: some milliseconds."""

TRUSTED = 2.0
"""Seconds for which 10,000 files are believed to be as they were."""

_LONGEST = 15.0  # seconds, however many files there are


@dataclass(frozen=True)
class _Look:
    """One look at all files: when, what came out, and the folders' times of change then."""

    at: float
    digest: str
    files: int
    folders: tuple[tuple[str, int], ...]

    def fresh(self, small: int, trusted: float) -> bool:
        """Whether it may stand for another look."""
        if self.files <= small:
            return False
        if time.monotonic() - self.at > min(_LONGEST, trusted * self.files / 10_000):
            return False
        return all(_changed(folder) == then for folder, then in self.folders)


_looks: dict[str, _Look] = {}
_lock = threading.Lock()  # one walks, the others take its answer


def fingerprint(folder: Path, *, small: int = SMALL, trusted: float = TRUSTED) -> str:
    """A digest of the names, sizes and times of all files below a folder.

    It changes when a file is added, removed or written, so that what is kept under it (listing,
    audit) is made anew. A folder of more than 2,000 files takes a page too long to walk on every
    click. There, an added, removed or replaced file shows at once, by the times of the folders;
    one that is written in place shows after 2 seconds for each 10,000 files, 15 at most.

    Args:
        folder: need not exist.
        small: number of files up to which all are looked at every time.
        trusted: seconds for which 10,000 files are believed to be as they were.
    """
    key = str(folder.absolute())
    with _lock:
        look = _looks.get(key)
        if look is None or not look.fresh(small, trusted):
            look = _looks[key] = _walk(folder)
    return look.digest


def _walk(folder: Path) -> _Look:
    hasher = hashlib.blake2b(digest_size=16)
    files = 0
    folders = []
    waiting = [str(folder)]
    while waiting:
        place = waiting.pop()
        # Before its files: one that is added meanwhile makes the next look a walk again.
        folders.append((place, _changed(place)))
        below = []
        for entry in _entries(place):
            try:
                if entry.is_dir(follow_symlinks=False):
                    below.append(entry.path)
                    continue
                if entry.is_dir():  # a link to a folder is not walked: it may lead back up
                    continue
                status = entry.stat()
            except OSError:  # removed meanwhile, or a dangling link
                continue
            files += 1
            line = f"{entry.path}\0{status.st_size}\0{status.st_mtime_ns}\n"
            hasher.update(line.encode(errors="surrogateescape"))
        waiting += reversed(below)
    return _Look(time.monotonic(), hasher.hexdigest(), files, tuple(folders))


def _entries(place: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(place) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:  # no right to look inside: nothing of it can be read either
        return []


def _changed(folder: str) -> int:
    """When an entry of the folder was last added, removed or renamed, in ns; -1 if it is gone."""
    try:
        return Path(folder).stat().st_mtime_ns
    except OSError:
        return -1
