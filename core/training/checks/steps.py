"""Number of steps of a training, known before it starts."""

from __future__ import annotations

__all__ = ["steps_per_epoch"]


def steps_per_epoch(pixels: int, batch: int, size: int) -> int:
    """As many batches of square crops as cover that many training pixels once.

    Args:
        pixels: pixels of all training images.
        batch: crops a step.
        size: side of a crop in pixels.
    """
    return max(1, -(-pixels // (batch * size**2)))
