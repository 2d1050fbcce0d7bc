"""U-Net-Lite0: a U-Net on EfficientNet-Lite0: its cost, and the network of Keras layers alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from core.device import tensorflow
from core.models.cost.layer_sum import Cost, FeatureMap, LayerSum
from core.models.spec import ModelSpec
from core.settings import Label

if TYPE_CHECKING:
    import keras

__all__ = [
    "LITE0_EPSILON",
    "LITE0_STEM",
    "Lite0Block",
    "UNetLite0Spec",
    "build_unet_lite0",
    "lite0_blocks",
    "unet_lite0_cost",
]

LITE0_STEM = 32
"""Filters of the first convolution, of 3 × 3 and stride 2."""

LITE0_EPSILON = 1e-3
"""What batch normalisation adds to the variance."""

# Filters, repeats, window, stride of the first of them, expansion.
_STAGES = (
    (16, 1, 3, 1, 1),
    (24, 2, 3, 2, 6),
    (40, 2, 5, 2, 6),
    (80, 3, 3, 2, 6),
    (112, 3, 5, 1, 6),
    (192, 4, 5, 2, 6),
    (320, 1, 3, 1, 6),
)
_DECODER = (160, 96, 64, 40, 24)  # filters at a stride of 16, 8, 4, 2 and 1
_FULL = 16  # filters of the image's own convolution at full resolution, the last skip


class UNetLite0Spec(ModelSpec):
    """A U-Net whose encoder is EfficientNet-Lite0 (Google 2020, the EfficientNet of Tan and Le
    2019, arXiv:1905.11946, without squeeze-and-excitation and with ReLU6).

    Attributes:
        dropout: share of channels dropped before the logits.
    """

    architecture: Literal["unet-lite0"] = "unet-lite0"
    dropout: Annotated[
        float,
        Label(
            "Dropout",
            "Of the channels, dropped before the last layer; helps against overfitting.",
            unit="%",
            step=0.05,
            usual=(0, 0.95),
        ),
    ] = Field(0.1, ge=0, lt=1)

    @property
    def multiple(self) -> int:
        return 32


@dataclass(frozen=True)
class Lite0Block:
    """An inverted residual block (Sandler et al. 2018, arXiv:1801.04381).

    Attributes:
        name: what its layers' names begin with, such as ``enc2_block1``.
        filters: channels that it gives.
        window: side of the depthwise convolution.
        stride: of the depthwise convolution.
        expansion: channels of the depthwise convolution a channel of the input; 1 for none.
        residual: whether the input is added in the end.
    """

    name: str
    filters: int
    window: int
    stride: int
    expansion: int
    residual: bool


def lite0_blocks() -> Iterator[Lite0Block]:
    """The 16 blocks of EfficientNet-Lite0, numbered from 0 as in its files.

    ``enc1`` is what works at half the image's resolution, the stem among it, and each level after
    it halves that once more, down to ``enc5`` at a 32nd.
    """
    level, number = 1, 0
    for filters, repeats, window, stride, expansion in _STAGES:
        level += stride == 2
        for repeat in range(repeats):
            yield Lite0Block(
                f"enc{level}_block{number}",
                filters,
                window,
                stride if repeat == 0 else 1,
                expansion,
                residual=repeat > 0,
            )
            number += 1


def build_unet_lite0(spec: UNetLite0Spec) -> keras.Model:
    """U-Net-Lite0 from (N, H, W, bands) float32 to logits (N, H, W, classes) float32.

    H and W are free, in multiples of 32. The encoder ends with the block of 320 channels
    (``enc5``). Each block of the decoder enlarges bilinearly, joins the encoder's last map of that
    resolution and has two 3 × 3 convolutions with batch normalisation and ReLU: ``dec5`` joins
    ``enc4``, and so on; ``dec1`` joins ``stem``, 16 filters of the image at full resolution.
    """
    tensorflow()
    import keras

    inputs = keras.layers.Input((None, None, spec.bands), name="image")
    skips = [_normalised(inputs, _FULL, "stem")]
    x = _stem(inputs)
    for block in lite0_blocks():
        if block.stride > 1:
            skips.append(x)
        x = _inverted_residual(x, block)
    for level, filters in zip(range(len(skips), 0, -1), _DECODER, strict=True):
        name = f"dec{level}"
        x = keras.layers.UpSampling2D(2, interpolation="bilinear", name=f"{name}_resize")(x)
        x = keras.layers.Concatenate(name=f"{name}_concat")([skips.pop(), x])
        for step in ("1", "2"):
            x = _normalised(x, filters, name, step)
    x = keras.layers.SpatialDropout2D(spec.dropout, name="dec1_dropout")(x)
    # Losses and softmax in float32 even where the rest computes in 16 bits.
    x = keras.layers.Conv2D(spec.classes, 1, dtype="float32", name="logits")(x)
    return keras.Model(inputs, x, name="unet-lite0")


def _normalised(x: Any, filters: int, name: str, step: str = "") -> Any:
    """A convolution of the decoder, which ImageNet's weights know nothing of."""
    from keras import layers

    x = layers.Conv2D(
        filters,
        3,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv{step}",
    )(x)
    x = layers.BatchNormalization(name=f"{name}_norm{step}")(x)
    return layers.ReLU(name=f"{name}_relu{step}")(x)


