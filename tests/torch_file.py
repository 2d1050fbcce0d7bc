"""Files as ``torch.save`` wrote them before PyTorch 1.6, without PyTorch, for tests.

Written here from `torch/serialization.py`, not by the code that is tested.
"""

from __future__ import annotations

import io
import pickle
import sys
import types
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

MAGIC, VERSION = 0x1950A86A20F9469CFC6C, 1001
MACHINE = {
    "protocol_version": VERSION,
    "little_endian": True,
    "type_sizes": {"short": 2, "int": 4, "long": 4},
}
KINDS = {"f4": "FloatStorage", "f8": "DoubleStorage", "f2": "HalfStorage", "i8": "LongStorage"}


class Storage:
    """A storage's *persistent id*."""

    def __init__(self, kind: Any, key: str, count: Any) -> None:
        self.id = ("storage", kind, key, "cpu", count, None)


class Tensor:
    """Is pickled as a call of ``torch._utils._rebuild_tensor_v2``."""

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.arguments


class _Pickler(pickle.Pickler):
    def persistent_id(self, obj: Any) -> Any:
        return obj.id if isinstance(obj, Storage) else None


@contextmanager
def torch_names() -> Iterator[Any]:
    """Modules ``torch`` and ``torch._utils`` whose names a pickle can be written with."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")

    def _rebuild_tensor_v2() -> None:
        raise AssertionError("a tensor is not to be made by torch")

    for name in (*KINDS.values(), "BFloat16Storage"):
        setattr(torch, name, type(name, (), {"__module__": "torch"}))
    _rebuild_tensor_v2.__module__ = "torch._utils"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined]
    before = {name: sys.modules.get(name) for name in ("torch", "torch._utils")}
    sys.modules |= {"torch": torch, "torch._utils": utils}
    try:
        yield torch
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def pickled(value: Any) -> bytes:
    """A pickle with the persistent ids of storages."""
    file = io.BytesIO()
    _Pickler(file, protocol=2).dump(value)
    return file.getvalue()


def file_of(content: Any, storages: Mapping[str, bytes], **other: Any) -> bytes:
    """A whole file.

    Args:
        content: what is written in the place of the state dict.
        storages: the storages with their counts before them, by their keys.
        other: what stands in the place of ``magic``, ``version``, ``machine`` or ``keys``.
    """
    usual = {"magic": MAGIC, "version": VERSION, "machine": MACHINE, "keys": list(storages)}
    magic, version, machine, keys = (usual | other).values()
    head = b"".join(pickled(value) for value in (magic, version, machine, content, keys))
    return head + b"".join(storages.values())


def numbers(values: np.ndarray) -> bytes:
    """A storage: its count, and the numbers as they lie in memory."""
    return values.size.to_bytes(8, "little") + values.tobytes(order="A")


def write_torch_pickle(path: Path, tensors: Mapping[str, np.ndarray]) -> None:
    """A state dict, each tensor with a storage of its own, every other one column by column."""
    with torch_names() as torch:
        content: OrderedDict[str, Any] = OrderedDict()
        storages = {}
        for index, (name, given) in enumerate(tensors.items()):
            values = np.array(given, order="F" if index % 2 else "C")
            kind = getattr(torch, KINDS[values.dtype.str[1:]])
            key = str(1000 + index)
            strides = tuple(stride // values.itemsize for stride in values.strides)
            storage = Storage(kind, key, values.size)
            content[name] = Tensor(storage, 0, given.shape, strides, False, OrderedDict())
            storages[key] = numbers(values)
        # What PyTorch keeps beside the tensors: the versions of the layers.
        content._metadata = OrderedDict(a={"version": 1})  # type: ignore[attr-defined]
        path.write_bytes(file_of(content, storages))
