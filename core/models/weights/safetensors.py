"""Files of the safetensors format, read in parts and written.

A length of 8 bytes (little-endian), a JSON header of that length, then the numbers
(https://huggingface.co/docs/safetensors). Nothing in a file is taken on trust.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np

from core.errors import ModelError

__all__ = ["Kind", "ReadRange", "file_reader", "read_tensors", "tensor_shapes", "write_tensors"]

Kind = Literal["F32", "F16"]
"""The format's names of float32 and float16."""

ReadRange = Callable[[int, int], bytes]
"""Gives the bytes of a file from the first number up to, not including, the second."""

_LENGTH = 8
_MOST = 8 * 1024**2
"""Bytes of the longest header that is read; the format allows 100 MB, a VGG's takes 3 kB."""

_KINDS: dict[Kind, np.dtype[Any]] = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2")}


def read_tensors(
    read: ReadRange,
    shapes: Mapping[str, tuple[int, ...]],
    where: str,
    kinds: tuple[Kind, ...] = ("F32",),
) -> dict[str, np.ndarray]:
    """Some tensors of a file; no other bytes than theirs and the header's are read.

    Args:
        read: reader of a range of bytes; tensors that lie side by side are read at once. It raises
            where the file is too short.
        shapes: shapes of the tensors wanted, by name.
        where: name of the file, for the error.
        kinds: what their numbers may be: float32 or float16.

    Returns:
        Arrays (read-only) of those shapes, float32, by name.

    Raises:
        ModelError: the header is damaged, a tensor is missing, or is of another shape or type.
    """
    spans, dtypes = _spans(read, shapes, where, kinds)
    tensors: dict[str, np.ndarray] = {}
    for names in _side_by_side(spans):
        start, end = spans[names[0]][0], spans[names[-1]][1]
        data = read(start, end)
        for name in names:
            low, high = (at - start for at in spans[name])
            values = np.frombuffer(data[low:high], dtypes[name]).astype(np.float32, copy=False)
            tensors[name] = values.reshape(shapes[name])
    return tensors


@contextmanager
def file_reader(path: Path) -> Iterator[ReadRange]:
    """A reader of a file's bytes, for `read_tensors`.

    Raises:
        ModelError: when it is asked for bytes beyond the file's end.
    """
    size = path.stat().st_size
    with path.open("rb") as file:

        def read(start: int, end: int) -> bytes:
            if end > size:
                raise ModelError(
                    f"the file ends at {size:,} bytes, and should have {end:,} or more",
                    where=str(path),
                    remedy="fetch the file anew",
                )
            file.seek(start)
            return file.read(end - start)

        yield read


def write_tensors(path: Path, tensors: Mapping[str, np.ndarray]) -> None:
    """Write tensors in the order they are given in, float16 as such and others as float32."""
    header, at = {}, 0
    kinds = {name: _kind(values) for name, values in tensors.items()}
    for name, values in tensors.items():
        size = values.size * _KINDS[kinds[name]].itemsize
        shape = list(values.shape)
        header[name] = {"dtype": kinds[name], "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % _LENGTH)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(_LENGTH, "little"))
        file.write(text)
        for name, values in tensors.items():
            file.write(np.ascontiguousarray(values, _KINDS[kinds[name]]).tobytes())


def _kind(values: np.ndarray) -> Kind:
    return "F16" if values.dtype == np.float16 else "F32"


def _spans(
    read: ReadRange, shapes: Mapping[str, tuple[int, ...]], where: str, kinds: tuple[Kind, ...]
) -> tuple[dict[str, tuple[int, int]], dict[str, np.dtype]]:
    """Where the tensors wanted begin and end, and what their numbers are."""
    header, length = _header(read, where)
    spans, dtypes = {}, {}
    for name, shape in shapes.items():
        if name not in header:
            raise ModelError(
                f"the weights have no tensor {name}",
                where=where,
                remedy="take the file of the network that is to be trained",
            )
        start, end = _checked(header[name], name, shape, where, kinds)
        spans[name] = (_LENGTH + length + start, _LENGTH + length + end)
        dtypes[name] = _KINDS[header[name]["dtype"]]
    return spans, dtypes


def tensor_shapes(read: ReadRange, where: str) -> dict[str, tuple[int, ...]]:
    """The shapes of all tensors that a file says it holds, by name; nothing of them is checked.

    Args:
        read: reader of a range of bytes.
        where: name of the file, for the error.

    Raises:
        ModelError: the header is damaged.
    """
    header, _ = _header(read, where)
    shapes = {}
    for name, entry in header.items():
        shape = entry.get("shape") if isinstance(entry, dict) else None
        if isinstance(shape, list) and all(isinstance(side, int) for side in shape):
            shapes[name] = tuple(shape)
    return shapes


def _header(read: ReadRange, where: str) -> tuple[dict[str, Any], int]:
    """The list of tensors, and how many bytes it has."""
    length = int.from_bytes(read(0, _LENGTH), "little")
    if not 2 <= length <= _MOST:
        raise _damaged(f"its header would take {length:,} bytes", where)
    try:
        header = json.loads(read(_LENGTH, _LENGTH + length))
    except (ValueError, RecursionError) as error:
        raise _damaged("its header is no JSON", where) from error
    if not isinstance(header, dict):
        raise _damaged("its header is no list of tensors", where)
    return header, length


def _checked(
    entry: object, name: str, shape: tuple[int, ...], where: str, kinds: tuple[Kind, ...]
) -> tuple[int, int]:
    entry = entry if isinstance(entry, dict) else {}
    kind, received = entry.get("dtype"), entry.get("shape")
    if kind not in kinds or received != list(shape):
        raise ModelError(
            f"expected {name} as {' or '.join(kinds)} of shape {list(shape)}, received "
            f"{str(kind)[:40]} of {str(received)[:80]}",
            where=where,
            remedy="take the file of the network that is to be trained",
        )
    size = math.prod(shape) * _KINDS[kind].itemsize
    match entry.get("data_offsets"):
        case [int(start), int(end)] if start >= 0 and end - start == size:
            return start, end
    raise _damaged(f"{name} does not have its {size:,} bytes", where)


def _side_by_side(spans: Mapping[str, tuple[int, int]]) -> list[list[str]]:
    groups: list[list[str]] = []
    for name in sorted(spans, key=lambda name: spans[name]):
        if groups and spans[groups[-1][-1]][1] == spans[name][0]:
            groups[-1].append(name)
        else:
            groups.append([name])
    return groups


def _damaged(why: str, where: str) -> ModelError:
    return ModelError(
        f"this is no whole safetensors file: {why}", where=where, remedy="fetch the file anew"
    )
