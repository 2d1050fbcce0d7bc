"""U-Net-Lite0's form: its blocks, what they join, its parameters and sizes."""

from __future__ import annotations

import numpy as np
import pytest

from core.models.architectures.unet_lite0 import UNetLite0Spec
from core.models.network import block_of, build_model, cost, encoder_layers


def test_parameters_are_those_of_the_paper_and_a_small_decoder() -> None:
    spec = UNetLite0Spec()
    assert cost(spec, 256).parameters == 4_276_685
    encoder = sum(layer.count_params() for layer in encoder_layers(build_model(spec), spec))
    # Of Lite0's 4,652,008 all but the head (320 to 1280, its normalisation) and the classes, with
    # the two statistics of each normalised channel that are not counted there.
    head, classes = 320 * 1280 + 2 * 1280, 1280 * 1000 + 1000
    channels = (
        2 * 32
        + 16
        + sum(
            2 * 6 * before + after
            for before, after in zip(
                (16, 24, 24, 40, 40, 80, 80, 80, 112, 112, 112, 192, 192, 192, 192),
                (24, 24, 40, 40, 80, 80, 80, 112, 112, 112, 192, 192, 192, 192, 320),
                strict=True,
            )
        )
    )
    assert encoder == 4_652_008 - head - classes + 2 * channels == 2_998_304


def test_blocks_are_named_as_in_a_u_net() -> None:
    spec = UNetLite0Spec()
    model = build_model(spec)
    weighted = [layer.name for layer in model.layers if layer.weights]
    blocks = {block_of(spec, name) for name in weighted}
    encoder, decoder = {f"enc{i}" for i in range(1, 6)}, {f"dec{i}" for i in range(1, 6)}
    assert blocks == encoder | decoder | {"stem", "head"}
    filters = [model.get_layer(f"dec{i}_conv2").filters for i in range(5, 0, -1)]
    assert filters == [160, 96, 64, 40, 24]


@pytest.mark.parametrize("bands", [1, 4])
def test_odd_multiples_and_other_bands(bands: int) -> None:
    model = build_model(UNetLite0Spec(bands=bands, classes=3))
    logits = np.asarray(model(np.zeros((1, 32, 96, bands), np.float32)))
    assert logits.shape == (1, 32, 96, 3)
    assert logits.dtype == np.float32


def test_skips_have_every_resolution() -> None:
    model = build_model(UNetLite0Spec())
    channels = {
        name: [tensor.shape[-1] for tensor in model.get_layer(name).input]
        for name in (f"dec{i}_concat" for i in range(1, 6))
    }
    assert channels == {
        "dec5_concat": [112, 320],
        "dec4_concat": [40, 160],
        "dec3_concat": [24, 96],
        "dec2_concat": [16, 64],
        "dec1_concat": [16, 40],
    }
