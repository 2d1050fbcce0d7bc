"""Which part of a network a layer belongs to."""

from __future__ import annotations

import re
from typing import Any

from core.models.spec import ModelSpec, ZooSpec

__all__ = ["block_of", "encoder_layers"]


_TERNAUS = re.compile(r"(?:conv|pool)(\d)s?$")  # the encoder of U-Net-VGG11
_STAGE = re.compile(r"(decoder|fpn|segm|psp|upsampling)_(?:stage_?|level)p?(\d)")  # of the zoo
_LEVELS = 5  # of the zoo's decoders; they count their stages from the deepest on


def block_of(spec: ModelSpec, layer: str) -> str:
    """The block of a layer, such as ``enc1``, ``bridge``, ``dec1``, ``head``, by its name."""
    if layer.startswith("logits"):
        return "head"
    if spec.architecture == "unet-vgg11":
        if found := _TERNAUS.match(layer):
            return f"enc{found[1]}"
        if layer.startswith("center"):
            return "bridge"
    if isinstance(spec, ZooSpec):
        if found := _STAGE.match(layer):
            deep = found[1] == "decoder"
            return f"dec{_LEVELS - int(found[2])}" if deep else f"{found[1]}{found[2]}"
        if layer.startswith("center"):
            return "bridge"
    return layer.partition("_")[0]


def encoder_layers(model: Any, spec: ModelSpec) -> list[Any]:
    """The layers that `freeze_encoder` freezes."""
    return [layer for layer in model.layers if block_of(spec, layer.name).startswith("enc")]
