"""Strategies of Hypothesis that break a good file: its bytes, its fields, or a tree of JSON."""

from __future__ import annotations

import copy
import json
import math
import struct
import zlib
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

__all__ = ["broken_bytes", "broken_json", "broken_text"]

_Change = Callable[[bytes], bytes]

_EDGES = (
    *(0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 36_864, 60_000),
    *(0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF),
)
_NEAR = 300  # bytes of a head or tail, where most formats keep what they say of themselves
_MAGIC = 8
_LEVELS = 12  # of a tree, that are changed
_DEEP = 3000  # levels of nested lists


@st.composite
def _place(draw: st.DrawFn, size: int) -> int:
    """An offset in `size` bytes, most often near one of its ends."""
    where = draw(st.sampled_from(("head", "head", "tail", "any")))
    if where == "head":  # most formats are told by their first bytes, and then read no further
        return draw(st.integers(min(_MAGIC, size - 1), min(_NEAR, size - 1)))
    if where == "tail":
        return draw(st.integers(max(0, size - _NEAR), size - 1))
    return draw(st.integers(0, size - 1))


@st.composite
def _change(draw: st.DrawFn, seed: bytes) -> _Change:
    """One change of bytes. Offsets are taken modulo the size, as changes before it may shorten."""
    at = draw(_place(len(seed)))
    length = draw(st.sampled_from((1, 2, 4, 16, 100, 1000)))
    kind = draw(
        st.sampled_from(("flip", "edge", "edge", "cut", "remove", "repeat", "zero", "random"))
    )
    if kind == "flip":
        bit = 1 << draw(st.integers(0, 7))
        return lambda data: _put(data, at, bytes([data[at % len(data)] ^ bit]))
    if kind == "edge":
        width = draw(st.sampled_from("BHIQ"))
        value = draw(st.sampled_from(_EDGES)) & ((1 << 8 * struct.calcsize(width)) - 1)
        packed = struct.pack(draw(st.sampled_from("<>")) + width, value)
        return lambda data: _put(data, at, packed)
    if kind == "cut":
        return lambda data: data[: at % len(data)]
    if kind == "remove":
        return lambda data: data[: at % len(data)] + data[at % len(data) + length :]
    if kind == "repeat":
        return lambda data: data[: at % len(data) + length] + data[at % len(data) :]
    if kind == "zero":
        return lambda data: _put(data, at, bytes(length))
    noise = draw(st.binary(min_size=1, max_size=min(length, 16)))
    return lambda data: _put(data, at, noise)


def _put(data: bytes, at: int, new: bytes) -> bytes:
    at %= len(data)
    return data[:at] + new + data[at + len(new) :]


@st.composite
def _tiff_field(draw: st.DrawFn, seed: bytes) -> bytes:
    """A little-endian TIFF with a field of its first directory changed: type, count or value."""
    start = struct.unpack_from("<I", seed, 4)[0]
    fields = struct.unpack_from("<H", seed, start)[0]
    at = start + 2 + 12 * draw(st.integers(0, fields - 1))
    part, form = draw(st.sampled_from(((0, "<H"), (2, "<H"), (4, "<I"), (8, "<I"), (8, "<I"))))
    width = (1 << 8 * struct.calcsize(form)) - 1
    value = draw(st.sampled_from(_EDGES) | st.integers(0, 2**16)) & width
    return _put(seed, at + part, struct.pack(form, value))


@st.composite
def _png_chunk(draw: st.DrawFn, seed: bytes) -> bytes:
    """A PNG with a chunk changed and its checksum made right again, so that it is looked at."""
    chunks, at = [], 8
    while at + 12 <= len(seed):
        length = struct.unpack_from(">I", seed, at)[0]
        chunks.append((seed[at + 4 : at + 8], seed[at + 8 : at + 8 + length]))
        at += 12 + length
    chosen = draw(st.integers(0, len(chunks) - 1))
    kind, body = chunks[chosen]
    what = draw(st.sampled_from(("change", "change", "remove", "repeat", "swap")))
    if what == "change" and body:
        chunks[chosen] = kind, draw(_change(body))(body)
    elif what == "remove":
        del chunks[chosen]
    elif what == "repeat":
        chunks.insert(chosen, chunks[chosen])
    else:
        chunks.append(chunks.pop(chosen))
    parts = [seed[:8]]
    for kind, body in chunks:
        sum_ = zlib.crc32(kind + body)
        parts += [struct.pack(">I", len(body)), kind, body, struct.pack(">I", sum_)]
    return b"".join(parts)


