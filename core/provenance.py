"""Which files this program wrote: every result carries its mark, a digest of what it holds.

A result is replaced by the next one of the same name. What carries no mark is somebody's own work,
and so is a result that was edited since: its digest is another one. Such files are left alone.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import sqlite3
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any

from core.errors import WorkspaceError

__all__ = [
    "PNG_START",
    "JsonMark",
    "check_free",
    "is_own_file",
    "mark_geopackage",
    "mark_text",
    "mark_tiff",
    "mark_zip",
    "marked_json",
    "marked_png",
    "marked_zip",
    "png_chunk",
    "software_chunk",
    "tiff_placeholder",
]

_MARK = "DeepSpaceImaging"
_KEY = "generator"
PNG_START = b"\x89PNG\r\n\x1a\n"
"""The first bytes of a PNG."""
_SQLITE = b"SQLite f"
_CHUNK = b"Software\0"  # keyword of PNG's tEXt for the program that made a picture
_PART = 4 * 1024**2  # bytes of a file that are looked at at once
_WHOLE = 64 * 1024**2  # bytes of a JSON file that is read whole
_NAMED = 5  # files that a message names


def marked_json(value: dict[str, Any]) -> dict[str, Any]:
    """A JSON object with the mark as its last member, ``generator``."""
    return value | {_KEY: _mark(_canonical(value))}


class JsonMark:
    """The mark of a JSON object that is written piece by piece."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def add(self, compact: str) -> None:
        """The next piece of the object without ``generator``, without spaces between its parts."""
        self._digest.update(compact.encode())

    def member(self) -> str:
        """The last member, ``generator``, when the object is complete."""
        return f'"{_KEY}": "{_MARK} {self._digest.hexdigest()}"'


def marked_png(data: bytes) -> bytes:
    """A PNG with the mark as its ``Software`` text."""
    # The last chunk, IEND, is twelve bytes.
    return data[:-12] + software_chunk(_mark(data)) + data[-12:]


def software_chunk(mark: str) -> bytes:
    """The chunk of a PNG that holds a mark, before its last one, of which the mark is made too."""
    return png_chunk(b"tEXt", _CHUNK + mark.encode("latin-1"))


def mark_tiff(path: Path) -> None:
    """Put the mark into a TIFF that was written with `tiff_placeholder` as its Software tag."""
    placeholder = tiff_placeholder().encode()
    place = _find(path, placeholder)
    if place < 0:
        raise ValueError("expected a TIFF with a placeholder for its mark")
    mark = _mark_of(path, place, place + len(placeholder), placeholder)
    with path.open("r+b") as file:
        file.seek(place)
        file.write(mark.encode())


def mark_geopackage(path: Path, layer: str) -> None:
    """Put the mark into a GeoPackage, as the description of its only layer."""
    mark = mark_text(_layer_digest(path, layer))
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "UPDATE gpkg_contents SET description = ? WHERE table_name = ?", (mark, layer)
        )


def tiff_placeholder() -> str:
    """What stands in a TIFF's Software tag (305) until its bytes are known; as long as a mark."""
    return f"{_MARK} {'0' * 64}"


def marked_zip(data: bytes) -> bytes:
    """A ZIP without a comment, such as a ``.npz``, with the mark as its comment."""
    mark = _mark(data).encode()
    # The last two bytes are the comment's length (APPNOTE.TXT 4.3.16).
    return data[:-2] + struct.pack("<H", len(mark)) + mark


def mark_zip(path: Path) -> None:
    """Put the mark into a ZIP without a comment, as its comment."""
    mark = _mark_of(path, path.stat().st_size, path.stat().st_size).encode()
    with path.open("r+b") as file:
        file.seek(-2, os.SEEK_END)  # the comment's length (APPNOTE.TXT 4.3.16)
        file.write(struct.pack("<H", len(mark)) + mark)


def is_own_file(path: Path) -> bool:
    """Whether this program wrote the file, and nobody changed it since."""
    try:
        if not path.is_file():
            return False  # reading a pipe or a device never ends
        with path.open("rb") as file:
            start = file.read(8)
        if start.startswith(PNG_START):
            return _is_own_png(path)
        if start[:4] in (b"II*\0", b"II+\0", b"MM\0*", b"MM\0+"):
            return _is_own_tiff(path)
        if start.startswith(b"PK"):
            return _is_own_zip(path)
        if start == _SQLITE:
            return _is_own_geopackage(path)
        if path.stat().st_size > _WHOLE:
            return _is_own_long_json(path)
        return _is_own_json(path.read_bytes())
    except OSError:
        return False  # a folder, or not ours to read


def check_free(
    outputs: Sequence[Path],
    inputs: Iterable[Path] = (),
    *,
    overwrite: bool = False,
    remedy: str = "choose another --out or --overwrite",
) -> None:
    """Raise where writing `outputs` would destroy what this program did not write.

    Args:
        outputs: files that are to be written.
        inputs: files that are still to be read: no output takes their place, whatever was asked.
        overwrite: whether other people's files may be replaced too.
        remedy: what to do about files that are there already.

    Raises:
        WorkspaceError: an output is an input, or is there already and not this program's.
    """
    there = [path for path in outputs if os.path.lexists(path)]
    inputs = list(inputs)
    for path in there:
        if any(_same(path, image) for image in inputs):
            raise WorkspaceError(
                f"{path.name} is one of the images, and a result would overwrite it",
                where=str(path),
                remedy="choose another --out",
            )
    foreign = [] if overwrite else sorted({p.name for p in there if not is_own_file(p)})
    if foreign:
        raise WorkspaceError(
            f"{_listed(foreign)} {'is' if len(foreign) == 1 else 'are'} there already",
            remedy=remedy,
        )


