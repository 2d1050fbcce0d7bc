"""Files out of a ZIP from somewhere, within bounds, or nothing at all."""

from __future__ import annotations

import errno
import lzma
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from core.errors import DSIError
from core.formats import binary_size
from core.untrusted.entry_names import restored_name

__all__ = ["ArchiveError", "Extracted", "Limits", "Progress", "extract"]

_ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst")
_ARCHIVE_STARTS = (b"PK\3\4", b"PK\5\6", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\x1f\x8b")
_JUNK = {"__macosx", ".ds_store", "thumbs.db", "desktop.ini"}
_CHUNK = 1024**2
_EVERY = 8 * _CHUNK  # bytes of one file after which progress is told again
_LOCAL_HEADER = 30  # bytes of what stands before each file, its name aside
_MANY = 0xFFFF  # as the number of entries: it stands in a place of its own (ZIP64)
_DIRECTORY = 16 * 1024**2  # bytes of the archive's list of contents: 20,000 names of 800 bytes

Progress = Callable[[int, int], None]


class ArchiveError(DSIError):
    """A ZIP that is not unpacked; whoever asked for it says what it was to be."""


@dataclass(frozen=True)
class Limits:
    """What an archive may hold, counted while it is unpacked and not believed from its headers.

    Attributes:
        files: number of files.
        total, single: bytes unpacked, of all and of one file.
        ratio: bytes unpacked to bytes of the archive, once more than `free` were unpacked. DEFLATE
            reaches 1,032 on zeros; an uncompressed mask comes near it, a whole dataset does not.
        name: bytes of one component of a path. A file system takes 255.
        depth: folders within one another.
    """

    files: int = 20_000
    total: int = 4 * 1024**3
    single: int = 2 * 1024**3
    ratio: float = 100.0
    free: int = 64 * 1024**2
    name: int = 200
    depth: int = 12


@dataclass(frozen=True)
class Extracted:
    """What came out.

    Attributes:
        files, size: taken out of the archive, in all and in bytes.
        left: files left in it, by their ending, with how many.
        examples: names of some of those.
        names: names of all of those.
    """

    files: int
    size: int
    left: dict[str, int]
    examples: tuple[str, ...]
    names: tuple[str, ...] = ()


# What zipfile and the decompressors raise at bytes that make no sense; bz2's is an OSError.
_DAMAGE = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, lzma.LZMAError, EOFError)
_NONSENSE = (ValueError, IndexError, OverflowError, struct.error)


@contextmanager
def _reading(label: str) -> Iterator[None]:
    """Around every call of zipfile, and nothing else."""
    try:
        yield
    except (*_DAMAGE, *_NONSENSE) as error:
        raise _damaged(label, "is damaged or cut off") from error
    except (NotImplementedError, RuntimeError) as error:
        # zipfile's own for a compression or an encryption it does not know
        raise ArchiveError(
            "the archive is compressed in a way that cannot be read here",
            where=label,
            remedy="pack it again as an ordinary ZIP (Deflate, without a password)",
        ) from error
    except OSError as error:
        # zipfile seeks to where an offset leads, which may be before the file's start.
        if error.errno not in (None, errno.EINVAL):  # the disk's
            raise
        raise _damaged(label, "is damaged or cut off") from error


def _damaged(label: str, what: str) -> ArchiveError:
    return ArchiveError(
        f"the archive {what}", where=label, remedy="pack or download it again, and upload it whole"
    )


