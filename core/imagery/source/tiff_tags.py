"""Tags of a TIFF's first image, and the orientation of pictures, without decoding a pixel."""

from __future__ import annotations

import io
import struct
from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO

__all__ = ["orientation", "read_tags"]

_TYPES = {3: "H", 4: "I", 12: "d", 16: "Q"}  # SHORT, LONG, DOUBLE, LONG8 of TIFF 6.0 and BigTIFF
_ORIENTATION = 274
_EXIF_BYTES = 65_536  # the most that a JPEG segment holds
_SEARCHED = 2**20  # bytes of a JPEG or PNG that are looked through


def read_tags(
    file: BinaryIO, wanted: Collection[int], most: int = 16
) -> dict[int, tuple[float, ...]]:
    """The wanted tags of the first image; empty where this is no TIFF.

    Args:
        file: at its beginning.
        wanted: numbers of the tags.
        most: values that a tag may have; longer ones are passed over.

    Raises:
        struct.error: it is cut off.
    """
    start = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(start[:2])
    if order is None:
        return {}
    (version,) = struct.unpack_from(order + "H", start, 2)
    if version == 42:
        entry, count_form, room = order + "HHI", "H", 4
        (offset,) = struct.unpack_from(order + "I", start, 4)
    elif version == 43:
        entry, count_form, room = order + "HHQ", "Q", 8
        (offset,) = struct.unpack_from(order + "Q", start, 8)
    else:
        return {}
    file.seek(offset)
    (entries,) = struct.unpack(order + count_form, file.read(struct.calcsize(count_form)))
    step = struct.calcsize(entry) + room
    if entries > 4096:
        return {}
    block = file.read(entries * step)
    tags: dict[int, tuple[float, ...]] = {}
    for position in range(0, len(block), step):
        tag, kind, count = struct.unpack_from(entry, block, position)
        if tag not in wanted or kind not in _TYPES or not 0 < count <= most:
            continue
        form = f"{order}{count}{_TYPES[kind]}"
        where = position + struct.calcsize(entry)
        if struct.calcsize(form) <= room:
            tags[tag] = struct.unpack_from(form, block, where)
        else:
            (there,) = struct.unpack_from(order + ("I" if room == 4 else "Q"), block, where)
            file.seek(there)
            tags[tag] = struct.unpack(form, file.read(struct.calcsize(form)))
    return tags


def orientation(source: Path | bytes) -> int:
    """How a picture is to be turned to stand upright, as TIFF 6.0 and Exif count: 1 to 8.

    1 is upright; so is what says nothing, or says it in a way that cannot be read.

    Args:
        source: a PNG, JPEG or TIFF, or the bytes of one.
    """
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
            start = file.read(8)
            file.seek(0)
            if start[:2] in (b"II", b"MM"):
                tags = read_tags(file, {_ORIENTATION})
            else:
                exif = _jpeg_exif(file) if start[:2] == b"\xff\xd8" else _png_exif(file)
                tags = read_tags(io.BytesIO(exif), {_ORIENTATION})
    except (OSError, struct.error):
        return 1
    value = int(tags.get(_ORIENTATION, (1,))[0])
    return value if 1 <= value <= 8 else 1


def _jpeg_exif(file: BinaryIO) -> bytes:
    """The Exif block of a JPEG: the first segment APP1 that begins with its name."""
    file.seek(2)
    while file.tell() < _SEARCHED:
        head = file.read(4)
        if len(head) < 4 or head[0] != 0xFF or head[1] == 0xDA:  # the picture itself begins
            break
        (length,) = struct.unpack(">H", head[2:])
        segment = file.read(length - 2) if length > 2 else b""
        if head[1] == 0xE1 and segment[:6] == b"Exif\0\0":
            return segment[6:]
    return b""


def _png_exif(file: BinaryIO) -> bytes:
    """The chunk eXIf of a PNG, which may stand before or behind the picture."""
    file.seek(8)
    while len(head := file.read(8)) == 8:
        length, name = struct.unpack(">I4s", head)
        if name == b"eXIf":
            return file.read(min(length, _EXIF_BYTES))
        if name == b"IEND":
            break
        file.seek(length + 4, io.SEEK_CUR)
    return b""
