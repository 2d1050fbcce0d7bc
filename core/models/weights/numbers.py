"""What numbers files of weights may hold."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ModelError
from core.formats import binary_size

__all__ = ["check_numbers", "is_plain"]

_ITEMS = 100_000  # groups and arrays in a file
_FREE = 64 * 1024**2  # bytes of an array that may unpack from nothing
_RATIO = 20  # bytes of an array to those that hold it


def is_plain(dtype: np.dtype[Any]) -> bool:
    """Whether it is of whole or floating-point numbers of at most 64 bits.

    Complex numbers would lose a part silently; truth values and names, of which HDF5 makes
    numbers, are no weights.
    """
    return dtype.kind in "iuf" and dtype.itemsize <= 8 and not dtype.metadata


def check_numbers(path: Path) -> None:
    """See that an HDF5 file holds nothing but plain numbers of its own; none of them is read.

    A file may refer to others: by a link, as numbers kept outside, or as a view of those of another
    file (CVE-2026-1669 of Keras). It may also say of few bytes that they are any amount of numbers.

    Raises:
        ModelError: it holds others.
        OSError, RuntimeError, ValueError, KeyError: it cannot be read.
    """
    h5py: Any = importlib.import_module("h5py")
    with h5py.File(path, "r") as file:
        waiting, seen = [file["/"]], set[int]()
        while waiting:
            group = waiting.pop()
            for name in group:
                _check_link(h5py, group, name, path)
                item = group[name]
                place = h5py.h5o.get_info(item.id).addr
                if place in seen:
                    continue  # a group may be in itself
                seen.add(place)
                if len(seen) > _ITEMS:
                    raise _refused(f"the file holds more than {_ITEMS:,} items", path)
                if isinstance(item, h5py.Dataset):
                    _check_dataset(item, path)
                elif isinstance(item, h5py.Group):
                    waiting.append(item)


def _check_link(h5py: Any, group: Any, name: str, path: Path) -> None:
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise _refused(f"the weights {name[-80:]} are a link to another place", path)


def _check_dataset(item: Any, path: Path) -> None:
    name = str(item.name).lstrip("/")[-80:]
    if not is_plain(item.dtype):
        raise ModelError(
            f"the weights {name} are of {str(item.dtype)[:40]}, and no plain numbers",
            where=str(path),
            remedy="save them in 32 bits, as a training here does",
        )
    if item.external or item.is_virtual:
        raise _refused(f"the weights {name} lie in another file", path)
    if item.nbytes > _FREE and item.nbytes > _RATIO * item.id.get_storage_size():
        raise _refused(f"the weights {name} would unpack to {binary_size(item.nbytes)}", path)


def _refused(what: str, path: Path) -> ModelError:
    return ModelError(
        what, where=str(path), remedy="save the weights again, with save_weights of Keras"
    )
