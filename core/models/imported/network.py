"""A checked network from elsewhere, built by Keras in safe mode, and its output as logits."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.device import tensorflow
from core.errors import ModelError
from core.models.architectures.imported import NETWORK_FILE, ImportedSpec
from core.models.imported.checks.network_check import MAX_TEXT, check_network
from core.untrusted.text_file import read_text

if TYPE_CHECKING:
    import keras

__all__ = ["build_network", "logits_of", "read_network"]

_SMALLEST = 1e-30
"""Probabilities below are taken for this one: float32 has no logarithm of 0."""


def read_network(folder: Path, spec: ImportedSpec) -> str:
    """The layers beside a model's card, checked anew.

    Raises:
        ModelError: the file is missing, is not the one the card was written for, or is refused.
    """
    path = folder / NETWORK_FILE
    try:
        text = read_text(path, most=MAX_TEXT)
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            "the layers of the model are missing or cannot be read",
            where=str(path),
            remedy="put the file back, or import the model again",
        ) from error
    if hashlib.sha256(text.encode()).hexdigest() != spec.sha256:
        raise ModelError(
            "the layers do not match the SHA-256 in the model card",
            where=str(path),
            remedy="the file is damaged or belongs to another model: restore both from one source",
        )
    return check_network(text).text


def build_network(text: str) -> keras.Model:
    """The network of a checked configuration, with random weights, in 32 bits.

    Args:
        text: from `check_network`; nothing else may be given here.

    Raises:
        ModelError: Keras does not build it: settings or shapes do not fit together.
    """
    tensorflow()
    import keras

    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        model = keras.saving.deserialize_keras_object(json.loads(text), safe_mode=True)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RuntimeError) as error:
        raise _unbuilt(error) from error
    finally:
        keras.config.set_dtype_policy(policy)
    if not isinstance(model, keras.Model) or not model.built or len(model.outputs) != 1:
        raise ModelError(
            "the network is not built with one input and one output",
            remedy="build it with keras.Model(inputs, outputs) and save it again",
        )
    return model


def _unbuilt(error: Exception) -> ModelError:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reason = next((line for line in lines if "Exception encountered" not in line), "")
    return ModelError(
        f"Keras does not build the network: {reason[:300] or type(error).__name__}",
        remedy="see that the file loads where it was made, and save it again with a current Keras",
    )


def logits_of(network: keras.Model, spec: ImportedSpec) -> keras.Model:
    """The same network, layers and weights shared, with logits of the card's classes as output.

    Their softmax is what the network says: of probabilities of one class each the logarithm, of one
    channel p the pair (1 - p, p). Several channels of sigmoid, of which each stands by itself, are
    divided by their sum, which leaves the likeliest class as it is.

    Args:
        network: network from `build_network`, (N, H, W, bands) to (N, h, w, channels).
        spec: what its channels are.

    Returns:
        (N, H, W, bands) to (N, H, W, classes), float32.
    """
    import keras
    from keras import ops

    # A network of its own: in one graph its operations would need names that no layer of the
    # file has, and "concatenate" or "subtract" is what Keras itself calls the first of each.
    channels = keras.Input(network.output_shape[1:], name="channels")
    x = channels
    if spec.output == "logits":
        if spec.channels == 1:
            x = ops.concatenate([ops.zeros_like(x), x], axis=-1)
    elif spec.channels == 1:
        x = _logarithm(ops.concatenate([1.0 - x, x], axis=-1))
    else:
        x = _logarithm(x)
    if spec.drop_first:
        x = x[..., 1:]
    if spec.enlarge > 1:
        x = keras.layers.UpSampling2D(spec.enlarge, interpolation="bilinear")(x)
    if x is channels:
        return network
    names, name = {layer.name for layer in network.layers}, "logits_of_classes"
    while name in names:
        name += "_"
    logits = keras.Model(channels, x, name=name)(network.outputs[0])
    return keras.Model(network.inputs[0], logits, name=network.name)


def _logarithm(x: Any) -> Any:
    from keras import ops

    return ops.log(ops.maximum(x, _SMALLEST))
