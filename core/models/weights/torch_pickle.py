"""Tensors out of PyTorch's old files, the pickles of ``torch.save`` before version 1.6.

Such a file is five pickles (a magic number, the version, the machine, the tensors' places, the
storages' names), then each storage: a count of 8 bytes and its numbers
(`torch/serialization.py`, ``_legacy_save``). A pickle is a program, and one from elsewhere may do
anything: here it is not unpickled but read instruction by instruction, and the only things that it
may call are an empty ``OrderedDict`` and ``torch._utils._rebuild_tensor_v2``, which both are
records of ours. Nothing it names is imported.
"""

from __future__ import annotations

import io
import math
import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ModelError

__all__ = ["read_torch_pickle"]

_MAGIC, _VERSION = 0x1950A86A20F9469CFC6C, 1001

_MOST_BYTES = 512 * 1024**2  # of a file, and of all its tensors together
_MOST_STEPS = 1_000_000  # of a pickle; a network of 300 tensors takes 12,000
_MOST_TENSORS = 10_000
_MOST_DIMENSIONS = 8

_DICTIONARY, _TENSOR = "collections OrderedDict", "torch._utils _rebuild_tensor_v2"
_STORAGES = {
    "torch DoubleStorage": "<f8",
    "torch FloatStorage": "<f4",
    "torch HalfStorage": "<f2",
    "torch LongStorage": "<i8",
    "torch IntStorage": "<i4",
    "torch ShortStorage": "<i2",
    "torch CharStorage": "<i1",
    "torch ByteStorage": "<u1",
}


@dataclass(frozen=True)
class _Name:
    """A class or function that a pickle names, in the form ``module name``."""

    path: str


@dataclass(frozen=True)
class _Storage:
    key: str
    dtype: str
    count: int


