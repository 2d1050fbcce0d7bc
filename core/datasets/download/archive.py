"""A ZIP from somewhere becomes a dataset folder of the workspace, or nothing at all."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.datasets.catalogue import open_dataset, recognise
from core.datasets.known_layouts import describe_layouts
from core.datasets.layouts.pairing import LABEL_VECTORS
from core.datasets.layouts.unread.contents import describe_contents
from core.datasets.layouts.unread.find_unread import find_unread
from core.errors import DatasetError, UnnamedClasses
from core.imagery.raster import IMAGE_SUFFIXES
from core.paths import checked_name, new_folder, workspace
from core.untrusted.archive import ArchiveError, Limits, Progress, extract

__all__ = ["KEPT", "Unpacked", "unpack"]

KEPT = (*IMAGE_SUFFIXES, *LABEL_VECTORS, ".csv", ".json", ".txt")
"""What is taken out of an archive; everything else stays in it."""

_OUTER = 2  # folders around the dataset that are taken off


@dataclass(frozen=True)
class Unpacked:
    """What came out.

    Attributes:
        folder: the dataset's, in the workspace.
        files, size: taken out of the archive, in all and in bytes.
        left: files left in it, by their ending, with how many.
        examples: names of some of those.
    """

    folder: Path
    files: int
    size: int
    left: dict[str, int]
    examples: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What was left out, for the screen; empty where nothing was."""
        if not self.left:
            return ""
        kinds = ", ".join(f"{n:,} {ending}" for ending, n in self.left.items())
        return (
            f"{sum(self.left.values()):,} files of other kinds were left out ({kinds}), such as "
            f"{', '.join(self.examples)}."
        )


def unpack(
    source: BinaryIO | Path,
    name: str,
    progress: Progress | None = None,
    limits: Limits | None = None,
) -> Unpacked:
    """Take a dataset out of a ZIP into ``datasets/NAME`` of the workspace.

    Images, GeoJSON, GeoPackage, CSV, JSON and text files are taken, other kinds are counted; what
    macOS and Windows add is passed over. Up to two folders around everything are taken off. The
    folder appears only when all is there and it is a dataset in a known layout.

    Args:
        source: the archive, as a file or open for reading, seekable.
        name: of the dataset.
        progress: called with (files done, files in all), in large files more often; what it raises
            stops the work and leaves nothing behind.
        limits: by default `Limits()`.

    Raises:
        DatasetError: it is no ZIP, damaged, cut off, encrypted or over a limit; a name in it leads
            out of the folder, is no plain name or is there twice; it holds links, devices or other
            archives; or what is in it is in no known layout.
        WorkspaceError: the name is not allowed or taken, the disk is full, or the folder cannot be
            written.
    """
    target = workspace().datasets / checked_name(name)
    with new_folder(target) as partial, ExitStack() as stack:
        file = stack.enter_context(source.open("rb")) if isinstance(source, Path) else source
        label = source.name if isinstance(source, Path) else str(getattr(source, "name", "the ZIP"))
        try:
            done = extract(file, partial, KEPT, progress, limits)
        except ArchiveError as error:
            raise DatasetError(error.what, where=label, remedy=error.remedy) from error
        _strip(partial)
        _check(partial, label, target.name)
    return Unpacked(target, done.files, done.size, done.left, done.examples)


def _strip(folder: Path) -> None:
    """Take off up to two folders around everything, so that the layout is at the top."""
    for _ in range(_OUTER):
        children = list(folder.iterdir())
        folders = [child for child in children if child.is_dir()]
        pictures = [c for c in children if c.suffix.lower() in (*IMAGE_SUFFIXES, *LABEL_VECTORS)]
        if recognise(folder, scenes=False) or len(folders) != 1 or set(pictures) - set(folders):
            return
        # Another name first: the folder within may be called like the one around it.
        beside = {child.name for child in children if child not in folders}
        if any(child.name in beside for child in folders[0].iterdir()):
            return
        outer = folders[0].rename(folder / ".outer")
        for child in outer.iterdir():
            child.rename(folder / child.name)
        outer.rmdir()


def _check(folder: Path, label: str, name: str) -> None:
    """Refuse what is no dataset, or one that cannot be opened; unnamed classes are all right."""
    if recognise(folder) is None:
        unread = find_unread(folder)
        listed = describe_contents(folder) or "no image, vector, CSV, JSON or text file"
        also = f", and {unread.what}" if unread else ""
        raise DatasetError(
            f"the archive is in no known layout: it holds {listed}{also}",
            where=label,
            remedy=unread.remedy if unread else f"expected {describe_layouts()}",
        )
    try:
        open_dataset(folder, name)
    except UnnamedClasses:
        return  # the Data page asks for the names
    except DatasetError as error:
        # The folder it happened in is gone a moment later.
        raise DatasetError(error.what, where=label, remedy=error.remedy) from error
