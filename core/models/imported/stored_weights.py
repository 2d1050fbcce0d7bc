"""Weights as files from elsewhere hold them: by layer, with the name and shape of each."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ModelError
from core.models.weights.numbers import check_numbers
from core.models.weights.safetensors import file_reader, read_tensors, tensor_shapes

__all__ = ["StoredLayer", "StoredWeight", "is_keras3_weights", "stored_layers"]

_DAMAGED = "copy or download the file again"


@dataclass(frozen=True)
class StoredWeight:
    """One array in a file.

    Attributes:
        layer: name of its layer, as its own name has it; a name with ``/`` has ``_`` instead.
        name: what it is, such as ``kernel``.
        shape: its shape.
        source: the array, to be read when it is needed.
    """

    layer: str
    name: str
    shape: tuple[int, ...]
    source: Any

    def read(self) -> np.ndarray:
        """The array in float32."""
        return np.asarray(self.source, np.float32)


@dataclass(frozen=True)
class StoredLayer:
    """A layer, or a network within, with its weights in the file's order."""

    name: str
    weights: tuple[StoredWeight, ...]


def is_keras3_weights(path: Path) -> bool:
    """Whether an HDF5 file is one that `load_weights` of Keras 3 reads by itself.

    Raises:
        OSError, RuntimeError: it cannot be read.
    """
    h5py: Any = importlib.import_module("h5py")
    with h5py.File(path, "r") as file:
        legacy = any(key.startswith("layer_names") for key in file.attrs) or "model_weights" in file
        return not legacy


@contextmanager
def stored_layers(path: Path) -> Iterator[list[StoredLayer]]:
    """The layers of a file that has them by name: legacy HDF5, or safetensors.

    Raises:
        ModelError: it cannot be read, or holds something else than plain numbers.
    """
    if path.suffix.lower() == ".safetensors":
        with file_reader(path) as read:
            yield _tensors(read, path)
        return
    h5py: Any = importlib.import_module("h5py")
    check_numbers(path)
    with h5py.File(path, "r") as file:
        try:
            layers = _groups(file)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelError(
                "the file of weights cannot be read", where=path.name, remedy=_DAMAGED
            ) from error
        yield layers


def _groups(file: Any) -> list[StoredLayer]:
    root = file.get("model_weights", file)  # of a whole model, or of weights alone
    layers = []
    for name in _names(root.attrs, "layer_names"):
        group = root[name]
        weights = tuple(
            _weight(name, weight, group[weight]) for weight in _names(group.attrs, "weight_names")
        )
        if weights:
            layers.append(StoredLayer(name.replace("/", "_"), weights))
    return layers


def _weight(group: str, name: str, array: Any) -> StoredWeight:
    # As `conv2d/kernel:0`, or with the names of networks around it in front.
    *above, own = name.partition(":")[0].split("/")
    whole = "/".join(above)
    layer = group if not above or whole.endswith(group) else above[-1]
    return StoredWeight(layer.replace("/", "_"), own, tuple(array.shape), array)


def _names(attributes: Mapping[str, Any], key: str) -> Sequence[str]:
    """A list of names; long ones are kept in pieces, as HDF5 limits an attribute to 64 kB."""
    if key in attributes:
        return [_text(name) for name in attributes[key]]
    pieces: list[str] = []
    number = 0
    while f"{key}{number}" in attributes:
        pieces += [_text(name) for name in attributes[f"{key}{number}"]]
        number += 1
    if not number:
        raise KeyError(key)
    return pieces


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _tensors(read: Any, path: Path) -> list[StoredLayer]:
    shapes = tensor_shapes(read, path.name)
    arrays = read_tensors(read, shapes, path.name, ("F32", "F16"))
    layers: dict[str, list[StoredWeight]] = {}
    for name, array in arrays.items():
        *above, own = name.partition(":")[0].replace("/", ".").split(".")
        layer = above[-1] if above else ""
        layers.setdefault(layer, []).append(StoredWeight(layer, own, array.shape, array))
    return [StoredLayer(name, tuple(weights)) for name, weights in layers.items()]
