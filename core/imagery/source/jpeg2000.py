"""Number of tiles and bands that a JPEG 2000 says it has, before anything is made for them."""

from __future__ import annotations

import struct
from typing import BinaryIO

__all__ = ["tiles_and_bands"]

_CODESTREAM = b"\xff\x4f\xff\x51"  # SOC, and SIZ which must follow (ISO 15444-1, A.5.1)
_MOST_BOXES = 1024


def tiles_and_bands(file: BinaryIO) -> tuple[int, int] | None:
    """Tiles and bands by the header of a JPEG 2000; None where this is none.

    Args:
        file: at its beginning.

    Raises:
        ValueError: it has no codestream, or one that does not begin as it must.
        struct.error: it is cut off.
    """
    start = file.read(12)
    if start[:4] == _CODESTREAM:
        place = 0
    elif start[4:8] == b"jP  ":
        place = _codestream(file)
    else:
        return None
    file.seek(place)
    if file.read(4) != _CODESTREAM:
        raise ValueError("its codestream does not begin with the sizes")
    numbers = struct.unpack(">HH8IH", file.read(38))
    width, height, _, _, tile_width, tile_height, left, top, bands = numbers[2:]
    if not tile_width or not tile_height:
        raise ValueError("its tiles have no size")
    tiles = -(-(width - left) // tile_width) * -(-(height - top) // tile_height)
    return max(0, tiles), bands


def _codestream(file: BinaryIO) -> int:
    """Where the first box of that kind has its content (ISO 15444-1, I.4)."""
    place = 0
    for _ in range(_MOST_BOXES):
        file.seek(place)
        length, kind = struct.unpack(">I4s", file.read(8))
        head = 8
        if length == 1:
            (length,), head = struct.unpack(">Q", file.read(8)), 16
        if kind == b"jp2c":
            return place + head
        if length < head:
            break
        place += length
    raise ValueError("it has no codestream")
