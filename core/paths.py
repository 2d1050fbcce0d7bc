"""The workspace, bundled models, the server's data folders; files written whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import WorkspaceError
from core.folder_lock import hold_file, hold_folder, release_folder

REPOSITORY = Path(__file__).resolve().parent.parent
BUNDLED_MODELS = REPOSITORY / "weights"
BUNDLED_ENCODERS = BUNDLED_MODELS / "encoders"  # weights alone, no models


def _read_umask() -> int:
    """What the system takes away from new files' rights; it can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


# Read once, while the process has one thread.
_UMASK = _read_umask()
# A folder removed meanwhile or lying in /proc, one in a file's place, a ring of links, a lost disk.
_UNUSABLE = (errno.ENOENT, errno.EISDIR, errno.ELOOP, errno.EIO, errno.ENODEV, errno.ESTALE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}")
NAME_RULE = "up to 100 letters, digits, spaces, dots, - and _, beginning with a letter or digit"
"""What `is_name` takes, in words."""


def is_name(text: str) -> bool:
    """Whether `text` may name a dataset, model or run: one path component, never a path."""
    return bool(_NAME.fullmatch(text)) and not text.endswith((".", " "))


def checked_name(text: str) -> str:
    """`text` itself if it may name a dataset, model or run.

    Raises:
        WorkspaceError: it is empty, has a slash, begins with a dot, or is over 100 characters.
    """
    if not is_name(text):
        raise WorkspaceError(
            f"{text!r} cannot be used as a name",
            remedy=f"use {NAME_RULE}",
        )
    return text


@dataclass(frozen=True)
class Workspace:
    """The folder everything the dashboard makes goes to; created on first use."""

    root: Path

    def _folder(self, name: str) -> Path:
        folder = self.root / name
        with disk_errors(folder):
            _make_folder(folder)
        return folder

    @property
    def datasets(self) -> Path:
        return self._folder("datasets")

    @property
    def recipes(self) -> Path:
        return self._folder("recipes")

    @property
    def runs(self) -> Path:
        return self._folder("runs")

    @property
    def models(self) -> Path:
        return self._folder("models")

    @property
    def exports(self) -> Path:
        return self._folder("exports")

    @property
    def evaluations(self) -> Path:
        return self._folder("evaluations")

    @property
    def weights(self) -> Path:
        """Pretrained weights: fetched ones, and files that people put there."""
        return self._folder("cache/weights")

    @property
    def tiles(self) -> Path:
        """Upper levels of large images, a folder each; made again where they are missing."""
        return self._folder("cache/tiles")


def workspace() -> Workspace:
    """The workspace named by ``$DSI_WORKSPACE``, by default ``./workspace``."""
    return Workspace(_resolved(os.environ.get("DSI_WORKSPACE") or "workspace"))


def _resolved(path: str) -> Path:
    """The path without links; one that is a ring of links is left as it is, and is no folder."""
    try:
        return Path(path).resolve()
    except (OSError, RuntimeError):  # the latter is Python's before 3.13
        return Path(path).absolute()


def data_roots() -> list[Path]:
    """Folders on the server whose datasets the Data page may open.

    They come from ``$DSI_DATA_ROOTS`` (separated like ``$PATH``), by default ``./data``; only
    those that exist are returned. Nothing outside them is ever opened by the browser's wish.
    """
    listed = os.environ.get("DSI_DATA_ROOTS") or "data"
    roots = [_resolved(part) for part in listed.split(os.pathsep) if part]
    return [root for root in roots if root.is_dir()]


def labelled_data_roots() -> list[tuple[str, Path]]:
    """Each of `data_roots` under its own last name; of namesakes the second is ``name-2``.

    A folder added at the list's end leaves the ids of the others as they were.
    """
    labels: dict[str, Path] = {}
    for root in dict.fromkeys(data_roots()):
        label, number = root.name or "root", 1
        while label in labels:
            number += 1
            label = f"{root.name or 'root'}-{number}"
        labels[label] = root
    return list(labels.items())


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what the system refuses at `path`, such as a full disk, into a WorkspaceError."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            remedy = "free some disk space, or set DSI_WORKSPACE to a folder on another disk"
            raise WorkspaceError("the disk is full", where=str(path), remedy=remedy) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            remedy = "give this account the right to write there, or choose another folder"
            raise WorkspaceError(
                "no permission to write", where=str(path), remedy=remedy
            ) from error
        if error.errno == errno.ENAMETOOLONG:
            remedy = "give the file a shorter name"
            raise WorkspaceError("the name is too long", where=str(path), remedy=remedy) from error
        if error.errno in (errno.ENOTDIR, errno.EEXIST):
            remedy = "a file is in the way: move it, or choose another folder"
            raise WorkspaceError(
                "cannot create the folder", where=str(path), remedy=remedy
            ) from error
        if error.errno in _UNUSABLE:
            raise WorkspaceError(
                f"the place cannot be written to ({error.strerror})",
                where=str(path),
                remedy="check that this place is a folder and its disk is there, or choose another",
            ) from error
        raise


