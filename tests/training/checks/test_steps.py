"""What is told before a training starts is what Keras then builds."""

from __future__ import annotations

from core.training.checks.steps import steps_per_epoch


def test_steps_cover_the_pixels_once() -> None:
    assert steps_per_epoch(4 * 256 * 256, 2, 256) == 2
    assert steps_per_epoch(4 * 256 * 256 + 1, 2, 256) == 3
    assert steps_per_epoch(10, 8, 512) == 1
