"""Adding up what the layers of a network cost: nothing is built and TensorFlow stays away."""

from __future__ import annotations

from dataclasses import dataclass

from core.models.cost.receptive_field import (
    Span,
    enlarged,
    joined,
    line,
    transposed,
    width,
    windowed,
)

__all__ = ["Cost", "FeatureMap", "LayerSum"]

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


@dataclass(frozen=True)
class FeatureMap:
    """A layer's output: channels, side in pixels, and what its values see."""

    channels: int
    side: int
    span: Span


@dataclass
class LayerSum:
    """Layers put one after another, each giving the map it makes.

    Attributes:
        norm: the normalisation of `block`, `normalised` and `norm_of`: batch, group or none.
    """

    norm: str = "none"
    parameters: int = 0
    macs: int = 0
    activations: int = 0

    def image(self, bands: int, size: int) -> FeatureMap:
        """The input, a square of `size` pixels."""
        return FeatureMap(bands, size, line())

    def cost(self, logits: FeatureMap) -> Cost:
        """All that was added up, with the receptive field of the last layer."""
        return Cost(self.parameters, self.macs, self.activations, width(logits.span))

    def convolution(
        self, x: FeatureMap, filters: int, window: int = 3, stride: int = 1, bias: bool = True
    ) -> FeatureMap:
        """A convolution padded to keep the size, without activation."""
        weights = window**2 * x.channels * filters
        side = x.side // stride
        self.parameters += weights + bias * filters
        self.macs += weights * side**2
        return self._added(filters, side, windowed(x.span, window, stride))

    def transposed(self, x: FeatureMap, filters: int, window: int) -> FeatureMap:
        """A transposed convolution of stride 2."""
        weights = window**2 * x.channels * filters
        self.parameters += weights + filters
        self.macs += weights * x.side**2
        return self._added(filters, 2 * x.side, transposed(x.span, window, 2))

    def depthwise(self, x: FeatureMap, window: int, stride: int = 1) -> FeatureMap:
        """A convolution of each channel alone, padded to keep the size, without bias."""
        weights = window**2 * x.channels
        side = x.side // stride
        self.parameters += weights
        self.macs += weights * side**2
        return self._added(x.channels, side, windowed(x.span, window, stride))

    def norm_of(self, x: FeatureMap) -> FeatureMap:
        """The normalisation of a map where there is one."""
        if self.norm == "none":
            return x
        self.parameters += _NORM[self.norm] * x.channels
        return self.same(x)

    def normalised(
        self, x: FeatureMap, filters: int, window: int = 3, stride: int = 1
    ) -> FeatureMap:
        """A convolution, its normalisation where there is one, and ReLU."""
        x = self.convolution(x, filters, window, stride, bias=self.norm == "none")
        return self.same(self.norm_of(x))

    def block(self, x: FeatureMap, filters: int) -> FeatureMap:
        """Two of `normalised`."""
        return self.normalised(self.normalised(x, filters), filters)

    def same(self, x: FeatureMap) -> FeatureMap:
        """A layer that works on each value: normalisation, activation, dropout."""
        return self._added(x.channels, x.side, x.span)

    def pool(self, x: FeatureMap) -> FeatureMap:
        """A pooling of 2 × 2."""
        return self._added(x.channels, x.side // 2, windowed(x.span, 2, 2, padding="valid"))

    def enlarged(self, x: FeatureMap, factor: int, bilinear: bool = False) -> FeatureMap:
        """An enlargement by a whole factor, nearest or bilinear."""
        return self._added(x.channels, x.side * factor, enlarged(x.span, factor, bilinear))

    def joined(self, x: FeatureMap, y: FeatureMap) -> FeatureMap:
        """Two maps of one size, channel after channel."""
        return self._added(x.channels + y.channels, x.side, joined([x.span, y.span]))

    def added(self, x: FeatureMap, y: FeatureMap) -> FeatureMap:
        """The sum of two maps of one size and as many channels."""
        return self._added(x.channels, x.side, joined([x.span, y.span]))

    def _added(self, channels: int, side: int, span: Span) -> FeatureMap:
        self.activations += channels * side**2
        return FeatureMap(channels, side, span)