# Folders that this process must not make, see `existing_folder`.
_EXISTING: set[Path] = set()


@contextmanager
def existing_folder(folder: Path) -> Iterator[None]:
    """Within the block a folder that vanishes is not made anew by what is written into it.

    Whoever moves a workspace or deletes a run takes the place away on purpose: what would be
    written to a new folder of the old name is lost there, and in the way.

    Args:
        folder: a folder that is there.
    """
    held = {folder} - _EXISTING
    _EXISTING.update(held)
    try:
        yield
    finally:
        _EXISTING.difference_update(held)


def _make_folder(folder: Path) -> None:
    """Make a folder and those around it, but none that `existing_folder` names."""
    around = [existing for existing in _EXISTING if folder.is_relative_to(existing)]
    if not around:
        folder.mkdir(parents=True, exist_ok=True)
        return
    place = max(around, key=lambda existing: len(existing.parts))
    place.stat()  # the reason, where it is not there any more
    for part in folder.relative_to(place).parts:
        place /= part
        place.mkdir(exist_ok=True)  # its parent may have vanished since


def writable_folder(path: Path) -> None:
    """Make the folder where it is missing, and see that files can be made in it.

    For what takes long: better told before the work than after it.

    Raises:
        WorkspaceError: it cannot be made or written.
    """
    with disk_errors(path):
        path.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path).close()


def check_writable(path: Path) -> None:
    """See that a file can be put in this place, before the work that it is to hold.

    Raises:
        WorkspaceError: a folder is there, or its own folder cannot be made or written.
    """
    if path.is_dir():
        raise WorkspaceError(
            "a folder is in this place", where=str(path), remedy="give the name of a file"
        )
    writable_folder(path.parent)


def write_atomic(path: Path, write: Callable[[Path], Any]) -> None:
    """Let `write` fill a temporary file beside `path`, then put it in place in one step.

    Whatever `path` held stays as it was until the new file is complete.

    Raises:
        WorkspaceError: the disk is full or the folder cannot be written.
    """
    with disk_errors(path):
        _make_folder(path.parent)
        # The whole name stays at the end: some writers look at more than the last suffix.
        handle, name = tempfile.mkstemp(prefix=".dsi-", suffix=f".{path.name}", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            write(temporary)
            # mkstemp makes files for their owner alone; a result is an ordinary file.
            temporary.chmod(0o666 & ~_UMASK)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Replace `path` by `data` in one step."""
    write_atomic(path, lambda temporary: temporary.write_bytes(data))


def write_parts(path: Path, parts: Iterable[bytes]) -> None:
    """Replace `path` in one step by what `parts` gives, which is never in memory as a whole."""

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            hold_file(file.fileno())  # as long as it is, `core.leftovers` leaves it alone
            file.writelines(parts)

    write_atomic(path, write)


def write_json(path: Path, value: Any) -> None:
    """Replace `path` by `value` as indented JSON in one step."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_bytes(path, text.encode())


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path` that becomes `path` if the block ends well.

    Raises:
        WorkspaceError: `path` exists and is not empty, or the disk refuses.
    """
    if path.is_file() or (path.is_dir() and any(path.iterdir())):
        raise WorkspaceError(
            "there is something in this place already",
            where=str(path),
            remedy="choose another name, or move it away first",
        )
    with disk_errors(path):
        _make_folder(path.parent)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        # As long as it is held, `core.leftovers` leaves it alone.
        held = hold_folder(temporary)
        try:
            yield temporary
            temporary.chmod(0o777 & ~_UMASK)
            temporary.replace(path)
        finally:
            release_folder(held)
            shutil.rmtree(temporary, ignore_errors=True)