@st.composite
def broken_bytes(draw: st.DrawFn, seed: bytes) -> bytes:
    """A file with up to four changes; PNG and TIFF also by their own parts.

    Args:
        draw: of Hypothesis.
        seed: a good file, not empty.
    """
    if draw(st.booleans()):
        if seed.startswith(b"\x89PNG"):
            return draw(_png_chunk(seed))
        if seed.startswith(b"II*\0"):
            return draw(_tiff_field(seed))
    data = seed
    for change in draw(st.lists(_change(seed), min_size=1, max_size=4)):
        data = change(data) if data else data
    return data


def _nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


_ODD = st.sampled_from(
    (
        *(None, True, False, -1, 0, 0.5, 256, 1e308, -1e308, math.nan, math.inf, 2**63, 10**400),
        *("", " ", "x" * 5000, "../../etc/passwd", "/etc/passwd", "\0", "\ud800", "é", "e\u0301"),
        *(
            "nan",
            "-1",
            "\u202eabc",
            "![x](http://localhost:9/x.png)",
            "/vsicurl/http://localhost:9/",
        ),
        *([], {}, [[]], [{}], {"a": []}, [None] * 300, [0] * 5000, {"": None}, ["a", "a"]),
    )
) | st.recursive(
    st.none() | st.booleans() | st.integers(-300, 300) | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
_Path = tuple[str | int, ...]


def _paths(tree: Any, at: _Path = ()) -> list[_Path]:
    """The way to every value of a tree; of a long list its first entries alone."""
    inner: list[tuple[str | int, Any]] = []
    if len(at) > _LEVELS:
        return [at]
    if isinstance(tree, dict):
        inner = list(tree.items())
    elif isinstance(tree, list):
        inner = list(enumerate(tree[:4]))
    return [at, *(path for key, value in inner for path in _paths(value, (*at, key)))]


@st.composite
def broken_json(draw: st.DrawFn, seed: bytes) -> bytes:
    """A JSON document with up to three values replaced, removed, doubled or renamed."""
    tree = json.loads(seed)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(_paths(tree)))
        if not path:
            continue
        *way, last = path
        parent = tree
        for key in way:
            parent = parent[key]
        what = draw(st.sampled_from(("replace", "replace", "replace", "remove", "double", "deep")))
        if what == "replace":
            parent[last] = copy.deepcopy(draw(_ODD))
        elif what == "remove":
            del parent[last]
        elif what == "deep":
            parent[last] = _nested(900)
        elif isinstance(parent, list):
            parent.append(parent[last])
        else:
            parent[f"{last}2"] = parent[last]
    text = json.dumps(tree)
    if draw(st.integers(0, 30)) == 0:
        text = "[" * _DEEP + text + "]" * _DEEP
    return text.encode(draw(st.sampled_from(("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16"))))


@st.composite
def broken_text(draw: st.DrawFn, seed: bytes) -> bytes:
    """Lines of text with some repeated, removed or changed; or its bytes."""
    if draw(st.integers(0, 3)) == 0:
        return draw(broken_bytes(seed))
    lines = seed.decode().split("\n")
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        what = draw(st.sampled_from(("remove", "repeat", "word", "word", "number", "new")))
        if what == "remove" and len(lines) > 1:
            del lines[at]
        elif what == "repeat":
            lines.insert(at, lines[at])
        elif what == "new":
            lines.insert(at, draw(st.text(max_size=30)))
        else:
            odd = draw(_ODD if what == "word" else st.integers() | st.floats())
            words = lines[at].replace(",", " ").split() or [""]
            lines[at] = lines[at].replace(draw(st.sampled_from(words)), str(odd)[:6000], 1)
    return "\n".join(lines).encode("utf-8", "surrogatepass")
