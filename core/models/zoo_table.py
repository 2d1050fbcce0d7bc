"""The table of the networks of segmentation-models that can be trained, and what each costs.

`zoo.json` holds a row for every one that builds on the pinned Keras; `python -m bench.zoo` makes it
anew, and then tests each (a step, saved, loaded again to the same output). What is not in it
(densenet*, whose layers' names Keras 3 refuses) is left out.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

__all__ = ["SIDE", "ZOO_FILE", "backbones", "read_table"]

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
