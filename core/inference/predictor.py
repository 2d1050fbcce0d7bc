"""Predict images of any size, tile by tile, in bounded memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.classes import VOID
from core.device import tensorflow
from core.errors import ConfigError
from core.imagery.tiles import TileGrid, blend_window, reflected
from core.models.input_bands import network_bands

if TYPE_CHECKING:
    import keras

    from core.imagery.normalise import Normalisation
    from core.models.card import ModelCard

__all__ = ["Predictor", "Strip"]

Progress = Callable[[int, int], None]

_STRIDE = 8  # of the maps that PSPNet pools


@dataclass(frozen=True)
class Strip:
    """Finished rows of a prediction: probabilities (h, W, K) float32 of rows row … row+h-1."""

    row: int
    probabilities: np.ndarray


class Predictor:
    """Class probabilities and labels for whole images.

    Tiles overlap, are mirrored beyond the image's edge and blended with weights that fall
    smoothly towards their borders, so that no seam shows. One traced function serves each tile
    shape; a lock lets several sessions share a predictor. Memory beyond the image and the labels
    is one row of tiles.

    Args:
        model: from images (N, H, W, C) to logits (N, H, W, K).
        normalisation: the model card's.
        multiple: tile sizes are multiples of this many pixels; of no account for a network whose
            input has a fixed size.
        dtype: the dtype of the images it was trained on, for the error that tells them apart.
        tile: largest side of a tile in pixels, where the network leaves it open.
        overlap: share of a tile that neighbours share, 0 to 0.75.
        tta: average over the eight symmetries of the square.
        batch: tiles computed at once.
        chosen, file_bands: the model card's `bands` and `file_bands`.
    """

    def __init__(
        self,
        model: keras.Model,
        normalisation: Normalisation,
        *,
        multiple: int,
        dtype: str | None = None,
        tile: int = 512,
        overlap: float = 0.25,
        tta: bool = False,
        batch: int = 1,
        chosen: tuple[int, ...] = (),
        file_bands: int = 0,
    ) -> None:
        if not 0 <= overlap <= 0.75:
            raise ConfigError(
                f"expected an overlap between 0 and 0.75, received {overlap}",
                remedy="0.25 is a good value",
            )
        self.model = model
        self.normalisation = normalisation
        self.dtype = dtype
        self.chosen, self.file_bands = chosen, file_bands
        self.bands = int(model.input_shape[-1])
        self.classes = int(model.output_shape[-1])
        # A network whose input has a size of its own (PSPNet) takes tiles of that size alone. They
        # may begin anywhere, but for the strides within it.
        self._fixed: int | None = model.input_shape[1]
        multiple = self.multiple = _STRIDE if self._fixed else multiple
        self.tile = self._fixed or max(multiple, tile // multiple * multiple)
        # At least one multiple is left to move on by.
        rounded = round(self.tile * overlap / multiple) * multiple
        self.overlap = min(rounded, self.tile - multiple)
        self.tta = tta
        self.batch = batch
        self._functions: dict[tuple[int, int], Any] = {}
        self._lock = threading.Lock()

    @classmethod
    def of_card(cls, model: keras.Model, card: ModelCard, **settings: Any) -> Predictor:
        """A predictor with the preprocessing that stands in a model's card."""
        return cls(
            model,
            card.normalisation,
            multiple=card.spec.multiple,
            dtype=card.dtype,
            chosen=card.bands,
            file_bands=card.file_bands,
            **settings,
        )

    def check(self, pixels: np.ndarray) -> np.ndarray:
        """The bands of the image that the model takes.

        Raises:
            ImageError: it has other bands or another type than the model was trained on.
        """
        return network_bands(pixels, self.bands, self.dtype, self.chosen, self.file_bands)

    def predict(
        self, pixels: np.ndarray, valid: np.ndarray | None = None, progress: Progress | None = None
    ) -> np.ndarray:
        """The likeliest class of every pixel.

        Args:
            pixels: (H, W, C) as in the file.
            valid: (H, W) bool; pixels without data come out void.
            progress: called with tiles done and tiles in all.

        Returns:
            (H, W) uint8 labels.

        Raises:
            ImageError: other bands or another type than the model was trained on.
        """
        labels = np.empty(pixels.shape[:2], np.uint8)
        for strip in self.strips(pixels, valid, progress):
            rows = slice(strip.row, strip.row + len(strip.probabilities))
            labels[rows] = strip.probabilities.argmax(axis=-1)
        if valid is not None:
            labels[~valid] = VOID
        return labels

    def probabilities(
        self, pixels: np.ndarray, valid: np.ndarray | None = None, progress: Progress | None = None
    ) -> np.ndarray:
        """Softmax probabilities of every pixel, (H, W, K) float32: 4 × K bytes a pixel."""
        whole = np.empty((*pixels.shape[:2], self.classes), np.float32)
        for strip in self.strips(pixels, valid, progress):
            whole[strip.row : strip.row + len(strip.probabilities)] = strip.probabilities
        return whole

    def strips(
        self, pixels: np.ndarray, valid: np.ndarray | None = None, progress: Progress | None = None
    ) -> Iterator[Strip]:
        """Predict from top to bottom and hand out rows as soon as no later tile touches them."""
        pixels = self.check(pixels)
        height, width = pixels.shape[:2]
        down, across = (
            TileGrid.over(side, self.tile, self.overlap, self.multiple, whole=bool(self._fixed))
            for side in (height, width)
        )
        window = blend_window(down.size, across.size, self.overlap)[..., None]
        total, done = len(down.starts) * len(across.starts), 0
        # The canvas holds the rows of the current row of tiles; `top` is its first row.
        span = across.starts[-1] + across.size - across.starts[0]
        canvas = np.zeros((down.size, span, self.classes), np.float32)
        weight = np.zeros((down.size, span, 1), np.float32)
        for index, top in enumerate(down.starts):
            rows = reflected(top, down.size, height)
            for first in range(0, len(across.starts), self.batch):
                lefts = across.starts[first : first + self.batch]
                columns = [reflected(left, across.size, width) for left in lefts]
                tiles = np.stack([self._tile(pixels, valid, rows, cols) for cols in columns])
                for left, scores in zip(lefts, self._softmax(tiles), strict=True):
                    at = left - across.starts[0]
                    canvas[:, at : at + across.size] += scores * window
                    weight[:, at : at + across.size] += window
                done += len(lefts)
                if progress:
                    progress(done, total)
            last = index + 1 == len(down.starts)
            finished = down.size if last else down.starts[index + 1] - top
            yield from self._finished(canvas, weight, top, finished, height, width, across)
            if not last:
                for array in (canvas, weight):
                    array[: down.size - finished] = array[finished:].copy()
                    array[down.size - finished :] = 0

    def _finished(
        self,
        canvas: np.ndarray,
        weight: np.ndarray,
        top: int,
        count: int,
        height: int,
        width: int,
        across: TileGrid,
    ) -> Iterator[Strip]:
        first, end = max(0, top), min(height, top + count)
        if first >= end:
            return
        rows = slice(first - top, end - top)
        columns = slice(-across.starts[0], width - across.starts[0])
        yield Strip(first, canvas[rows, columns] / weight[rows, columns])

    def _tile(
        self, pixels: np.ndarray, valid: np.ndarray | None, rows: np.ndarray, columns: np.ndarray
    ) -> np.ndarray:
        at = np.ix_(rows, columns)
        return self.normalisation(pixels[at], None if valid is None else valid[at])

    def _softmax(self, tiles: np.ndarray) -> np.ndarray:
        """Probabilities of normalised tiles (N, h, w, C) → (N, h, w, K)."""
        if not self.tta:
            return self._call(tiles)
        total = np.zeros((*tiles.shape[:3], self.classes), np.float32)
        for turn in range(4):
            turned = np.rot90(tiles, turn, axes=(1, 2))
            total += np.rot90(self._call(turned), -turn, axes=(1, 2))
            mirrored = self._call(turned[:, :, ::-1])[:, :, ::-1]
            total += np.rot90(mirrored, -turn, axes=(1, 2))
        return total / 8

    def _call(self, tiles: np.ndarray) -> np.ndarray:
        tf = tensorflow()
        shape = (tiles.shape[1], tiles.shape[2])
        with self._lock:
            if shape not in self._functions:
                spec = tf.TensorSpec((None, *shape, self.bands), tf.float32)

                @tf.function(input_signature=[spec], jit_compile=False)
                def forward(batch: Any) -> Any:
                    return tf.nn.softmax(self.model(batch, training=False), axis=-1)

                self._functions[shape] = forward
            return np.asarray(self._functions[shape](np.ascontiguousarray(tiles)))
