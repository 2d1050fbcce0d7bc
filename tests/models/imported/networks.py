"""Small networks as notebooks write them, and configurations as older versions of Keras do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from core.device import tensorflow

if TYPE_CHECKING:
    import keras

__all__ = ["bumped", "config_of", "legacy_unet", "notebook_unet"]


def notebook_unet(
    bands: int = 3, channels: int = 5, activation: str | None = "softmax", side: int | None = None
) -> keras.Model:
    """A U-Net of two levels: convolution, batch normalisation, dropout, transposed convolution."""
    tensorflow()
    import keras
    from keras import layers

    x = inputs = keras.Input((side, side, bands))
    skips = []
    for filters in (4, 8):
        x = layers.Conv2D(filters, 3, padding="same", kernel_initializer="he_normal")(x)
        x = layers.BatchNormalization()(x)
        x = layers.Activation("relu")(x)
        x = layers.Dropout(0.1)(x)
        skips.append(x)
        x = layers.MaxPooling2D((2, 2))(x)
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(x)
    for filters, skip in zip((8, 4), reversed(skips), strict=True):
        x = layers.Conv2DTranspose(filters, 2, strides=2, padding="same")(x)
        x = layers.concatenate([x, skip])
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return keras.Model(inputs, layers.Conv2D(channels, 1, activation=activation)(x))


def bumped(model: keras.Model) -> keras.Model:
    """The same with every weight moved, so that none is a default, as a training leaves them."""
    import numpy as np

    rng = np.random.default_rng(5)
    for weight in model.weights:
        values = np.asarray(weight)
        weight.assign(values + np.abs(rng.normal(0, 0.05, values.shape)))
    return model


def config_of(model: keras.Model) -> dict[str, Any]:
    """A model's configuration as JSON has it."""
    config: dict[str, Any] = json.loads(model.to_json())
    return config


def legacy_unet(**changed: Any) -> dict[str, Any]:
    """What Keras 2.4 writes as ``model_config`` for a small U-Net, by hand.

    Args:
        changed: layers by name that are other than usual.
    """

    def layer(kind: str, name: str, inputs: list[str], **config: Any) -> dict[str, Any]:
        entry = {
            "class_name": kind,
            "config": {"name": name, "trainable": True, "dtype": "float32", **config},
            "name": name,
            "inbound_nodes": [[[source, 0, 0, {}] for source in inputs]] if inputs else [],
        }
        return changed.get(name, entry)

    convolution = {
        "filters": 4,
        "kernel_size": [3, 3],
        "strides": [1, 1],
        "padding": "same",
        "data_format": "channels_last",
        "dilation_rate": [1, 1],
        "groups": 1,
        "activation": "relu",
        "use_bias": True,
        "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": None}},
        "bias_initializer": {"class_name": "Zeros", "config": {}},
        "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.01}},
        "bias_regularizer": None,
        "activity_regularizer": None,
        "kernel_constraint": None,
        "bias_constraint": None,
    }
    depthwise = {
        **{k: v for k, v in convolution.items() if k != "filters"},
        "depth_multiplier": 1,
        "depthwise_initializer": {"class_name": "GlorotUniform", "config": {"seed": None}},
    }
    layers = [
        {
            "class_name": "InputLayer",
            "config": {
                "batch_input_shape": [None, None, None, 3],
                "dtype": "float32",
                "sparse": False,
                "ragged": False,
                "name": "input_1",
            },
            "name": "input_1",
            "inbound_nodes": [],
        },
        layer("Conv2D", "conv2d", ["input_1"], **convolution),
        layer(
            "BatchNormalization",
            "batch_normalization",
            ["conv2d"],
            axis=[3],
            momentum=0.99,
            epsilon=0.001,
            center=True,
            scale=True,
        ),
        layer("LeakyReLU", "leaky_re_lu", ["batch_normalization"], alpha=0.3),
        layer(
            "MaxPooling2D",
            "max_pooling2d",
            ["leaky_re_lu"],
            pool_size=[2, 2],
            padding="valid",
            strides=[2, 2],
            data_format="channels_last",
        ),
        layer("DepthwiseConv2D", "depthwise_conv2d", ["max_pooling2d"], **depthwise),
        layer(
            "UpSampling2D",
            "up_sampling2d",
            ["depthwise_conv2d"],
            size=[2, 2],
            data_format="channels_last",
            interpolation="bilinear",
        ),
        layer("Concatenate", "concatenate", ["up_sampling2d", "leaky_re_lu"], axis=-1),
        layer("Conv2D", "conv2d_1", ["concatenate"], **convolution | {"filters": 2}),
        layer("Activation", "activation", ["conv2d_1"], activation="softmax"),
    ]
    return {
        "class_name": "Functional",
        "config": {
            "name": "model",
            "layers": layers,
            "input_layers": [["input_1", 0, 0]],
            "output_layers": [["activation", 0, 0]],
        },
        "keras_version": "2.4.0",
        "backend": "tensorflow",
    }
