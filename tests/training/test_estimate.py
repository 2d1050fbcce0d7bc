"""What is told before a training starts is what Keras then builds."""

from __future__ import annotations

import pytest

from core.models.spec import UNetSpec
from core.models.unet import build_unet
from core.training.estimate import steps_per_epoch, unet_parameters


@pytest.mark.parametrize(
    "spec",
    [
        UNetSpec(),
        UNetSpec(bands=4, classes=2, width=8, depth=2, norm="group", stem_stride=2),
        UNetSpec(bands=1, width=16, depth=3, norm="none", stem_stride=4),
        UNetSpec(width=4, depth=1),
        UNetSpec(width=8, depth=2, upsampling="resize"),
    ],
)
def test_parameters_are_those_of_the_network(spec: UNetSpec) -> None:
    assert unet_parameters(spec) == build_unet(spec).count_params()


def test_steps_cover_the_pixels_once() -> None:
    assert steps_per_epoch(4 * 256 * 256, 2, 256) == 2
    assert steps_per_epoch(4 * 256 * 256 + 1, 2, 256) == 3
    assert steps_per_epoch(10, 8, 512) == 1
