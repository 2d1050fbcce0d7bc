"""Arrays in memory as tiles: what is larger than the browser is sent whole."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np

from core.imagery.pyramid.reader import ArrayTiles
from core.imagery.pyramid.reduce import Kind
from ui.viewer.encode import Role, digest
from ui.viewer.tiles.sources import TileContent, Tiled, open_source

__all__ = ["tiled_array"]

_KINDS: dict[Role, Kind] = {
    "image": "picture",
    "rgba": "picture",
    "labels": "labels",
    "values": "codes",
    "values16": "codes",
}


def tiled_array(pixels: np.ndarray, role: Role) -> Tiled:
    """The tiles of an array.

    It is held as long as it is asked for and there is room, and must not change.

    Args:
        pixels: as for `encode_picture`.
        role: "image" and "rgba" are made smaller by the mean, "labels" by the mode, and "values"
            and "values16" by the nearest.
    """
    tiles = ArrayTiles(pixels, _KINDS[role])
    size = int(pixels.nbytes * 4 / 3)
    content = TileContent(tiles.levels, role, lambda: nullcontext(tiles), size=size)
    source = open_source(digest(pixels), content)
    return Tiled(source.id, tiles.levels.width, tiles.levels.height)
