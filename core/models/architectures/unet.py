"""U-Net: its settings, its cost, and the network built with Keras layers alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from core.device import tensorflow
from core.models.cost.layer_sum import Cost, LayerSum
from core.models.spec import ModelSpec
from core.settings import Label

if TYPE_CHECKING:
    import keras

__all__ = ["Norm", "UNetSpec", "build_unet", "unet_cost"]

Norm = Literal["batch", "group", "none"]


class UNetSpec(ModelSpec):
    """A U-Net (Ronneberger et al. 2015, arXiv:1505.04597) with padded convolutions.

    Attributes:
        width: channels of the first level; every level below doubles them.
        depth: how many times the resolution is halved inside the U.
        dropout: share of channels dropped at the bridge and in the level below the first.
        upsampling: ``transposed`` convolutions, or ``resize`` (nearest) and a convolution, which
            leaves no checkerboard (Odena et al. 2016, doi:10.23915/distill.00003).
        norm: after every convolution: batch normalisation, group normalisation in groups of 8
            channels, or none.
        stem_stride: 1 works at full resolution. 2 or 4 look at the image through a strided first
            convolution and enlarge the logits bilinearly at the end:
            less work a pixel, for masks whose outlines are coarser than a pixel.
    """

    architecture: Literal["unet"] = "unet"
    width: Annotated[
        int,
        Label(
            "Width",
            "Of the first level, a multiple of 4; each level below doubles them.",
            unit="channels",
        ),
    ] = Field(24, ge=4, le=256, multiple_of=4)
    depth: Annotated[
        int,
        Label(
            "Depth",
            "Each halves the resolution once more: a wider view, and many more parameters.",
            unit="halvings",
        ),
    ] = Field(4, ge=1, le=6)
    stem_stride: Annotated[
        Literal[1, 2, 4],
        Label(
            "Working resolution",
            "Half is 4 times as fast, with coarser outlines.",
            words={1: "full", 2: "half", 4: "quarter"},
        ),
    ] = 1
    norm: Annotated[
        Norm,
        Label(
            "Normalisation layers",
            "Batch for batches of 4 crops and more, group for smaller ones (width a multiple of "
            "8).",
            words={"group": "group (of 8 channels)"},
        ),
    ] = "batch"
    dropout: Annotated[
        float,
        Label(
            "Dropout",
            "Of the channels, dropped at the bridge; helps against overfitting.",
            unit="%",
            step=0.05,
            usual=(0, 0.95),
        ),
    ] = Field(0.1, ge=0, lt=1)
    upsampling: Annotated[
        Literal["transposed", "resize"],
        Label(
            "Upsampling",
            "Resizing leaves no checkerboard and costs a little more.",
            words={"transposed": "transposed convolution", "resize": "resize and convolution"},
        ),
    ] = "transposed"

    @model_validator(mode="after")
    def _groups(self) -> UNetSpec:
        if self.norm == "group" and self.width % 8:
            raise ValueError(
                "expected a width that is a multiple of 8 for group normalisation, received "
                f"{self.width}"
            )
        return self

    @property
    def multiple(self) -> int:
        return int(self.stem_stride * 2**self.depth)


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


def unet_cost(spec: UNetSpec, size: int) -> Cost:
    """What it costs for an image of `size` × `size` pixels."""
    layers = LayerSum(norm=spec.norm)
    x = layers.image(spec.bands, size)
    for stride in (2, 4):
        if spec.stem_stride >= stride:
            x = layers.normalised(x, spec.width, stride=2)
    skips = []
    for level in range(spec.depth):
        skips.append(layers.block(x, spec.width * 2**level))
        x = layers.pool(skips[-1])
    x = layers.same(layers.block(x, spec.width * 2**spec.depth))
    for level in reversed(range(spec.depth)):
        filters = spec.width * 2**level
        if spec.upsampling == "transposed":
            x = layers.transposed(x, filters, 2)
        else:
            x = layers.convolution(layers.enlarged(x, 2), filters)
        x = layers.block(layers.joined(skips[level], x), filters)
        if level == 1:
            x = layers.same(x)
    x = layers.convolution(x, spec.classes, 1)
    if spec.stem_stride > 1:
        x = layers.enlarged(x, spec.stem_stride, bilinear=True)
    return layers.cost(x)
