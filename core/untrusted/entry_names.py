"""Names in a ZIP as their writer meant them, whatever the program wrote down."""

from __future__ import annotations

import struct
import zipfile
import zlib

__all__ = ["restored_name"]

_UTF8 = 0x800  # general purpose bit 11 (APPNOTE 4.4.4)
_UNICODE_PATH = 0x7075  # Info-ZIP's extra field (APPNOTE 4.6.9)


def restored_name(entry: zipfile.ZipInfo) -> str:
    """The name of an entry with ``/`` between its folders; nothing of it is checked.

    A name without the flag for UTF-8 is in code page 437 by the specification. Many programs write
    UTF-8 all the same, or leave it in a field beside: bytes that are not ASCII and are UTF-8 are
    taken for it, which text in an old code page hardly ever is. Programs of Windows that write
    ``\\`` between folders break the specification (4.4.17) and are understood.

    Args:
        entry: as listed; `orig_filename` is read, which is not cut at a NUL as `filename` is.
    """
    name = entry.orig_filename
    if not entry.flag_bits & _UTF8:
        try:
            raw = name.encode("cp437")
        except UnicodeEncodeError:  # another program has set it
            raw = b""
        name = _beside(entry.extra, raw) or _as_utf8(raw) or name
    return name.replace("\\", "/")


def _as_utf8(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _beside(extra: bytes, raw: bytes) -> str:
    """The name in the Unicode path field, if it was made for the name that is there."""
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        data = extra[4 : 4 + size]
        ours = kind == _UNICODE_PATH and size > 5 and data[0] == 1
        if ours and int.from_bytes(data[1:5], "little") == zlib.crc32(raw):
            return _as_utf8(data[5:])
        extra = extra[4 + size :]
    return ""
