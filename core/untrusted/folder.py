"""What lies in a folder, without what cannot be looked at: one bad entry takes no other along."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

__all__ = ["Listing", "Skipped", "list_folder", "skipped_below"]

_FOLDERS = 2_000  # that are looked into


class Skipped(NamedTuple):
    """An entry that is passed over, and why."""

    path: Path
    reason: str

    @property
    def text(self) -> str:
        # A name that is no text could not be printed.
        name = str(self.path).encode(errors="surrogateescape").decode(errors="backslashreplace")
        return f"{name} is passed over: {self.reason}"


class Listing(NamedTuple):
    """The names in a folder, each in order; hidden ones are left out.

    Attributes:
        folders: of folders and links to folders.
        files: of files, links to files and links to nothing, which reading says.
        skipped: what is neither, or has no name that can be written down.
    """

    folders: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()


def list_folder(folder: Path) -> Listing:
    """Look into a folder. One that is not there is empty; one that may not be looked into too."""
    try:
        with os.scandir(folder) as entries:
            listed = sorted((e for e in entries if e.name[:1] != "."), key=lambda e: e.name)
    except (FileNotFoundError, NotADirectoryError):
        return Listing()
    except OSError as error:
        return Listing(skipped=(Skipped(folder, (error.strerror or "unknown").lower()),))
    folders, files, skipped = [], [], []
    for entry in listed:
        if reason := _reason(entry):
            skipped.append(Skipped(folder / entry.name, reason))
        elif entry.is_dir():
            folders.append(entry.name)
        else:
            files.append(entry.name)
    return Listing(tuple(folders), tuple(files), tuple(skipped))


def _reason(entry: os.DirEntry[str]) -> str:
    try:
        entry.name.encode()
    except UnicodeEncodeError:
        return "its name is no UTF-8: rename it"
    try:
        if entry.is_dir():
            return "" if os.access(entry.path, os.R_OK | os.X_OK) else "it may not be looked into"
        # A pipe or a device never ends.
        there = entry.is_file() or (entry.is_symlink() and not Path(entry.path).exists())
        return "" if there else "it is no file"
    except OSError as error:  # a link to itself
        return (error.strerror or "it cannot be looked at").lower()


def skipped_below(root: Path, depth: int, most: int = 20) -> list[Skipped]:
    """What is passed over in a folder and those below it, up to a number.

    Args:
        root: the folder.
        depth: how many folders deep, 0 for the folder alone.
        most: number that is enough.
    """
    level, left = [root], _FOLDERS
    skipped: list[Skipped] = []
    for _ in range(depth + 1):
        below = []
        for folder in level[: max(left, 0)]:
            left -= 1
            listing = list_folder(folder)
            skipped += listing.skipped
            if len(skipped) >= most:
                return skipped[:most]
            below += [folder / name for name in listing.folders]
        level = below
    return skipped
