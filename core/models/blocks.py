"""Which part of a network a layer belongs to."""

from __future__ import annotations

from typing import Any

from core.models.spec import ModelSpec

__all__ = ["block_of", "encoder_layers"]


def block_of(spec: ModelSpec, layer: str) -> str:
    """The block of a layer, such as ``enc1``, ``bridge``, ``dec1``, ``head``, by its name."""
    return "head" if layer.startswith("logits") else layer.partition("_")[0]


def encoder_layers(model: Any, spec: ModelSpec) -> list[Any]:
    """The layers that `freeze_encoder` freezes."""
    return [
        layer for layer in model.layers if block_of(spec, layer.name).startswith(("enc", "conv"))
    ]