def _listed(names: Sequence[str]) -> str:
    if len(names) > _NAMED:
        names = [*names[: _NAMED - 1], f"{len(names) - _NAMED + 1} more"]
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False


def _mark(*content: bytes | memoryview) -> str:
    digest = hashlib.sha256()
    for part in content:
        digest.update(part)
    return f"{_MARK} {digest.hexdigest()}"


def mark_text(hexdigest: str) -> str:
    """The mark of a file whose SHA-256 without it is `hexdigest`."""
    return f"{_MARK} {hexdigest}"


def _canonical(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG: length, kind, body and checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _parts(path: Path, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """The bytes of a file from one place up to another, part by part."""
    with path.open("rb") as file:
        file.seek(start)
        left = math.inf if end is None else end - start
        while left > 0 and (part := file.read(int(min(_PART, left)))):
            left -= len(part)
            yield part


def _mark_of(path: Path, start: int, end: int, instead: bytes = b"") -> str:
    """The mark of a file in which `instead` stands from one place up to another."""
    digest = hashlib.sha256()
    for part in chain(_parts(path, 0, start), (instead,), _parts(path, end)):
        digest.update(part)
    return f"{_MARK} {digest.hexdigest()}"


def _find(path: Path, wanted: bytes) -> int:
    """Where some bytes first stand in a file; -1 where they do not."""
    before, place = b"", 0
    for part in _parts(path):
        window = before + part
        at = window.find(wanted)
        if at >= 0:
            return place - len(before) + at
        place += len(part)
        before = window[-len(wanted) + 1 :]
    return -1


def _is_own_png(path: Path) -> bool:
    length = len(marked_png(PNG_START + bytes(12))) - len(PNG_START) - 12
    end = path.stat().st_size - 12  # of the last chunk, IEND
    if end - length < len(PNG_START):
        return False
    mark = _mark_of(path, end - length, end)
    return b"".join(_parts(path, end - length, end)) == software_chunk(mark)


def _is_own_tiff(path: Path) -> bool:
    place = _find(path, f"{_MARK} ".encode())
    if place < 0:
        return False
    placeholder = tiff_placeholder().encode()
    end = place + len(placeholder)
    mark = _mark_of(path, place, end, placeholder)
    return b"".join(_parts(path, place, end)) == mark.encode()


def _is_own_geopackage(path: Path) -> bool:
    try:
        with closing(_read_only(path)) as database:
            tables = list(database.execute("SELECT table_name, description FROM gpkg_contents"))
        if len(tables) != 1:
            return False
        ((layer, mark),) = tables
        return bool(mark == mark_text(_layer_digest(path, layer)))
    except sqlite3.Error:
        return False  # another database, or a damaged one


def _layer_digest(path: Path, layer: str) -> str:
    """SHA-256 of all rows of a layer, hex."""
    digest = hashlib.sha256()
    quoted = layer.replace('"', '""')
    with closing(_read_only(path)) as database:
        rows = database.execute(f'SELECT * FROM "{quoted}" ORDER BY fid')
        digest.update(repr([column[0] for column in rows.description]).encode())
        for row in rows:
            digest.update(repr(row).encode())
    return digest.hexdigest()


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _is_own_zip(path: Path) -> bool:
    size, length = path.stat().st_size, len(_mark(b""))
    if size < length + 2:
        return False
    mark = _mark_of(path, size - length - 2, size, b"\0\0")
    return b"".join(_parts(path, size - length, size)) == mark.encode()


def _is_own_json(data: bytes) -> bool:
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):  # also bytes that are no text
        return False
    if not isinstance(content, dict) or _KEY not in content:
        return False
    mark = content.pop(_KEY)
    return bool(mark == _mark(_canonical(content)))


# A text, or what stands between two; a part of a file may end within a text.
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"|[^"]+')
_SPACES = re.compile(rb"[ \n\r\t]+")


def _is_own_long_json(path: Path) -> bool:
    """`_is_own_json` of a file that is too long to be read whole, and was written as we write."""
    length = len(f',"{_KEY}":"{_mark(b"")}"}}')
    digest, held, waiting = hashlib.sha256(), b"", b""
    for part in _parts(path):
        held += part
        end = 0
        # What reaches to the end may go on in the next part.
        while (match := _TEXT.match(held, end)) and match.end() < len(held):
            text, end = match.group(), match.end()
            waiting += text if text.startswith(b'"') else _SPACES.sub(b"", text)
        held = held[end:]
        if len(waiting) > length:
            digest.update(waiting[:-length])
            waiting = waiting[-length:]
    waiting += _SPACES.sub(b"", held)
    digest.update(waiting[:-length] + b"}")
    return waiting[-length:].decode(errors="replace") == (
        f',"{_KEY}":"{mark_text(digest.hexdigest())}"}}'
    )
