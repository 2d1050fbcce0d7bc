"""U-Net-VGG11 against the numbers of its paper's code."""

from __future__ import annotations

import numpy as np

from core.models.architectures.unet_vgg11 import UNetVGG11Spec
from core.models.network import block_of, build_model, encoder_layers


def test_parameters_are_those_of_ternausnet() -> None:
    spec = UNetVGG11Spec(classes=1)
    model = build_model(spec)
    assert model.count_params() == 22_927_393
    encoder = sum(layer.count_params() for layer in encoder_layers(model, spec))
    assert encoder == 9_220_480


def test_blocks_are_named_as_in_a_u_net() -> None:
    spec = UNetVGG11Spec()
    weighted = [layer.name for layer in build_model(spec).layers if layer.weights]
    blocks = list(dict.fromkeys(block_of(spec, name) for name in weighted))
    encoder, decoder = [f"enc{i}" for i in range(1, 6)], [f"dec{i}" for i in range(5, 0, -1)]
    assert blocks == [*encoder, "bridge", *decoder, "head"]


def test_odd_multiples_and_other_bands() -> None:
    model = build_model(UNetVGG11Spec(bands=4, classes=3))
    logits = np.asarray(model(np.zeros((1, 32, 96, 4), np.float32)))
    assert logits.shape == (1, 32, 96, 3)
    assert logits.dtype == np.float32
