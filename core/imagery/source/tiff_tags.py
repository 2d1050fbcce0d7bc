"""Tags of a TIFF's images, and the orientation of pictures, without decoding a pixel."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from PIL import Image

__all__ = ["orientation", "read_directories", "read_tags"]

# Only headers are read with it here, and `read_raster` has a limit of its own.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)

# BYTE, SHORT, LONG and DOUBLE of TIFF 6.0, the signed forms, LONG8 and offsets of BigTIFF.
_TYPES = {
    **{1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 12: "d", 13: "I"},
    **{16: "Q", 17: "q", 18: "Q"},
}
_ORIENTATION = 274
_SUB_DIRECTORIES = 330
_MOST_ENTRIES = 0xFFFF  # as many as libtiff takes
_TooLarge = Image.DecompressionBombError


class _Form(NamedTuple):
    """How a TIFF is written: struct's forms of an entry's head, their number and a place."""

    order: str
    entry: str
    number: str
    place: str

    @property
    def room(self) -> int:
        return struct.calcsize(self.place)


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
    form, offset = _form(file)
    return {} if form is None else _directory(file, form, offset, wanted, most)[0]


def read_directories(
    file: BinaryIO, wanted: Collection[int], most: int = 16
) -> Iterator[dict[int, tuple[float, ...]]]:
    """The wanted tags of every image in a TIFF: pages, overviews, masks, and those within others.

    Args:
        file, wanted, most: as in `read_tags`.

    Raises:
        struct.error: it is cut off.
    """
    form, offset = _form(file)
    waiting, seen = [offset], set()
    while form is not None and waiting:
        offset = waiting.pop()
        if offset == 0 or offset in seen:
            continue
        seen.add(offset)
        asked = {*wanted, _SUB_DIRECTORIES}
        tags, following = _directory(file, form, offset, asked, max(most, _MOST_ENTRIES))
        below = tags.pop(_SUB_DIRECTORIES, ()) if _SUB_DIRECTORIES not in wanted else ()
        waiting += [following, *map(int, below)]
        yield {tag: values for tag, values in tags.items() if len(values) <= most}


def _form(file: BinaryIO) -> tuple[_Form | None, int]:
    """How a TIFF is written, and where its first directory lies; None for another format."""
    start = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(start[:2])
    if order is None:
        return None, 0
    (version,) = struct.unpack_from(order + "H", start, 2)
    if version == 42:
        form = _Form(order, order + "HHI", order + "H", order + "I")
        return form, struct.unpack_from(form.place, start, 4)[0]
    if version == 43:
        form = _Form(order, order + "HHQ", order + "Q", order + "Q")
        return form, struct.unpack_from(form.place, start, 8)[0]
    return None, 0


def _directory(
    file: BinaryIO, form: _Form, offset: int, wanted: Collection[int], most: int
) -> tuple[dict[int, tuple[float, ...]], int]:
    """The wanted tags of the directory at a place, and where the next one lies, 0 for none."""
    file.seek(offset)
    (entries,) = struct.unpack(form.number, file.read(struct.calcsize(form.number)))
    step = struct.calcsize(form.entry) + form.room
    if entries > _MOST_ENTRIES:
        return {}, 0
    block, end = file.read(entries * step), file.read(form.room)
    # Of whole entries alone: those of interest are found without a loop over all.
    heads = np.frombuffer(block[: len(block) // step * step], np.uint8).reshape(-1, step)
    numbers = np.ascontiguousarray(heads[:, :2]).view(f"{form.order}u2").ravel()
    tags: dict[int, tuple[float, ...]] = {}
    for row in np.flatnonzero(np.isin(numbers, list(wanted))).tolist():
        position = row * step
        tag, kind, count = struct.unpack_from(form.entry, block, position)
        if kind not in _TYPES or not 0 < count <= most:
            continue
        values = f"{form.order}{count}{_TYPES[kind]}"
        where = position + struct.calcsize(form.entry)
        if struct.calcsize(values) <= form.room:
            tags[tag] = struct.unpack_from(values, block, where)
        else:
            (there,) = struct.unpack_from(form.place, block, where)
            file.seek(there)
            tags[tag] = struct.unpack(values, file.read(struct.calcsize(values)))
    # The last directory of a file that is cut off may lack what follows it.
    return tags, struct.unpack(form.place, end)[0] if len(end) == form.room else 0


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