def extract(
    file: BinaryIO,
    folder: Path,
    kept: Container[str],
    progress: Progress | None = None,
    limits: Limits | None = None,
) -> Extracted:
    """Take files out of a ZIP into a folder that is there.

    Args:
        file: the archive, open for reading, seekable; errors name it by its `name`.
        folder: where they go, each below the folders it has in the archive.
        kept: endings of the files that are taken, such as ``.png``; others are counted.
        progress: called with (files done, files in all), in large files more often.
        limits: by default `Limits()`.

    Raises:
        ArchiveError: it is no ZIP, damaged, cut off, encrypted or over a limit; a name in it leads
            out of the folder, is no plain name or is there twice; it holds links, devices or other
            archives.
    """
    limits = limits or Limits()
    label = str(getattr(file, "name", "the ZIP"))
    size, claimed = _check_directory(file, label)
    with ExitStack() as stack:
        with _reading(label):
            archive = stack.enter_context(zipfile.ZipFile(file))
            _check_extents(file, archive, claimed)
        # zipfile compares a file's own header with `orig_filename`, which stays as it is.
        for entry in archive.infolist():
            entry.filename = restored_name(entry)
        listed = [entry for entry in archive.infolist() if not _is_junk(entry)]
        files = [entry for entry in listed if not entry.filename.endswith("/")]
        if len(files) > limits.files:
            raise _over(
                label,
                f"holds {len(files):,} files, and {limits.files:,} is the limit",
                "put the folder itself on the server instead",
            )
        for entry in listed:
            _check_entry(entry, label, limits)
        _check_twice(files, label)
        taken = [entry for entry in files if _suffix(entry) in kept]
        written = 0
        made: set[str] = set()
        for done, entry in enumerate(taken):

            def report(done: int = done) -> None:
                if progress:
                    progress(done, len(taken))

            report()
            place = entry.filename.rpartition("/")[0]
            if place not in made:
                (folder / place).mkdir(parents=True, exist_ok=True)
                made.add(place)
            path = folder / entry.filename
            room = min(limits.total, max(limits.free, int(limits.ratio * size))) - written
            with _reading(label):
                packed = archive.open(entry)
            with packed, path.open("xb") as out:
                written += _copy(packed, out, label, entry, room, limits, report)
        if progress:
            progress(len(taken), len(taken))
    left = [entry for entry in files if _suffix(entry) not in kept]
    counts = Counter(_suffix(entry) or "without an ending" for entry in left)
    examples = tuple(entry.filename for entry in left[:3])
    names = tuple(entry.filename for entry in left)
    return Extracted(len(taken), written, dict(counts.most_common()), examples, names)


def _copy(
    packed: IO[bytes],
    out: IO[bytes],
    label: str,
    entry: zipfile.ZipInfo,
    room: int,
    limits: Limits,
    report: Callable[[], None],
) -> int:
    """Unpack one file; `room` is what all of the archive may still take."""
    written, name = 0, entry.filename
    while True:
        with _reading(label):
            chunk = packed.read(_CHUNK)
            if not chunk and written != entry.file_size:
                raise zipfile.BadZipFile("a file has another size than it says")
        if not chunk:
            return written
        if written == 0 and chunk.startswith(_ARCHIVE_STARTS):
            raise _nested(label, name)
        written += len(chunk)
        if written > limits.single:
            raise _over(
                label,
                f"holds {name}, which unpacks to more than {binary_size(limits.single)}",
                "cut an image into smaller pieces (gdal_translate -srcwin)",
            )
        if written > room:
            raise _over(
                label,
                f"unpacks to more than {binary_size(limits.total)}, or to more than "
                f"{limits.ratio:.0f} times its own size (at {name})",
                "check that it is what it says; put a folder that large on the server itself",
            )
        out.write(chunk)
        if written % _EVERY < _CHUNK:
            report()


def _over(label: str, what: str, remedy: str) -> ArchiveError:
    return ArchiveError(f"the archive {what}", where=label, remedy=remedy)


def _nested(label: str, name: str) -> ArchiveError:
    return ArchiveError(
        f"there is an archive in the archive: {name}",
        where=label,
        remedy="unpack the inner one first, and pack its files themselves",
    )


def _check_extents(file: BinaryIO, archive: zipfile.ZipFile, claimed: int) -> None:
    """Look whether each file lies in a place of its own, and all are listed.

    zipfile does so from 3.11.9 on. Files that share their packed bytes are how a small archive
    holds a large one many times over.

    Raises:
        BadZipFile: two overlap, one reaches into the list, or there are not as many as `claimed`.
    """
    if claimed not in (_MANY, len(archive.infolist())):
        raise zipfile.BadZipFile("the list of contents has another length than it says")
    entries = sorted(archive.infolist(), key=lambda entry: entry.header_offset)
    ends = [entry.header_offset for entry in entries[1:]] + [archive.start_dir]
    for entry, end in zip(entries, ends, strict=True):
        file.seek(entry.header_offset)
        header = file.read(_LOCAL_HEADER)
        if len(header) < _LOCAL_HEADER or not header.startswith(b"PK\3\4"):
            raise zipfile.BadZipFile("no file where one is listed")
        lengths = struct.unpack_from("<HH", header, 26)  # of its name and its extra field
        if entry.header_offset + _LOCAL_HEADER + sum(lengths) + entry.compress_size > end:
            raise zipfile.BadZipFile("files overlap")