@dataclass(frozen=True)
class _Place:
    """Where a tensor's numbers lie; all counts are of numbers, none of bytes."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Refused(Exception):
    """What is wrong with a file."""


def read_torch_pickle(path: Path) -> dict[str, np.ndarray]:
    """All tensors of a file, by name.

    Args:
        path: a file that ``torch.save`` wrote of a dictionary of tensors (a *state dict*) in the
            form that was its only one before PyTorch 1.6.

    Returns:
        Arrays of the tensors' own shapes and dtypes, each with its own memory.

    Raises:
        ModelError: the file is of another form, damaged, too large, or asks for anything else than
            tensors; none of what it holds has been run.
    """
    try:
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise _Refused(f"it has {size:,} bytes, over {_MOST_BYTES:,}")
        return _tensors(path.read_bytes())
    except OSError as error:
        raise ModelError(
            f"the file cannot be read ({error.strerror})", where=str(path), remedy="give another"
        ) from error
    except _Refused as error:
        raise ModelError(
            f"this is no PyTorch file that can be read: {error}",
            where=str(path),
            remedy="give a file of tensors alone, as torch.save(state_dict, FILE, "
            "_use_new_zipfile_serialization=False) writes it, or weights in another form",
        ) from error


def _tensors(data: bytes) -> dict[str, np.ndarray]:
    stream = io.BytesIO(data)
    if not data.startswith(b"\x80\x02") or _unpickled(stream) != _MAGIC:
        raise _Refused("it does not begin as one does (newer ones are ZIP archives)")
    if _unpickled(stream) != _VERSION:
        raise _Refused(f"its version is not {_VERSION}")
    machine = _unpickled(stream)
    if not isinstance(machine, dict) or machine.get("little_endian") is not True:
        raise _Refused("its numbers are not little-endian")
    places = _checked_places(_unpickled(stream))
    keys = _unpickled(stream)
    if not isinstance(keys, list) or not all(type(key) is str for key in keys):
        raise _Refused("its list of storages is none")
    storages = _storages(stream, keys, {p.storage.key: p.storage for p in places.values()})
    return {name: _placed(place, storages) for name, place in places.items()}


def _checked_places(content: Any) -> dict[str, _Place]:
    if not isinstance(content, dict) or not content:
        raise _Refused("it is no dictionary of tensors")
    if len(content) > _MOST_TENSORS:
        raise _Refused(f"it has {len(content):,} tensors, over {_MOST_TENSORS:,}")
    storages: dict[str, _Storage] = {}
    total = 0
    for name, place in content.items():
        if type(name) is not str or not isinstance(place, _Place):
            raise _Refused("it holds other things than tensors by name")
        if storages.setdefault(place.storage.key, place.storage) != place.storage:
            raise _Refused(f"{name[:80]} is of a storage that is told in two ways")
        total += math.prod(place.shape) * np.dtype(place.storage.dtype).itemsize
        if total > _MOST_BYTES:
            raise _Refused(f"its tensors take over {_MOST_BYTES:,} bytes")
    return content


def _storages(
    stream: io.BytesIO, keys: list[str], known: Mapping[str, _Storage]
) -> dict[str, np.ndarray]:
    if sorted(keys) != sorted(known):
        raise _Refused("its list of storages is not that of its tensors")
    arrays = {}
    for key in keys:
        storage = known[key]
        count = int.from_bytes(stream.read(8), "little")
        if count != storage.count:
            raise _Refused(f"a storage has {count:,} numbers, not {storage.count:,}")
        size = count * np.dtype(storage.dtype).itemsize
        if len(data := stream.read(size)) != size:
            raise _Refused("it ends within a storage")
        arrays[key] = np.frombuffer(data, storage.dtype)
    return arrays


def _placed(place: _Place, storages: Mapping[str, np.ndarray]) -> np.ndarray:
    flat = storages[place.storage.key][place.offset :]
    strides = [stride * flat.itemsize for stride in place.strides]
    # `_rebuilt` has seen that no number lies outside.
    return np.lib.stride_tricks.as_strided(flat, place.shape, strides).copy()


def _rebuilt(arguments: Any) -> _Place:
    """What ``_rebuild_tensor_v2`` would make a tensor of."""
    match arguments:
        case (_Storage() as storage, offset, tuple(shape), tuple(strides), bool(), _):
            pass
        case _:
            raise _Refused("a tensor is not told as PyTorch tells it")
    if not all(_natural(n) for n in (offset, *shape, *strides)):
        raise _Refused("a tensor has a size, offset or stride that is no natural number")
    if len(shape) != len(strides) or len(shape) > _MOST_DIMENSIONS:
        raise _Refused(f"a tensor has {len(shape)} dimensions and {len(strides)} strides")
    # Strides of 0 repeat numbers: a few bytes can stand for any size.
    if math.prod(size or 1 for size in shape) > _MOST_BYTES:
        raise _Refused(f"a tensor has over {_MOST_BYTES:,} numbers")
    # Those of a single number, or none, are never gone along.
    strides = tuple(n if size > 1 else 0 for size, n in zip(shape, strides, strict=True))
    last = offset + sum((size - 1) * n for size, n in zip(shape, strides, strict=True) if n)
    # One without any numbers lies nowhere, but is to begin within the storage all the same.
    if offset > storage.count or (0 not in shape and last >= storage.count):
        raise _Refused("a tensor reaches beyond its storage")
    return _Place(storage, offset, shape, strides)


def _natural(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**48


def _stored(identity: Any) -> _Storage:
    """The storage of a pickle's *persistent id*."""
    match identity:
        case ("storage", _Name(path), str(key), str(), count, None) if _natural(count):
            if path not in _STORAGES:
                raise _Refused(f"it has numbers of the kind {path[:80]!r}")
            return _Storage(key, _STORAGES[path], count)
    raise _Refused("a storage is not told as PyTorch tells it")


