"""Tags of a TIFF's first image, and the orientation of pictures, without decoding a pixel."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

__all__ = ["orientation", "read_tags"]

# Only headers are read with it here, and `read_raster` has a limit of its own.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)

_TYPES = {3: "H", 4: "I", 12: "d", 16: "Q"}  # SHORT, LONG, DOUBLE, LONG8 of TIFF 6.0 and BigTIFF
_ORIENTATION = 274
_TooLarge = Image.DecompressionBombError


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
            tags: Mapping[int, Any] = read_tags(file, {_ORIENTATION})
            if not tags:
                file.seek(0)
                with Image.open(file, formats=("PNG", "JPEG")) as picture:
                    tags = picture.getexif()
            value = tags.get(_ORIENTATION, 1)
    except (OSError, SyntaxError, ValueError, LookupError, struct.error, _TooLarge):
        return 1  # also another format, or a picture too large to be a camera's
    number = value[0] if isinstance(value, tuple) else value
    return int(number) if number in range(1, 9) else 1
