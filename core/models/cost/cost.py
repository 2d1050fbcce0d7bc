"""What a network costs, told from its spec alone: nothing is built and TensorFlow stays away."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from core.models.architectures.unet_vgg11 import (
    VGG11_CENTER,
    VGG11_DECODER,
    VGG11_ENCODER,
    VGG11_LAST,
    VGG11_SKIPS,
)
from core.models.cost.receptive_field import (
    Span,
    enlarged,
    joined,
    line,
    transposed,
    width,
    windowed,
)
from core.models.spec import ModelSpec, UNetSpec, UNetVGG11Spec, ZooSpec
from core.models.zoo_table import SIDE, read_table

__all__ = ["Cost", "cost", "zoo_cost"]

# Numbers a channel: scale and offset; batch normalisation also keeps a mean and a variance.
_NORM = {"none": 0, "group": 2, "batch": 4}


@dataclass(frozen=True)
class Cost:
    """What a network costs for one square image.

    Attributes:
        parameters: weights, trained or not.
        macs: multiplications with additions of all convolutions, forwards.
        activations: values of all layers' outputs but mere paddings, before and after an activation
            that is part of a layer: about what a training keeps for the way back.
        receptive_field: pixels, in one direction, that can change one logit; None where all of
            the image can.
    """

    parameters: int
    macs: int
    activations: int
    receptive_field: int | None


@lru_cache(maxsize=256)
def cost(spec: ModelSpec, size: int) -> Cost:
    """Add up a network's layers.

    Args:
        spec: the network.
        size: side of the image in pixels, a multiple of ``spec.multiple``.

    Raises:
        ValueError: it is none.
    """
    if size % spec.multiple:
        raise ValueError(f"expected a size in multiples of {spec.multiple}, received {size}")
    if not isinstance(spec, UNetSpec | UNetVGG11Spec):
        return Cost(*zoo_cost(spec, size))
    sum_ = _Sum()
    image = _Map(spec.bands, size, line())
    last = _unet(sum_, image, spec) if isinstance(spec, UNetSpec) else _vgg11(sum_, image, spec)
    return Cost(sum_.parameters, sum_.macs, sum_.activations, width(last.span))


@dataclass(frozen=True)
class _Map:
    """A layer's output: channels, side in pixels, and what its values see."""

    channels: int
    side: int
    span: Span


@dataclass
class _Sum:
    """Layers put one after another, each giving the map it makes."""

    parameters: int = 0
    macs: int = 0
    activations: int = 0
    norm: str = "none"

    def _made(self, channels: int, side: int, span: Span) -> _Map:
        self.activations += channels * side**2
        return _Map(channels, side, span)

    def convolution(
        self, x: _Map, filters: int, window: int = 3, stride: int = 1, bias: bool = True
    ) -> _Map:
        weights = window**2 * x.channels * filters
        side = x.side // stride
        self.parameters += weights + bias * filters
        self.macs += weights * side**2
        return self._made(filters, side, windowed(x.span, window, stride))

    def transposed(self, x: _Map, filters: int, window: int) -> _Map:
        weights = window**2 * x.channels * filters
        self.parameters += weights + filters
        self.macs += weights * x.side**2
        return self._made(filters, 2 * x.side, transposed(x.span, window, 2))

    def normed(self, x: _Map, filters: int, stride: int = 1) -> _Map:
        """A convolution as the U-Net has them: normalisation, where there is one, and ReLU."""
        x = self.convolution(x, filters, stride=stride, bias=self.norm == "none")
        if self.norm != "none":
            self.parameters += _NORM[self.norm] * filters
            x = self.same(x)
        return self.same(x)

    def block(self, x: _Map, filters: int) -> _Map:
        return self.normed(self.normed(x, filters), filters)

    def same(self, x: _Map) -> _Map:
        """A layer that works on each value: normalisation, activation, dropout."""
        return self._made(x.channels, x.side, x.span)

    def pool(self, x: _Map) -> _Map:
        return self._made(x.channels, x.side // 2, windowed(x.span, 2, 2, padding="valid"))

    def enlarged(self, x: _Map, factor: int, bilinear: bool = False) -> _Map:
        return self._made(x.channels, x.side * factor, enlarged(x.span, factor, bilinear))

    def joined(self, x: _Map, y: _Map) -> _Map:
        return self._made(x.channels + y.channels, x.side, joined([x.span, y.span]))


def _unet(sum_: _Sum, x: _Map, spec: UNetSpec) -> _Map:
    sum_.norm = spec.norm
    for stride in (2, 4):
        if spec.stem_stride >= stride:
            x = sum_.normed(x, spec.width, stride=2)
    skips = []
    for level in range(spec.depth):
        skips.append(sum_.block(x, spec.width * 2**level))
        x = sum_.pool(skips[-1])
    x = sum_.same(sum_.block(x, spec.width * 2**spec.depth))
    for level in reversed(range(spec.depth)):
        filters = spec.width * 2**level
        if spec.upsampling == "transposed":
            x = sum_.transposed(x, filters, 2)
        else:
            x = sum_.convolution(sum_.enlarged(x, 2), filters)
        x = sum_.block(sum_.joined(skips[level], x), filters)
        if level == 1:
            x = sum_.same(x)
    x = sum_.convolution(x, spec.classes, 1)
    if spec.stem_stride > 1:
        x = sum_.enlarged(x, spec.stem_stride, bilinear=True)
    return x


def _vgg11(sum_: _Sum, x: _Map, spec: UNetVGG11Spec) -> _Map:
    def convolution(x: _Map, filters: int) -> _Map:
        return sum_.same(sum_.convolution(x, filters))

    def block(x: _Map, filters: int, up: int) -> _Map:
        return sum_.same(sum_.transposed(convolution(x, filters), up, 3))

    skips = []
    for name, filters in VGG11_ENCODER:
        x = convolution(x, filters)
        if name in VGG11_SKIPS:
            skips.append(x)
            x = sum_.pool(x)
    x = block(x, *VGG11_CENTER)
    for _, filters, up in VGG11_DECODER:
        x = block(sum_.joined(x, skips.pop()), filters, up)
    x = convolution(sum_.joined(x, skips.pop()), VGG11_LAST)
    return sum_.convolution(x, spec.classes, 1)


def zoo_cost(spec: ZooSpec, size: int) -> tuple[int, int, int, int | None]:
    """Parameters, multiply-adds, values of all outputs and receptive field of a `ZooSpec`.

    Bands and classes change the first and the last convolution alone, so that each number is a sum
    of a part of the network's own, one for each band and one for each class; and all but what is
    computed of whole maps (squeeze-and-excitation, pyramid pooling) grows with the image's area.

    Args:
        spec: of the zoo.
        size: side of the image in pixels, a multiple of ``spec.multiple``.
    """
    row = read_table()[spec.architecture][spec.backbone]

    def counted(name: str) -> int:
        own, band, class_, whole = row[name]
        area = own + band * spec.bands + class_ * spec.classes
        return int(area * size**2 // SIDE**2 + whole)

    own, band, class_ = row["parameters"]
    parameters = own + band * spec.bands + class_ * spec.classes
    return parameters, counted("macs"), counted("activations"), row["receptive_field"]
