"""U-Net-VGG11 (TernausNet): its settings, blocks and cost, and the network built with Keras."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from core.device import tensorflow
from core.models.cost.layer_sum import Cost, FeatureMap, LayerSum
from core.models.spec import ModelSpec

if TYPE_CHECKING:
    import keras

__all__ = [
    "VGG11_ENCODER",
    "UNetVGG11Spec",
    "build_unet_vgg11",
    "unet_vgg11_block",
    "unet_vgg11_cost",
]

VGG11_ENCODER = (
    ("conv1", 64),
    ("conv2", 128),
    ("conv3s", 256),
    ("conv3", 256),
    ("conv4s", 512),
    ("conv4", 512),
    ("conv5s", 512),
    ("conv5", 512),
)
"""Names and filters of VGG11's convolutions (Simonyan and Zisserman 2015, configuration A)."""

# What the decoder is given; a pooling follows each of them.
_SKIPS = ("conv1", "conv2", "conv3", "conv4", "conv5")

# Channels of each block's convolution and of the transposed one after it.
_CENTER = (512, 256)
_DECODER = (("dec5", 512, 256), ("dec4", 512, 128), ("dec3", 256, 64), ("dec2", 128, 32))
_LAST = 32

_ENCODER_LAYER = re.compile(r"(?:conv|pool)(\d)s?$")


class UNetVGG11Spec(ModelSpec):
    """A U-Net whose encoder is VGG11 (TernausNet, Iglovikov and Shvets 2018, arXiv:1801.05746)."""

    architecture: Literal["unet-vgg11"] = "unet-vgg11"

    @property
    def multiple(self) -> int:
        return 32


def build_unet_vgg11(spec: UNetVGG11Spec) -> keras.Model:
    """TernausNet (arXiv:1801.05746) from (N, H, W, bands) float32 to logits (N, H, W, classes).

    The logits are float32 and H and W free, in multiples of 32. The encoder's layers have the
    names of the paper's code (``conv1``, ``conv2``, ``conv3s`` …), so that weights of VGG11 find
    their place; there is no normalisation.
    """
    tensorflow()
    import keras
    from keras import layers

    def convolution(x: Any, filters: int, name: str) -> Any:
        return layers.Conv2D(
            filters,
            3,
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",
            name=name,
        )(x)

    def block(x: Any, filters: int, up: int, name: str) -> Any:
        x = convolution(x, filters, f"{name}_conv")
        return layers.Conv2DTranspose(
            up,
            3,
            strides=2,
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",
            name=f"{name}_up",
        )(x)

    def joined(x: Any, name: str) -> Any:
        return layers.Concatenate(name=f"{name}_concat")([x, skips.pop()])

    inputs = layers.Input((None, None, spec.bands), name="image")
    x, skips = inputs, []
    for name, filters in VGG11_ENCODER:
        x = convolution(x, filters, name)
        if name in _SKIPS:
            skips.append(x)
            x = layers.MaxPooling2D(2, name=name.replace("conv", "pool"))(x)
    x = block(x, *_CENTER, "center")
    for name, filters, up in _DECODER:
        x = block(joined(x, name), filters, up, name)
    x = convolution(joined(x, "dec1"), _LAST, "dec1")
    x = layers.Conv2D(spec.classes, 1, dtype="float32", name="logits")(x)
    return keras.Model(inputs, x, name="unet-vgg11")


def unet_vgg11_block(layer: str) -> str:
    """The block of a layer by its name, such as ``enc3`` of ``conv3s``."""
    if match := _ENCODER_LAYER.match(layer):
        return f"enc{match[1]}"
    return "bridge" if layer.startswith("center") else layer.partition("_")[0]


def unet_vgg11_cost(spec: UNetVGG11Spec, size: int) -> Cost:
    """What it costs for an image of `size` × `size` pixels."""
    layers = LayerSum()

    def convolution(x: FeatureMap, filters: int) -> FeatureMap:
        return layers.same(layers.convolution(x, filters))

    def block(x: FeatureMap, filters: int, up: int) -> FeatureMap:
        return layers.same(layers.transposed(convolution(x, filters), up, 3))

    x, skips = layers.image(spec.bands, size), []
    for name, filters in VGG11_ENCODER:
        x = convolution(x, filters)
        if name in _SKIPS:
            skips.append(x)
            x = layers.pool(x)
    x = block(x, *_CENTER)
    for _, filters, up in _DECODER:
        x = block(layers.joined(x, skips.pop()), filters, up)
    x = convolution(layers.joined(x, skips.pop()), _LAST)
    return layers.cost(layers.convolution(x, spec.classes, 1))
