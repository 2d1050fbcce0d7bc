"""All networks that can be trained, one by one, with what each costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from core.models.cost.layer_sum import Cost
from core.models.families import FAMILIES
from core.models.network import cost, network_name
from core.models.spec import ModelSpec

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
    """Each family with its default settings, with a choice of encoders once for each of them.

    Args:
        bands: number of bands of the input, from 1.
        classes: number of classes of the output, from 1.
        size: side of the image that the cost is for; where a network cannot take it, the next
            larger one that it can.
    """
    for name, family in FAMILIES.items():
        settings = {"architecture": name, "bands": bands, "classes": classes}
        choices = [{"backbone": backbone} for backbone in family.backbones()] or [{}]
        for choice in choices:
            spec = family.spec.model_validate(settings | choice)
            side = ceil(size / spec.multiple) * spec.multiple
            spec = spec.for_crops(side)
            yield Architecture(network_name(spec), spec, side, cost(spec, side))
