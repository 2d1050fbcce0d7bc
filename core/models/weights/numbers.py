"""What numbers files of weights may hold."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ModelError

__all__ = ["check_numbers", "is_plain"]


def is_plain(dtype: np.dtype[Any]) -> bool:
    """Whether it is of whole or floating-point numbers of at most 64 bits.

    Complex numbers would lose a part silently; truth values and names, of which HDF5 makes
    numbers, are no weights.
    """
    return dtype.kind in "iuf" and dtype.itemsize <= 8 and not dtype.metadata


def check_numbers(path: Path) -> None:
    """See that an HDF5 file holds nothing but plain numbers; none of them is read.

    Raises:
        ModelError: it holds others.
        OSError, RuntimeError, ValueError, KeyError: it cannot be read.
    """
    h5py: Any = importlib.import_module("h5py")

    def look(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and not is_plain(item.dtype):
            raise ModelError(
                f"the weights {name[-80:]} are of {str(item.dtype)[:40]}, and no plain numbers",
                where=str(path),
                remedy="save them in 32 bits, as a training here does",
            )

    with h5py.File(path, "r") as file:
        file.visititems(look)
