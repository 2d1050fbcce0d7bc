"""Uploaded files become the images of a batch: pictures, their masks, and ZIPs of both.

Names come from a browser and ZIPs from anywhere: files are written under names of our own making,
ZIPs are taken apart within bounds (`core.untrusted.archive`), and what is no image is named without
losing the others.
"""

from __future__ import annotations

import io
import shutil
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.datasets.layouts.pairing import LABEL_VECTORS, find_pairs
from core.errors import DatasetError
from core.evaluation.batch.record import MOST_IMAGES
from core.formats import counted, listed_first
from core.imagery.raster import IMAGE_SUFFIXES
from core.paths import disk_errors
from core.untrusted.archive import ArchiveError, Limits, Progress, extract

__all__ = ["MOST_UPLOADED", "NamedBytes", "UploadedImages", "safe_name", "take_uploads", "unused"]

MOST_UPLOADED = 1024**3
"""Bytes of all files of one batch, as they are uploaded."""

_LIMITS = Limits(files=10_000)  # of a ZIP
_BESIDE = (".tfw", ".jgw", ".pgw", ".wld", ".prj")  # small texts that say where an image lies
_LONGEST, _MOST_BYTES = 80, 160  # characters, and bytes, of a name of our making
_NAMED = 20  # files that are named each


@dataclass(frozen=True)
class NamedBytes:
    """A file as it was uploaded.

    Attributes:
        name: as the browser gave it.
        data: its bytes.
    """

    name: str
    data: bytes