class _Machine:
    """Reads one pickle: a stack, a memory, and an instruction for each thing that may be there."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memory: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        """Carry out one instruction, by its name in `pickletools`."""
        if name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name]())
        elif name in _LITERALS:
            self.stack.append(argument)
        elif name == "GLOBAL":
            self.stack.append(_named(argument))
        elif name in ("BINPUT", "LONG_BINPUT"):
            self.memory[argument] = self.stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            self.stack.append(self.memory[argument])
        elif name == "MARK":
            self.marks.append(len(self.stack))
        elif name in _ACTIONS:
            _ACTIONS[name](self)
        else:
            raise _Refused(f"it has the instruction {name}, which no tensor needs")

    def taken(self, count: int) -> list[Any]:
        """The topmost values, which are taken off."""
        if len(self.stack) - count < (self.marks[-1] if self.marks else 0):
            raise _Refused("its pickle is damaged")
        values = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return values

    def marked(self) -> list[Any]:
        """The values above the last mark, which are taken off with it."""
        values = self.stack[self.marks[-1] :]
        del self.stack[self.marks.pop() :]
        return values

    def put_tuple(self, values: list[Any]) -> None:
        self.stack.append(tuple(values))

    def append(self, values: list[Any]) -> None:
        self.last(list).extend(values)

    def put(self, values: list[Any]) -> None:
        dictionary = self.last(dict)
        for key, value in zip(values[::2], values[1::2], strict=True):
            if type(key) is not str:
                raise _Refused("it has a key that is no text")
            dictionary[key] = value

    def last(self, kind: type) -> Any:
        """The topmost value, which stays, if it is of that kind."""
        if not isinstance(self.stack[-1], kind):
            raise _Refused("it changes something else than a list or a dictionary")
        return self.stack[-1]

    def call(self) -> None:
        function, arguments = self.taken(2)
        if function == _Name(_DICTIONARY) and arguments == ():
            self.stack.append({})
        elif function == _Name(_TENSOR):
            self.stack.append(_rebuilt(arguments))
        else:
            raise _Refused("it calls something that makes no tensor")

    def pass_attributes_over(self) -> None:
        """Of a state dict, the versions of its layers."""
        self.taken(1)
        self.last(dict)

    def find_storage(self) -> None:
        self.stack.append(_stored(*self.taken(1)))


def _named(path: str) -> _Name:
    if path not in (_DICTIONARY, _TENSOR, *_STORAGES):
        raise _Refused(f"it asks for {path[:80]!r}, which is no part of a tensor")
    return _Name(path)


_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
}
_LITERALS = ("BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE")
_ACTIONS: dict[str, Callable[[_Machine], None]] = {
    "TUPLE": lambda machine: machine.put_tuple(machine.marked()),
    "TUPLE1": lambda machine: machine.put_tuple(machine.taken(1)),
    "TUPLE2": lambda machine: machine.put_tuple(machine.taken(2)),
    "TUPLE3": lambda machine: machine.put_tuple(machine.taken(3)),
    "APPEND": lambda machine: machine.append(machine.taken(1)),
    "APPENDS": lambda machine: machine.append(machine.marked()),
    "SETITEM": lambda machine: machine.put(machine.taken(2)),
    "SETITEMS": lambda machine: machine.put(machine.marked()),
    "REDUCE": _Machine.call,
    "BUILD": _Machine.pass_attributes_over,
    "BINPERSID": _Machine.find_storage,
}


def _unpickled(stream: io.BytesIO) -> Any:
    """The value of the pickle that the stream is at; the stream is after it then."""
    machine = _Machine()
    try:
        for number, (instruction, argument, _) in enumerate(pickletools.genops(stream)):
            if number > _MOST_STEPS:
                raise _Refused(f"a pickle has over {_MOST_STEPS:,} instructions")
            if instruction.name == "STOP":
                [value] = machine.stack
                return value
            if instruction.name == "PROTO":
                if argument != 2:
                    raise _Refused(f"a pickle is of protocol {argument}, not 2")
                continue
            machine.step(instruction.name, argument)
    # Of instructions that do not follow one another, or that are none.
    except (ValueError, IndexError, KeyError) as error:
        raise _Refused("its pickle is damaged") from error
    raise _Refused("its pickle does not end")
