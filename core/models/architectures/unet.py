"""U-Net, built from its spec with Keras layers alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.device import tensorflow
from core.models.spec import UNetSpec

if TYPE_CHECKING:
    import keras

__all__ = ["build_unet"]


def build_unet(spec: UNetSpec) -> keras.Model:
    """A U-Net from (N, H, W, bands) float32 to logits (N, H, W, classes) float32.

    H and W are free, in multiples of ``spec.multiple``. Layers are named by where they are
    (``enc2_conv1``, ``bridge_relu2``, ``dec1_concat``), so that a name in Inspect says what it is.
    """
    tensorflow()
    import keras
    from keras import layers

    def norm(x: Any, name: str) -> Any:
        if spec.norm == "batch":
            return layers.BatchNormalization(name=name)(x)
        if spec.norm == "group":
            return layers.GroupNormalization(groups=x.shape[-1] // 8, name=name)(x)
        return x

    def convolution(x: Any, filters: int, name: str, step: str, strides: int = 1) -> Any:
        x = layers.Conv2D(
            filters,
            3,
            strides=strides,
            padding="same",
            kernel_initializer="he_normal",
            # A normalisation that follows takes any bias out again.
            use_bias=spec.norm == "none",
            name=f"{name}_conv{step}",
        )(x)
        return layers.ReLU(name=f"{name}_relu{step}")(norm(x, f"{name}_norm{step}"))

    def block(x: Any, filters: int, name: str) -> Any:
        return convolution(convolution(x, filters, name, "1"), filters, name, "2")

    inputs = layers.Input((None, None, spec.bands), name="image")
    x = inputs
    if spec.stem_stride > 1:
        x = convolution(x, spec.width, "stem", "1", strides=2)
    if spec.stem_stride > 2:
        x = convolution(x, spec.width, "stem", "2", strides=2)
    skips = []
    for level in range(spec.depth):
        x = block(x, spec.width * 2**level, f"enc{level + 1}")
        skips.append(x)
        x = layers.MaxPooling2D(2, name=f"enc{level + 1}_pool")(x)
    x = block(x, spec.width * 2**spec.depth, "bridge")
    x = layers.SpatialDropout2D(spec.dropout, name="bridge_dropout")(x)
    for level in reversed(range(spec.depth)):
        filters = spec.width * 2**level
        name = f"dec{level + 1}"
        if spec.upsampling == "transposed":
            x = layers.Conv2DTranspose(filters, 2, strides=2, name=f"{name}_up")(x)
        else:
            x = layers.UpSampling2D(2, name=f"{name}_resize")(x)
            x = layers.Conv2D(filters, 3, padding="same", name=f"{name}_up")(x)
        x = layers.Concatenate(name=f"{name}_concat")([skips[level], x])
        x = block(x, filters, name)
        if level == 1:
            x = layers.SpatialDropout2D(spec.dropout, name=f"{name}_dropout")(x)
    # Losses and softmax in float32 even where the rest computes in 16 bits.
    x = layers.Conv2D(spec.classes, 1, dtype="float32", name="logits")(x)
    if spec.stem_stride > 1:
        x = layers.UpSampling2D(
            spec.stem_stride, interpolation="bilinear", dtype="float32", name="logits_full"
        )(x)
    return keras.Model(inputs, x, name="unet")
