"""Weights alone for a network that is built here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import ModelError
from core.models.imported.assign import assign_weights
from core.models.network import build_model
from core.models.spec import ModelSpec

if TYPE_CHECKING:
    import keras

__all__ = ["own_network"]

_HEAD = "logits"


def own_network(spec: ModelSpec, path: Path, output: str) -> keras.Model:
    """The network of a spec with the weights of a file.

    A head of one channel of sigmoid tells two classes apart. In its place comes one of two channels
    of which the first is always 0: their softmax is the same.

    Args:
        spec: an architecture with its settings.
        path: weights, as `core.models.imported.assign.assign_weights` takes them.
        output: ``sigmoid`` for a file whose head has one channel, and a spec of two classes.

    Raises:
        ModelError: the weights are of another network.
    """
    if output != "sigmoid" or spec.classes != 2:
        model = build_model(spec)
        assign_weights(model, path)
        return model
    single = build_model(spec.model_copy(update={"classes": 1}))
    assign_weights(single, path)
    model = build_model(spec)
    own = {layer.name: layer for layer in single.layers}
    for layer in model.layers:
        if layer.name not in own:
            raise ModelError("the network has other layers with two classes", where=layer.name)
        values: list[Any] = own[layer.name].get_weights()
        if layer.name == _HEAD:
            values = [np.concatenate([np.zeros_like(v), v], axis=-1) for v in values]
        layer.set_weights(values)
    return model