def _check_directory(file: BinaryIO, label: str) -> tuple[int, int]:
    """The archive's size and the number of entries it claims, after a look at how long its list is.

    zipfile reads that list whole, some 500 bytes of memory for each 50 of it.
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - 65_557 - 76))  # the longest comment, and what may lie before the end
    tail = file.read()
    file.seek(0)
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) < at + 22:
        start = tail[:4] if size <= len(tail) else b"PK\3\4"
        raise (
            _damaged(label, "is cut off: its list of contents is missing")
            if start == b"PK\3\4"
            else ArchiveError("this is no ZIP archive", where=label, remedy="pack it as a ZIP")
        )
    claimed = int.from_bytes(tail[at + 12 : at + 16], "little")
    if at >= 76 and tail[at - 20 : at - 16] == b"PK\6\7":  # ZIP64: the number lies before
        claimed = int.from_bytes(tail[at - 76 + 40 : at - 76 + 48], "little")
    if claimed > _DIRECTORY:
        raise _over(
            label,
            f"has a list of contents of {binary_size(claimed)}, and {binary_size(_DIRECTORY)} is "
            "the limit",
            "put the folder itself on the server instead",
        )
    return size, int.from_bytes(tail[at + 10 : at + 12], "little")


def _is_junk(entry: zipfile.ZipInfo) -> bool:
    parts = entry.filename.lower().split("/")
    return any(part in _JUNK or part.startswith("._") for part in parts)


def _suffix(entry: zipfile.ZipInfo) -> str:
    stem, _, ending = entry.filename.rpartition("/")[2].rpartition(".")
    return f".{ending.lower()}" if stem else ""


def _check_entry(entry: zipfile.ZipInfo, label: str, limits: Limits) -> None:
    name = entry.filename
    shown = "".join(c if c.isprintable() else "?" for c in name[:120])
    parts = name.rstrip("/").split("/")
    wrong = ""
    if not name.isascii() or not name.isprintable():
        strange = any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in name)
    else:
        strange = False
    if strange:
        wrong = "has control characters in its name"
    elif name.startswith("/") or re.match(r"[A-Za-z]:", name):
        wrong = "has an absolute path"
    elif ".." in parts:
        wrong = "leads out of the folder (..)"
    elif any(part in ("", ".") for part in parts):
        wrong = "has an empty part or a dot in its path"
    elif any(len(part.encode()) > limits.name for part in parts) or len(parts) > limits.depth:
        wrong = "has too long a name or lies too deep"
    mode = stat.S_IFMT(entry.external_attr >> 16)
    if not wrong and mode not in (0, stat.S_IFREG, stat.S_IFDIR):
        wrong = "is a link" if mode == stat.S_IFLNK else "is a device or pipe, no file"
    if wrong:
        raise ArchiveError(
            f"an entry of the archive {wrong}: {shown!r}",
            where=label,
            remedy="pack the folder itself with an ordinary ZIP program, with plain "
            "files and relative names; nothing was written",
        )
    if entry.flag_bits & 0x1:
        raise ArchiveError(
            f"the archive is encrypted: {shown!r} needs a password",
            where=label,
            remedy="pack it again without a password",
        )
    if _suffix(entry) in _ARCHIVES and not entry.filename.endswith("/"):
        raise _nested(label, shown)


def _check_twice(files: Iterable[zipfile.ZipInfo], label: str) -> None:
    """Refuse two files of one name, also where only the case differs, and a file that is a folder
    of another: on some disks the later one would replace the earlier."""
    seen: set[str] = set()
    folders: set[str] = set()
    for entry in files:
        name = unicodedata.normalize("NFC", entry.filename).casefold()
        parts = name.split("/")
        above = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
        if name in seen or name in folders or seen.intersection(above):
            raise ArchiveError(
                f"the archive holds {entry.filename} twice (names that differ only in case count "
                "as one)",
                where=label,
                remedy="rename one of the two and pack it again",
            )
        seen.add(name)
        folders.update(above)
