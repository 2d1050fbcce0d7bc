"""Which part of a network a layer belongs to."""

from __future__ import annotations

import re
from typing import Any

from core.models.spec import ModelSpec

__all__ = ["block_of", "encoder_layers"]


_TERNAUS = re.compile(r"conv(\d)s?$")  # the encoder's convolutions in U-Net-VGG11


def block_of(spec: ModelSpec, layer: str) -> str:
    """The block of a layer, such as ``enc1``, ``bridge``, ``dec1``, ``head``, by its name."""
    if layer.startswith("logits"):
        return "head"
    if spec.architecture == "unet-vgg11":
        if found := _TERNAUS.match(layer):
            return f"enc{found[1]}"
        if layer.startswith("center"):
            return "bridge"
    return layer.partition("_")[0]


def encoder_layers(model: Any, spec: ModelSpec) -> list[Any]:
    """The layers that `freeze_encoder` freezes."""
    return [layer for layer in model.layers if block_of(spec, layer.name).startswith("enc")]
