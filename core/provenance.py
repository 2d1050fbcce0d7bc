"""Which files this program wrote: every result carries its mark, a digest of what it holds.

A result is replaced by the next one of the same name. What carries no mark is somebody's own work,
and so is a result that was edited since: its digest is another one. Such files are left alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from core.errors import WorkspaceError

__all__ = [
    "JsonMark",
    "check_free",
    "is_own_file",
    "marked_json",
    "marked_png",
    "marked_tiff",
    "marked_zip",
    "tiff_placeholder",
]

_MARK = "DeepSpaceImaging"
_KEY = "generator"
_PNG = b"\x89PNG\r\n\x1a\n"
_CHUNK = b"Software\0"  # keyword of PNG's tEXt for the program that made a picture
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
    body = _CHUNK + _mark(data).encode("latin-1")
    # The last chunk, IEND, is twelve bytes.
    return data[:-12] + _png_chunk(b"tEXt", body) + data[-12:]


def marked_tiff(data: bytes) -> bytes:
    """A TIFF that was written with `tiff_placeholder` as its Software tag, with the mark there."""
    placeholder = tiff_placeholder().encode()
    place = data.index(placeholder)
    view = memoryview(data)
    return b"".join((view[:place], _mark(data).encode(), view[place + len(placeholder) :]))


def tiff_placeholder() -> str:
    """What stands in a TIFF's Software tag (305) until its bytes are known; as long as a mark."""
    return f"{_MARK} {'0' * 64}"


def marked_zip(data: bytes) -> bytes:
    """A ZIP without a comment, such as a ``.npz``, with the mark as its comment."""
    mark = _mark(data).encode()
    # The last two bytes are the comment's length (APPNOTE.TXT 4.3.16).
    return data[:-2] + struct.pack("<H", len(mark)) + mark


def is_own_file(path: Path) -> bool:
    """Whether this program wrote the file, and nobody changed it since."""
    try:
        if not path.is_file():
            return False  # reading a pipe or a device never ends
        data = path.read_bytes()
    except OSError:
        return False  # a folder, or not ours to read
    if data.startswith(_PNG):
        return _is_own_png(data)
    if data[:4] in (b"II*\0", b"II+\0", b"MM\0*", b"MM\0+"):
        return _is_own_tiff(data)
    if data.startswith(b"PK"):
        return _is_own_zip(data)
    return _is_own_json(data)


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


def _canonical(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _is_own_png(data: bytes) -> bool:
    length = len(marked_png(_PNG + bytes(12))) - len(_PNG) - 12
    return marked_png(data[: -12 - length] + data[-12:]) == data


def _is_own_tiff(data: bytes) -> bool:
    place = data.find(f"{_MARK} ".encode())
    if place < 0:
        return False
    placeholder, view = tiff_placeholder().encode(), memoryview(data)
    end = place + len(placeholder)
    return bytes(view[place:end]) == _mark(view[:place], placeholder, view[end:]).encode()


def _is_own_zip(data: bytes) -> bool:
    length = len(_mark(b""))
    return data[-length:] == _mark(memoryview(data)[: -length - 2], b"\0\0").encode()


def _is_own_json(data: bytes) -> bool:
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):  # also bytes that are no text
        return False
    if not isinstance(content, dict) or _KEY not in content:
        return False
    mark = content.pop(_KEY)
    return bool(mark == _mark(_canonical(content)))
