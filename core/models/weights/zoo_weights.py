"""Weights for the zoo's encoders, out of the Keras 2 files (legacy HDF5) that are published."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ModelError
from core.models.architectures.zoo import stable_names, whole_encoder
from core.models.weights.numbers import is_plain

__all__ = ["Layer", "layers_of", "read_zoo"]

Shapes = list[tuple[int, ...]]

_CLASSIFIER = "conv_preds"  # MobileNet's; that of the others is dense


@dataclass(frozen=True)
class Layer:
    """A layer with weights.

    Attributes:
        name: name in the package; one that Keras named ends with its number among those of
            its kind, counted from 0.
        automatic: whether Keras named it.
        shapes: shapes of its weights, in Keras' order: kernel and bias, or scale, offset, mean,
            variance.
    """

    name: str
    automatic: bool
    shapes: Shapes


def layers_of(encoder: Any) -> list[Layer]:
    """The layers with weights of a whole encoder, in the order of its graph."""
    return [
        Layer(name, automatic, [tuple(weight.shape) for weight in layer.weights])
        for layer, (name, automatic) in zip(encoder.layers, stable_names(encoder), strict=True)
        if layer.weights
    ]


def read_zoo(path: Path, backbone: str) -> dict[str, list[np.ndarray]]:
    """All weights of an encoder, by its layers' names (see `Layer`).

    Layers that the package names are found by that name. The others are told apart by the order
    they have in file and network, which is how Keras 2 itself loaded such files: the numbers that
    Keras had given them depend on what was built before.

    Args:
        path: file of weights for the encoder without its classifier, or with it.
        backbone: name of the encoder.

    Returns:
        Arrays as Keras 3 has them, float32.

    Raises:
        ModelError: the file cannot be read, or is not of this encoder.
    """
    h5py: Any = importlib.import_module("h5py")
    wanted = layers_of(whole_encoder(backbone))
    try:
        with h5py.File(path, "r") as file:
            return _matched(file, wanted, path, backbone)
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(
            "the file of weights cannot be read",
            where=str(path),
            remedy="take a whole file of Keras weights (.h5), or fetch it anew",
        ) from error


def _matched(
    file: Any, wanted: list[Layer], path: Path, backbone: str
) -> dict[str, list[np.ndarray]]:
    stored = _stored(file)
    arrays: dict[str, list[np.ndarray]] = {}
    named = {layer.name for layer in wanted if not layer.automatic and layer.name in stored}
    rest = [layer for layer in wanted if layer.name not in named]
    remaining = iter([name for name in stored if name not in named])
    for layer in wanted:
        if layer.name in named:
            arrays[layer.name] = _arrays(stored[layer.name], layer, path, backbone)
    for layer in rest:
        name = next(remaining, None)
        if name is None:
            raise _other(path, backbone, f"it has no weights for {layer.name}")
        arrays[layer.name] = _arrays(stored[name], layer, path, backbone)
    # A classifier may follow; convolutions that nothing takes are a larger encoder's.
    for name in remaining:
        if len(stored[name][0].shape) > 2 and name != _CLASSIFIER:
            raise _other(path, backbone, f"it has a layer {name[:80]} besides")
    return arrays


def _stored(file: Any) -> dict[str, list[Any]]:
    """The file's layers with weights, in its order: the datasets of each."""
    root = file.get("model_weights", file)  # of a whole model, or of weights alone
    backend = _text(root.attrs.get("backend", "tensorflow"))
    if backend != "tensorflow":
        raise ValueError(f"expected weights written with tensorflow, received {backend[:80]!r}")
    stored = {}
    for name in _names(root.attrs, "layer_names"):
        weights = [root[name][weight] for weight in _names(root[name].attrs, "weight_names")]
        if weights:
            stored[name] = weights
    return stored


def _names(attributes: Mapping[str, Any], key: str) -> list[str]:
    """A list of names; long ones are kept in pieces, as HDF5 limits an attribute to 64 kB."""
    if key in attributes:
        return [_text(name) for name in attributes[key]]
    if f"{key}0" not in attributes:
        raise KeyError(key)
    pieces, number = [], 0
    while f"{key}{number}" in attributes:
        pieces += [_text(name) for name in attributes[f"{key}{number}"]]
        number += 1
    return pieces


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _arrays(datasets: list[Any], layer: Layer, path: Path, backbone: str) -> list[np.ndarray]:
    shapes = [tuple(dataset.shape) for dataset in datasets]
    if shapes != layer.shapes:
        raise _other(path, backbone, f"expected {layer.name} of {layer.shapes}, received {shapes}")
    odd = [dataset.dtype for dataset in datasets if not is_plain(dataset.dtype)]
    if odd:
        raise _other(path, backbone, f"{layer.name} is of {str(odd[0])[:40]}, and no plain numbers")
    return [np.asarray(dataset, np.float32) for dataset in datasets]


def _other(path: Path, backbone: str, why: str) -> ModelError:
    return ModelError(
        f"the weights are not of {backbone}: {why}",
        where=str(path),
        remedy=f"take the file of {backbone}, or another encoder",
    )
