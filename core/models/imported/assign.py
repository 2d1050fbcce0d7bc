"""Weights of a file put into a network: by Keras itself, by their names, or by their order."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import ModelError
from core.models.imported.stored_weights import (
    StoredLayer,
    StoredWeight,
    is_keras3_weights,
    stored_layers,
)
from core.models.weights.numbers import check_numbers

if TYPE_CHECKING:
    import keras

__all__ = ["assign_weights"]

_OTHER = (
    "give the weights of this very network, or say which one they are of: --like MODEL or --set "
    "model.architecture=NAME"
)
# What layers of the zoo are called here, after what they are called there.
_STAGE = re.compile(r"enc\d+_")
_HEAD = {"logits": ("final_conv", "logits")}
# What Keras 2 called a weight, by what Keras 3 calls it.
_SYNONYMS = {"kernel": ("depthwise_kernel",), "depthwise_kernel": ("kernel",)}


def assign_weights(model: keras.Model, path: Path) -> None:
    """Give a network the weights of a file, all of them.

    Args:
        model: network that receives them.
        path: weights of Keras 3 (``.weights.h5``), HDF5 as Keras wrote it before, of a whole model
            or of weights alone, or safetensors with names such as ``conv2d/kernel``.

    Raises:
        ModelError: the file cannot be read, is of another network, or holds values that are no
            numbers.
    """
    try:
        if path.suffix.lower() != ".safetensors" and is_keras3_weights(path):
            check_numbers(path)
            _load(model, path)
        else:
            with stored_layers(path) as layers:
                _assign(model, layers)
    except ModelError:
        raise
    except (ValueError, OSError, KeyError, RuntimeError, UserWarning) as error:
        raise ModelError(
            "the weights cannot be read, or are of another network",
            where=path.name,
            remedy=_OTHER,
        ) from error
    for layer in _leaves(model):
        if not all(np.isfinite(np.asarray(weight)).all() for weight in _own(layer)):
            raise ModelError(
                f"the weights hold values that are no numbers, in the layer {layer.name}",
                remedy="its training went wrong: train the model again with a lower learning rate",
            )


def _load(model: keras.Model, path: Path) -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            model.load_weights(path)
        except ValueError as error:
            raise ModelError(
                f"the weights do not fit the network{_difference(str(error))}", remedy=_OTHER
            ) from error
    # Keras only warns of layers the file does not have, and leaves them random.
    if any("Skipping nested container" in str(warning.message) for warning in said):
        raise ModelError("the file lacks the weights of some layers", remedy=_OTHER)


def _difference(text: str) -> str:
    """Layer and shapes out of what Keras says, as far as it says them."""
    layer = re.search(r"object <\w+ name=([^,>]+)", text)
    shapes = re.search(r"variable\.shape=(\([^)]*\)), Received: value\.shape=(\([^)]*\))", text)
    if not layer:
        return ""
    words = f" takes {shapes[1]}, and the file has {shapes[2]}" if shapes else " is another one"
    return f": {layer[1][:80]}{words}"


def _leaves(model: keras.Model) -> list[Any]:
    """All layers with weights of their own, those of networks within too."""
    layers = model._flatten_layers(include_self=False, recursive=True)
    return [layer for layer in dict.fromkeys(layers) if _own(layer)]


def _own(layer: Any) -> list[Any]:
    return [*layer._trainable_variables, *layer._non_trainable_variables]


def _assign(model: keras.Model, layers: Sequence[StoredLayer]) -> None:
    pairs = _by_name(model, layers)
    for variable, weight in pairs if pairs is not None else _by_order(model, layers):
        variable.assign(weight.read())


Pairs = list[tuple[Any, StoredWeight]]


def _by_name(model: keras.Model, layers: Sequence[StoredLayer]) -> Pairs | None:
    """Every weight of the network with that of its name; None where not all are there once."""
    stored: dict[tuple[str, str], list[StoredWeight]] = {}
    for layer in layers:
        for weight in layer.weights:
            stored.setdefault((weight.layer, weight.name), []).append(weight)
    pairs: Pairs = []
    for leaf in _leaves(model):
        for variable in _own(leaf):
            matches = [
                stored[key]
                for layer in _layer_names(leaf.name)
                for name in (variable.name, *_SYNONYMS.get(variable.name, ()))
                if (key := (layer, name)) in stored
            ]
            same = [each for each in matches[:1] if len(each) == 1]
            if not same or same[0][0].shape != tuple(variable.shape):
                return None
            pairs.append((variable, same[0][0]))
    used = {id(weight) for _, weight in pairs}
    rest = [w for layer in layers for w in layer.weights if id(w) not in used]
    # Layers that are left over are those of a larger network.
    return None if rest else pairs


def _layer_names(name: str) -> tuple[str, ...]:
    stage = _STAGE.match(name)
    return (name, *_HEAD.get(name, ()), *([name[stage.end() :]] if stage else []))


def _by_order(model: keras.Model, layers: Sequence[StoredLayer]) -> Pairs:
    """Layer by layer in the order of graph and file, as Keras itself has loaded such files.

    Raises:
        ModelError: a layer or a shape differs.
    """
    wanted = [layer for layer in model.layers if layer.weights]
    if len(wanted) != len(layers):
        raise ModelError(
            f"the network has {len(wanted)} layers with weights, the file {len(layers)}",
            remedy=_OTHER,
        )
    pairs: Pairs = []
    for layer, stored in zip(wanted, layers, strict=True):
        variables = [*layer.trainable_weights, *layer.non_trainable_weights]
        shapes = [tuple(variable.shape) for variable in variables]
        received = [weight.shape for weight in stored.weights]
        if shapes != received:
            first = next((i for i, s in enumerate(shapes) if s not in received[i : i + 1]), 0)
            raise ModelError(
                f"the weights are of another shape: {layer.name} takes "
                f"{shapes[first] if shapes else 'none'}, and {stored.name[:80]} in the file has "
                f"{received[first] if first < len(received) else 'none'}",
                remedy=_OTHER,
            )
        pairs += zip(variables, stored.weights, strict=True)
    return pairs