def _stem(x: Any) -> Any:
    from keras import layers

    x = layers.Conv2D(LITE0_STEM, 3, 2, name="enc1_stem", **_settings())(x)
    return _activated(_norm(x, "enc1_stem"), "enc1_stem")


def _inverted_residual(inputs: Any, block: Lite0Block) -> Any:
    from keras import layers

    x = inputs
    if block.expansion > 1:
        name = f"{block.name}_expand"
        filters = block.expansion * x.shape[-1]
        x = layers.Conv2D(filters, 1, name=name, **_settings())(x)
        x = _activated(_norm(x, name), name)
    name = f"{block.name}_depthwise"
    settings = _settings(kernel="depthwise_initializer")
    x = layers.DepthwiseConv2D(block.window, block.stride, name=name, **settings)(x)
    x = _activated(_norm(x, name), name)
    name = f"{block.name}_project"
    x = _norm(layers.Conv2D(block.filters, 1, name=name, **_settings())(x), name)
    return layers.Add(name=f"{block.name}_add")([inputs, x]) if block.residual else x


def _settings(kernel: str = "kernel_initializer") -> dict[str, Any]:
    """What all convolutions of the encoder have; the random weights are EfficientNet's."""
    import keras

    random = keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal")
    return {"padding": "same", "use_bias": False, kernel: random}


def _norm(x: Any, name: str) -> Any:
    from keras import layers

    return layers.BatchNormalization(epsilon=LITE0_EPSILON, name=f"{name}_norm")(x)


def _activated(x: Any, name: str) -> Any:
    from keras import layers

    return layers.ReLU(6, name=f"{name}_relu")(x)


def unet_lite0_cost(spec: UNetLite0Spec, size: int) -> Cost:
    """What it costs for an image of `size` × `size` pixels."""
    layers = LayerSum(norm="batch")
    image = layers.image(spec.bands, size)
    skips = [layers.normalised(image, _FULL)]
    x = layers.normalised(image, LITE0_STEM, stride=2)
    for block in lite0_blocks():
        if block.stride > 1:
            skips.append(x)
        x = _block_cost(layers, x, block)
    for filters in _DECODER:
        x = layers.joined(skips.pop(), layers.enlarged(x, 2, bilinear=True))
        x = layers.block(x, filters)
    return layers.cost(layers.convolution(layers.same(x), spec.classes, 1))


def _block_cost(layers: LayerSum, inputs: FeatureMap, block: Lite0Block) -> FeatureMap:
    x = inputs
    if block.expansion > 1:
        x = layers.normalised(x, block.expansion * x.channels, window=1)
    x = layers.same(layers.norm_of(layers.depthwise(x, block.window, block.stride)))
    x = layers.norm_of(layers.convolution(x, block.filters, 1, bias=False))
    return layers.added(inputs, x) if block.residual else x
