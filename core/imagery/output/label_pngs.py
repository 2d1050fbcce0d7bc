"""A label map of any size as two PNGs, grey and coloured, compressed once and row by row."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType

import numpy as np

from core.provenance import PNG_START, mark_text, png_chunk, software_chunk

__all__ = ["write_label_pngs", "write_png"]

_GREY, _PALETTE = 0, 3  # colour types of PNG
_LEVEL = 3
_ADLER = 65521
_CHUNK = 1024**2


class _Png:
    """A PNG that is written chunk by chunk, with its mark at the end; a context."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._digest = hashlib.sha256()
        self._add(PNG_START)

    def __enter__(self) -> _Png:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: object, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                end = png_chunk(b"IEND", b"")
                self._digest.update(end)
                self._file.write(software_chunk(mark_text(self._digest.hexdigest())) + end)
        finally:
            self._file.close()

    def add(self, kind: bytes, body: bytes) -> None:
        """Write a chunk."""
        self._add(png_chunk(kind, body))

    def _add(self, data: bytes) -> None:
        self._digest.update(data)
        self._file.write(data)


def write_label_pngs(
    grey: Path,
    coloured: Path,
    rows: Iterable[np.ndarray],
    size: tuple[int, int],
    palette: np.ndarray,
) -> None:
    """Write both pictures: the same indices, once as grey values and once with a palette.

    Args:
        grey, coloured: files to write.
        rows: (n, W) uint8 from top to bottom, H rows in all.
        size: height H and width W.
        palette: (256, 3) uint8 RGB.

    Raises:
        OSError: the disk is full.
    """
    with _Png(grey) as labels, _Png(coloured) as colors:
        labels.add(b"IHDR", _header(size, 8, _GREY))
        colors.add(b"IHDR", _header(size, 8, _PALETTE))
        colors.add(b"PLTE", palette.tobytes())
        for body in _compressed(rows):
            labels.add(b"IDAT", body)
            colors.add(b"IDAT", body)


def write_png(path: Path, rows: Iterable[np.ndarray], size: tuple[int, int]) -> None:
    """Write a grey picture of 16 bit.

    Args:
        path: file to write.
        rows: (n, W) uint16 from top to bottom, H rows in all.
        size: height H and width W.

    Raises:
        OSError: the disk is full.
    """
    with _Png(path) as picture:
        picture.add(b"IHDR", _header(size, 16, _GREY))
        for body in _compressed(part.astype(">u2") for part in rows):
            picture.add(b"IDAT", body)


def _header(size: tuple[int, int], bits: int, kind: int) -> bytes:
    height, width = size
    return struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)


def _compressed(rows: Iterable[np.ndarray]) -> Iterator[bytes]:
    """The compressed stream of a picture (RFC 1950), in parts of about a mebibyte.

    Each row follows a byte for its filter, 0 for none: classes lie in runs. Rows of one value, of
    which a sparse scene has very many, are compressed once.
    """
    stream = _Stream()
    parts, waiting = [b"\x78\x01"], 0
    for part in rows:
        parts.append(stream.add(part))
        waiting += len(parts[-1])
        if waiting >= _CHUNK:
            yield b"".join(parts)
            parts, waiting = [], 0
    yield b"".join([*parts, stream.end()])


class _Stream:
    """Raw deflate in parts that do not refer to one another, and the checksum of all of them."""

    def __init__(self) -> None:
        self._low, self._high = 1, 0  # the halves of Adler-32
        self._even: dict[tuple[int, ...], tuple[bytes, int, int]] = {}

    def add(self, part: np.ndarray) -> bytes:
        """Some rows, compressed."""
        one = part.strides == (0, 0) or bool((part == part.flat[0]).all())
        key = (*part.shape, int(part.flat[0]))
        if one and key in self._even:
            return self._count(*self._even[key])
        lines = np.ascontiguousarray(part).view(np.uint8).reshape(len(part), -1)
        parts = _deflated(lines)
        if one:
            self._even[key] = parts
        return self._count(*parts)

    def _count(self, data: bytes, checksum: int, length: int) -> bytes:
        # Adler-32 of two parts one after the other, as zlib's `adler32_combine` has it.
        low, high = checksum & 0xFFFF, checksum >> 16
        self._high = (self._high + high + length * (self._low - 1)) % _ADLER
        self._low = (self._low + low - 1) % _ADLER
        return data

    def end(self) -> bytes:
        """The last, empty part and the checksum."""
        last = zlib.compressobj(_LEVEL, wbits=-zlib.MAX_WBITS).flush()
        return last + struct.pack(">I", self._high << 16 | self._low)


def _deflated(lines: np.ndarray) -> tuple[bytes, int, int]:
    """Rows (n, bytes) with their filter bytes, compressed; their Adler-32 and length."""
    filtered = np.zeros((len(lines), lines.shape[1] + 1), np.uint8)
    filtered[:, 1:] = lines
    data = filtered.data.cast("B")
    deflate = zlib.compressobj(_LEVEL, wbits=-zlib.MAX_WBITS)
    compressed = deflate.compress(data) + deflate.flush(zlib.Z_FULL_FLUSH)
    return compressed, zlib.adler32(data), len(data)
