"""The folders of a set by what their names say, and the files in them; none is opened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from core.datasets.layouts.names import Role, folder_meaning
from core.untrusted.folder import list_folder

__all__ = ["File", "Folder", "file_names", "list_files", "list_folders"]

_DEPTH = 6
_FOLDERS = 5_000  # folders that are looked into where a set has one a scene


@dataclass(frozen=True, eq=False)  # one object a folder, told apart by itself: a quick hash
class Folder:
    """A folder that images or labels may lie in.

    Attributes:
        split, role: what its name, or that of a folder around it, says.
        scene: the folders of other names around it, as ``Rural``.
        loose: see `Meaning`.
        inner: whether the scene's folder lies within the one that says the role.
    """

    path: Path
    split: str = ""
    role: Role = ""
    scene: str = ""
    loose: bool = False
    inner: bool = False


class File(NamedTuple):
    """A file by its parts as text: thousands of paths take long to make and to compare."""

    folder: Folder
    name: str
    stem: str
    suffix: str

    @property
    def path(self) -> Path:
        return self.folder.path / self.name


def list_folders(root: Path, wide: bool = False) -> list[Folder]:
    """The folders in which images or labels may lie.

    Those of other names are passed over, unless they lie within one that says split or role, or
    `wide` looks into all of them.
    """
    below = islice(_below(Folder(root), _DEPTH, wide), _FOLDERS)
    return [Folder(root), *below]


def _below(folder: Folder, depth: int, wide: bool) -> Iterator[Folder]:
    if depth == 0:
        return
    for name in list_folder(folder.path).folders:
        child = _child(folder, name, wide)
        if child is not None:
            yield child
            yield from _below(child, depth - 1, wide)


def _child(folder: Folder, name: str, wide: bool) -> Folder | None:
    path, meaning = folder.path / name, folder_meaning(name)
    if meaning is None:
        if not (wide or folder.split or folder.role):
            return None
        scene = f"{folder.scene}/{name}" if folder.scene else name
        inner = folder.inner or bool(folder.role)
        return replace(folder, path=path, scene=scene, inner=inner)
    # `images/labels` and `train/test` say two things at once.
    split_twice = meaning.split and folder.split and meaning.split != folder.split
    role_twice = meaning.role and folder.role and meaning.role != folder.role
    if meaning.skip or split_twice or (role_twice and not folder.loose):
        return None
    return replace(
        folder,
        path=path,
        split=meaning.split or folder.split,
        role=meaning.role or folder.role,
        loose=meaning.loose if meaning.role else folder.loose,
    )


def list_files(folder: Folder) -> list[File]:
    files = []
    for name in file_names(folder.path):
        stem, dot, ending = name.rpartition(".")
        files.append(File(folder, name, stem if dot else name, f".{ending.lower()}"))
    return files


def file_names(folder: Path) -> tuple[str, ...]:
    """Names of the files in a folder; macOS leaves hidden `._name.jpg` beside `name.jpg`."""
    return list_folder(folder).files
