"""Where an image lies among others, so that tiles fall on the same pixels of the ground."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.imagery.header import Georeference

__all__ = ["FREE", "LARGE_PIXELS", "Anchor"]

LARGE_PIXELS = 4000 * 4000
"""Pixels above which an image has larger tiles at fixed places, and a GeoTIFF goes by windows."""

# Origins are whole or half pixels of their grid; these must not be rounded by chance.
_ROUNDING = 0.25


@dataclass(frozen=True)
class Anchor:
    """The place of an image's first pixel on its grid continued over the Earth.

    A network with pooling answers otherwise where an image is moved by a pixel. With tiles that
    begin at places of the ground a part of a scene is mapped as the scene is.

    Attributes:
        row, column: counted from the grid's origin.
    """

    row: int = 0
    column: int = 0

    @classmethod
    def of(cls, georeference: Georeference | None) -> Anchor:
        """That of an image; `FREE` where it has no grid, or one without an inverse."""
        if georeference is None or not georeference.transform.determinant:
            return FREE
        column, row = ~georeference.transform @ (0.0, 0.0)
        if not (math.isfinite(column) and math.isfinite(row)):
            return FREE
        return cls(math.floor(_ROUNDING - row), math.floor(_ROUNDING - column))


FREE = Anchor()
"""Of an image without a place: tiles begin at its corner."""
