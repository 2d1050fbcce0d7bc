"""The U-Net on VGG11 of TernausNet, built with Keras layers alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.device import tensorflow
from core.models.spec import UNetVGG11Spec

if TYPE_CHECKING:
    import keras

__all__ = [
    "VGG11_CENTER",
    "VGG11_DECODER",
    "VGG11_ENCODER",
    "VGG11_LAST",
    "VGG11_SKIPS",
    "build_unet_vgg11",
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

VGG11_SKIPS = ("conv1", "conv2", "conv3", "conv4", "conv5")
"""What the decoder is given; a pooling follows each of them."""

# Channels of each block's convolution and of the transposed one after it.
VGG11_CENTER = (512, 256)
VGG11_DECODER = (("dec5", 512, 256), ("dec4", 512, 128), ("dec3", 256, 64), ("dec2", 128, 32))
VGG11_LAST = 32


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
        if name in VGG11_SKIPS:
            skips.append(x)
            x = layers.MaxPooling2D(2, name=name.replace("conv", "pool"))(x)
    x = block(x, *VGG11_CENTER, "center")
    for name, filters, up in VGG11_DECODER:
        x = block(joined(x, name), filters, up, name)
    x = convolution(joined(x, "dec1"), VGG11_LAST, "dec1")
    x = layers.Conv2D(spec.classes, 1, dtype="float32", name="logits")(x)
    return keras.Model(inputs, x, name="unet-vgg11")
