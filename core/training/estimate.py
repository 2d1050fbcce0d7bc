"""What a training will take, told before it starts and without TensorFlow."""

from __future__ import annotations

from core.models.spec import UNetSpec

__all__ = ["steps_per_epoch", "unet_parameters"]


def steps_per_epoch(pixels: int, batch: int, size: int) -> int:
    """As many batches of square crops as cover that many training pixels once.

    Args:
        pixels: of all training images.
        batch: crops a step.
        size: side of a crop in pixels.
    """
    return max(1, -(-pixels // (batch * size**2)))


def unet_parameters(spec: UNetSpec) -> int:
    """Parameters of `core.models.unet.build_unet`, those of the normalisations included."""
    # Scale and offset; batch normalisation also keeps a mean and a variance.
    after = {"none": 1, "group": 2, "batch": 4}[spec.norm]

    def block(bands: int, filters: int) -> int:
        return convolution(bands, filters) + convolution(filters, filters)

    def convolution(bands: int, filters: int) -> int:
        return 9 * bands * filters + after * filters

    total, bands = 0, spec.bands
    for stride in (2, 4):
        if spec.stem_stride >= stride:
            total, bands = total + convolution(bands, spec.width), spec.width
    for level in range(spec.depth + 1):
        filters = spec.width * 2**level
        total, bands = total + block(bands, filters), filters
    for level in reversed(range(spec.depth)):
        filters = spec.width * 2**level
        taps = 4 if spec.upsampling == "transposed" else 9
        total += taps * bands * filters + filters + block(2 * filters, filters)
        bands = filters
    return total + bands * spec.classes + spec.classes
