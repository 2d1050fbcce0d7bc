"""The network of a spec: built, counted, and told apart into blocks, whatever its family."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from core.models.cost.layer_sum import Cost
from core.models.families import family_of
from core.models.spec import ModelSpec

if TYPE_CHECKING:
    import keras

__all__ = ["block_of", "build_model", "cost", "encoder_layers", "network_name", "network_title"]


def network_name(spec: ModelSpec) -> str:
    """The name of a network in lists: its architecture, with the backbone where it has a choice."""
    backbone = getattr(spec, "backbone", "")
    return f"{spec.architecture}-{backbone}" if backbone else spec.architecture


def network_title(spec: ModelSpec) -> str:
    """What a network is called on the screen, such as "U-Net", or "FPN with resnet34"."""
    title, backbone = family_of(spec).title, getattr(spec, "backbone", "")
    return f"{title.partition(' with ')[0]} with {backbone}" if backbone else title


def build_model(spec: ModelSpec) -> keras.Model:
    """The network of a spec, with random weights; (N, H, W, bands) to logits (N, H, W, classes).

    Raises:
        ModelError: its input must have a size, and the spec gives none.
    """
    return family_of(spec).build(spec)


@lru_cache(maxsize=256)
def cost(spec: ModelSpec, size: int) -> Cost:
    """What a network costs, from its spec alone: nothing is built and TensorFlow stays away.

    Args:
        spec: the network.
        size: side of the image in pixels, a multiple of ``spec.multiple``.

    Raises:
        ValueError: it is no such multiple.
    """
    if size % spec.multiple:
        raise ValueError(f"expected a size in multiples of {spec.multiple}, received {size}")
    return family_of(spec).cost(spec, size)


def block_of(spec: ModelSpec, layer: str) -> str:
    """The block of a layer by its name, such as ``enc1``, ``bridge``, ``dec1``, ``head``."""
    return "head" if layer.startswith("logits") else family_of(spec).block(layer)


def encoder_layers(model: Any, spec: ModelSpec) -> list[Any]:
    """The layers that `freeze_encoder` freezes."""
    return [layer for layer in model.layers if block_of(spec, layer.name).startswith("enc")]
