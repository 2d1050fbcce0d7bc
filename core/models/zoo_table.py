"""Which networks of segmentation-models are offered, and what each costs: one table.

`zoo.json` holds a row for every one that builds on the pinned Keras; `python -m bench.zoo` makes it
anew, and then tests each (a step, saved, loaded again to the same output). What is not in it
(densenet*, whose layers' names Keras 3 refuses) is not offered.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.models.spec import ZooSpec

__all__ = ["SIDE", "ZOO_FILE", "backbones", "read_table", "zoo_cost"]

ZOO_FILE = Path(__file__).with_name("zoo.json")
SIDE = 96
"""Side, in pixels, of the images that the table counts for."""


@lru_cache(maxsize=1)
def read_table() -> dict[str, dict[str, dict[str, Any]]]:
    """Rows by decoder and encoder."""
    table: dict[str, dict[str, dict[str, Any]]] = json.loads(ZOO_FILE.read_text())
    return table


def backbones(architecture: str) -> tuple[str, ...]:
    """The encoders that build with a decoder of the zoo, as the package lists them."""
    return tuple(read_table()[architecture])


def zoo_cost(spec: ZooSpec, size: int) -> tuple[int, int, int, int | None]:
    """Parameters, multiply-adds, values of all outputs and receptive field of a `ZooSpec`.

    Bands and classes change the first and the last convolution alone, so that each number is a sum
    of a part of the network's own, one for each band and one for each class; and all but what is
    computed of whole maps (squeeze-and-excitation, pyramid pooling) grows with the image's area.

    Args:
        spec: of the zoo.
        size: side of the image in pixels, a multiple of ``spec.multiple``.
    """
    row = read_table()[spec.architecture][spec.backbone]

    def counted(name: str) -> int:
        own, band, class_, whole = row[name]
        area = own + band * spec.bands + class_ * spec.classes
        return int(area * size**2 // SIDE**2 + whole)

    own, band, class_ = row["parameters"]
    parameters = own + band * spec.bands + class_ * spec.classes
    return parameters, counted("macs"), counted("activations"), row["receptive_field"]
