"""Tiles of a scene, read when they are asked for."""

from __future__ import annotations

import numpy as np

from core.imagery.raster import Raster
from core.imagery.scene.scene import Scene
from core.inference.blocks import Counted, Tile
from core.inference.scales import Taps, no_tile, own_window, resampled_input
from core.models.model_input import ModelInput

__all__ = ["ResizedScene", "SceneImage", "sample_of"]

_SAMPLES, _SAMPLE = 24, 256  # windows of a scene that are looked at, and pixels along their sides


class SceneImage:
    """A scene as `core.inference.blocks.TileImage`.

    Args:
        scene: open; read by one thread at a time.
        model_input: the way from its pixels to the network's C channels.

    Attributes:
        height, width: in pixels.
    """

    def __init__(self, scene: Scene, model_input: ModelInput) -> None:
        self.height, self.width = scene.header.height, scene.header.width
        self._scene, self._input = scene, model_input

    def tile(self, rows: np.ndarray, columns: np.ndarray, counted: Counted) -> Tile:
        """A tile; those that count for nothing with data are not read, or not normalised."""
        if not self._scene.may_have_data(*counted):
            return no_tile(counted)
        top, left = int(rows.min()), int(columns.min())
        window = slice(top, int(rows.max()) + 1), slice(left, int(columns.max()) + 1)
        pixels, valid = self._scene.part(*window)
        down, across = counted
        part = valid[down.start - top : down.stop - top, across.start - left : across.stop - left]
        if not part.any():
            return Tile(None, part)
        values = self._input.prepare(pixels, None if valid.all() else valid)
        if values.shape[:2] != (len(rows), len(columns)):  # mirrored beyond the image's edge
            values = values.take(rows - top, axis=0).take(columns - left, axis=1)
        return Tile(values, None if part.all() else part.copy())


class ResizedScene:
    """A scene at another size as `core.inference.blocks.TileImage`, as `ScaledImage` has it.

    Args:
        scene: open; read by one thread at a time.
        model_input: the way from its pixels to the network's C channels.
        scale: height and width as multiples of the scene's.

    Attributes:
        height, width: at that size, at least one pixel.
        own_size: height and width of the scene.
    """

    def __init__(self, scene: Scene, model_input: ModelInput, scale: float) -> None:
        self.own_size = scene.header.height, scene.header.width
        self.height, self.width = (max(1, round(side * scale)) for side in self.own_size)
        self._scene, self._input = scene, model_input
        self._rows = Taps.image(self.own_size[0], self.height)
        self._columns = Taps.image(self.own_size[1], self.width)

    @property
    def is_resized(self) -> bool:
        """Whether the size is another one than the scene's."""
        return (self.height, self.width) != self.own_size

    def tile(self, rows: np.ndarray, columns: np.ndarray, counted: Counted) -> Tile:
        """A tile; those that count for nothing with data are not read, or not resampled."""
        own = own_window(counted, self)
        if not self._scene.may_have_data(*own) or not self._scene.part(*own).valid.any():
            return no_tile(counted)
        down, across = self._rows.at(rows), self._columns.at(columns)
        pixels, valid = self._scene.part(down.span, across.span)
        known = None if valid.all() else valid
        return Tile(resampled_input(self._input.prepare(pixels, known), known, down, across), None)

    def back_taps(self) -> tuple[Taps, Taps]:
        """Rows and columns of the scene's own size from those of this one, linear."""
        height, width = self.own_size
        return Taps.linear(self.height, height), Taps.linear(self.width, width)


def sample_of(scene: Scene) -> Raster:
    """Windows of a scene below one another, from all over it, to see what the scene is like."""
    header = scene.header
    side = min(_SAMPLE, header.height, header.width)
    count = round(_SAMPLES**0.5)
    tops = np.unique(np.linspace(0, header.height - side, count + 1).astype(int)).tolist()
    lefts = np.unique(np.linspace(0, header.width - side, count).astype(int)).tolist()
    parts = [
        scene.part(slice(top, top + side), slice(left, left + side))
        for top in tops
        for left in lefts
    ]
    pixels = np.concatenate([part.pixels for part in parts])
    return Raster(pixels, np.concatenate([part.valid for part in parts]), header)