@dataclass
class UploadedImages:
    """What uploads hold.

    Attributes:
        images: by the name that an image goes by, its file and its mask, if it has one, both as
            paths below the folder.
        left_out: what is no image, a sentence each.
    """

    images: dict[str, tuple[str, str]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


def take_uploads(
    folder: Path,
    files: Sequence[NamedBytes],
    masks: Sequence[NamedBytes] = (),
    progress: Progress | None = None,
) -> UploadedImages:
    """Write uploads into a folder and find out which image has which mask, by their names.

    Args:
        folder: a new folder.
        files: images, masks called after them as in a dataset (``x.png`` and ``x_mask.png``), and
            ZIPs, in which folders may say what is what.
        masks: masks of the images among `files`.
        progress: called with the number of uploads that were written and of all; what it raises
            ends the work.

    Raises:
        DatasetError: there is no image, too many, or too many bytes.
        WorkspaceError: the disk refuses.
    """
    size = sum(len(file.data) for file in (*files, *masks))
    if size > MOST_UPLOADED:
        raise DatasetError(
            f"the files have {size / 2**30:.1f} GiB, and {MOST_UPLOADED // 2**30} GiB is the limit",
            remedy="put them into a folder on the server, and predict it as a dataset",
        )
    work = _Uploads(folder, len(files) + len(masks), progress)
    zips = [file for file in files if _is_zip(file)]
    loose = [file for file in files if not _is_zip(file)]
    for file in zips:
        work.take_zip(file, prefixed=len(zips) > 1 or bool(loose))
    if loose:
        work.take_files(loose, masks)
    elif masks:
        names = listed_first([mask.name for mask in masks])
        work.taken.left_out.append(f"{names}: masks go with images that are uploaded as files.")
    taken = work.taken
    if not taken.images:
        why = listed_first(taken.left_out, 3)
        raise DatasetError(
            "there is no image among the files" + (f": {why}" if why else ""),
            remedy="upload PNG, JPEG, TIFF or JPEG 2000 files, or a ZIP of them",
        )
    if len(taken.images) > MOST_IMAGES:
        raise DatasetError(
            f"there are {len(taken.images):,} images, and {MOST_IMAGES:,} is the limit of a batch",
            remedy="predict them in several batches",
        )
    return taken


def _is_zip(file: NamedBytes) -> bool:
    return file.name.lower().endswith(".zip") or file.data[:4] == b"PK\3\4"


class _Uploads:
    """Uploads on their way into a folder.

    Args:
        folder: where they go.
        total: number of all uploads.
        progress: see `take_uploads`.

    Attributes:
        taken: what they hold, as far as they were looked at.
    """

    def __init__(self, folder: Path, total: int, progress: Progress | None) -> None:
        self._folder, self._total, self._progress = folder, total, progress
        self._done = self._zips = 0
        self.taken = UploadedImages()

    def _report(self) -> None:
        if self._progress:
            self._progress(self._done, self._total)

    def take_zip(self, file: NamedBytes, *, prefixed: bool) -> None:
        """Take a ZIP apart; one that is refused is named, and takes no other file along.

        Args:
            file: the ZIP.
            prefixed: whether its name is part of those of its images.
        """
        self._zips += 1
        home = self._folder / f"zip-{self._zips}"
        stream = io.BytesIO(file.data)
        stream.name = file.name  # what errors call it
        try:
            with disk_errors(home):
                home.mkdir(parents=True)
                done = extract(
                    stream, home, (*IMAGE_SUFFIXES, *_BESIDE), lambda *_: self._report(), _LIMITS
                )
        except ArchiveError as error:
            self.taken.left_out.append(f"{file.name}: {error.what}; {error.remedy}.")
            with disk_errors(home):
                shutil.rmtree(home)
            return
        finally:
            self._done += 1
        for name in done.names[:_NAMED]:
            self.taken.left_out.append(f"{file.name}: {name} is no image, and is left out.")
        if (more := len(done.names) - _NAMED) > 0:
            self.taken.left_out.append(f"{file.name}: {counted(more, 'more file')} are no images.")
        stem = safe_name(file.name).rpartition(".")[0] or home.name
        self._pair(home, lambda path: (f"{stem}/" if prefixed else "") + _below(path, home))

    def take_files(self, images: Sequence[NamedBytes], masks: Sequence[NamedBytes]) -> None:
        """Write files under safe names; what is no image by its name is left out."""
        home = self._folder / "files"
        written = self._write(home / "images" if masks else home, images)
        if masks:
            written |= self._write(home / "masks", masks)
        self._pair(home, lambda path: written[path])

    def _write(self, home: Path, files: Sequence[NamedBytes]) -> dict[Path, str]:
        written: dict[Path, str] = {}
        used: set[str] = set()
        for file in files:
            self._report()
            self._done += 1
            name = safe_name(file.name)
            suffix = f".{name.rpartition('.')[2]}"
            if suffix not in (*IMAGE_SUFFIXES, *_BESIDE):
                also = ": vector labels are read of datasets alone" * (suffix in LABEL_VECTORS)
                text = f"{file.name} is no image, and is left out{also}."
                self.taken.left_out.append(text)
                continue
            path = home / unused(name, used)
            with disk_errors(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(file.data)
            written[path] = name
        return written

    def _pair(self, home: Path, shown: Callable[[Path], str]) -> None:
        """Note the images below a folder with their masks.

        Args:
            home: the folder.
            shown: what a file in it is called.
        """
        pairing = find_pairs(home)
        masks = {s.image: s.mask for s in pairing.samples if s.mask is not None}
        orphans, of_images = set(pairing.orphans), set(masks.values())
        used = {name.casefold() for name in self.taken.images}
        for path in _images_below(home):
            if path in of_images:
                continue
            if path in orphans:
                text = f"{shown(path)} is a mask, and no image is called as it is."
                self.taken.left_out.append(text)
                continue
            mask = masks.get(path)
            self.taken.images[unused(shown(path), used)] = (
                _below(path, self._folder),
                _below(mask, self._folder) if mask else "",
            )


def _below(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def safe_name(name: str) -> str:
    """A file name without folders, of letters, digits, spaces, dots, ``-`` and ``_``.

    Args:
        name: any text.
    """
    last = unicodedata.normalize("NFC", name.replace("\\", "/")).rpartition("/")[2]
    stem, dot, suffix = last.rpartition(".")
    if not dot or not suffix.strip():
        return _plain(last) or "file"
    return f"{_plain(stem) or 'file'}.{_plain(suffix.lower())[:8]}"


def _plain(text: str) -> str:
    """Characters that every file system takes, not too many; no space and no dot at the ends."""
    plain = "".join(c if c.isalnum() or c in " ._-" else "_" for c in text).strip(" .")
    # File systems count bytes, and a letter has up to four.
    return plain[:_LONGEST].encode()[:_MOST_BYTES].decode(errors="ignore").rstrip(" .")


def unused(name: str, used: set[str]) -> str:
    """A name that is not used yet, whatever its case, with a number where it is; notes it."""
    stem, dot, suffix = name.rpartition(".")
    stem, ending = (stem, f".{suffix}") if dot else (name, "")
    candidate, number = name, 1
    while unicodedata.normalize("NFC", candidate).casefold() in used:
        number += 1
        candidate = f"{stem}-{number}{ending}"
    used.add(unicodedata.normalize("NFC", candidate).casefold())
    return candidate


def _images_below(home: Path) -> Iterator[Path]:
    for path in sorted(home.rglob("*")):
        if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file() and not path.is_symlink():
            yield path
