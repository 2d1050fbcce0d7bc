"""All networks that can be trained, one by one, with what each costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import get_args

from core.models.cost.cost import Cost, cost
from core.models.spec import (
    ModelSpec,
    UNetSpec,
    UNetVGG11Spec,
    ZooArchitecture,
    ZooSpec,
    network_name,
)
from core.models.zoo_table import backbones

__all__ = ["Architecture", "list_architectures"]


@dataclass(frozen=True)
class Architecture:
    """One network.

    Attributes:
        name: such as ``sm-fpn-resnet34``.
        spec: for the bands and classes that were asked for.
        size: side in pixels of the image that `cost` is for.
    """

    name: str
    spec: ModelSpec
    size: int
    cost: Cost


def list_architectures(bands: int, classes: int, size: int = 256) -> Iterator[Architecture]:
    """The own networks with their default settings, then the zoo's.

    Args:
        bands: of the input, from 1.
        classes: of the output, from 1.
        size: side of the image that the cost is for; where a network cannot take it, the next
            larger one that it can.
    """
    specs: list[ModelSpec] = [
        UNetSpec(bands=bands, classes=classes),
        UNetVGG11Spec(bands=bands, classes=classes),
    ]
    for decoder in get_args(ZooArchitecture):
        for backbone in backbones(decoder):
            specs.append(
                ZooSpec(architecture=decoder, backbone=backbone, bands=bands, classes=classes)
            )
    for spec in specs:
        side = ceil(size / spec.multiple) * spec.multiple
        if spec.architecture == "sm-pspnet":
            spec = spec.model_copy(update={"size": side})
        yield Architecture(network_name(spec), spec, side, cost(spec, side))
