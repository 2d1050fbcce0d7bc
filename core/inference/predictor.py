"""Predict images of any size, tile by tile, in bounded memory."""

from __future__ import annotations

import copy
import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from core.classes import VOID
from core.device import tensorflow
from core.errors import ConfigError
from core.imagery.tiles import OVERLAP, TileGrid, fitting_size
from core.inference.anchor import FREE, LARGE_PIXELS, Anchor
from core.inference.averaging import OWN_SIZE, Averaging
from core.inference.blocks import Blending, TileImage
from core.inference.disagreement import disagreement_bits, view_rows, with_entropy, within_rows
from core.inference.scales import ScaledImage, brought_back, mean_of_rows
from core.models.model_input import ModelInput

if TYPE_CHECKING:
    import keras

    from core.models.card import ModelCard

__all__ = ["Predictor", "Progress", "Strip", "counter"]

Progress = Callable[[int, int], None]

_STRIDE = 8  # of the maps that PSPNet pools
_LARGE_TILE = (4, 3)  # of a tile of smaller images: 1024 pixels instead of 768


@dataclass(frozen=True)
class Strip:
    """Finished rows of a prediction.

    Attributes:
        row: the first of them.
        probabilities: (h, w, K) float32 of rows row … row+h-1.
        disagreement: (h, w) float32, of the views that these are the mean of, in bits, see
            `core.inference.disagreement`; None where it was not asked for.
    """

    row: int
    probabilities: np.ndarray
    disagreement: np.ndarray | None = None


class Predictor:
    """Class probabilities and labels for whole images.

    Tiles overlap, are mirrored beyond the image's edge and blended where they meet; their outer
    pixels, where a network sees little of the surroundings, do not count. One traced function
    serves each tile shape; a lock lets several sessions share a predictor. Memory beyond the image
    and the labels is one row of tiles, with several scales one of each.

    Args:
        model: network from images (N, H, W, C) to logits (N, H, W, K).
        model_input: the way from an image's pixels to the network's C channels.
        tile: largest side of a tile in pixels; a network of one size takes tiles of that size.
            With an overlap it is at least two of the network's multiples.
        overlap: share of a tile that neighbours share, 0 to 0.75, in whole multiples of the
            network's; where it is not 0, at least one.
        tta: average over the eight symmetries of the square.
        scales: sizes at which the image is predicted, as multiples of its own, each cut into tiles
            of its own and brought back by linear interpolation; their mean is what comes out.
        batch: number of tiles computed at once.
        large_pixels: images of more pixels have tiles by a third larger, at places that depend on
            where the image lies alone: `bench.seams` says how many labels depend on the grid.

    Attributes:
        model_digest: SHA-256 of the model's card, which has that of its weights; empty where
            there is none.

    Raises:
        ConfigError: the overlap is not between 0 and 0.75, or the scales do not fit (`Averaging`).
    """

    def __init__(
        self,
        model: keras.Model,
        model_input: ModelInput,
        *,
        tile: int = 768,
        overlap: float = OVERLAP,
        tta: bool = False,
        scales: Sequence[float] = OWN_SIZE,
        batch: int = 1,
        large_pixels: int = LARGE_PIXELS,
    ) -> None:
        if not 0 <= overlap <= 0.75:
            raise ConfigError(
                f"expected an overlap between 0 and 0.75, received {overlap}",
                remedy=f"{OVERLAP} is a good value",
            )
        self.model = model
        self.input = model_input
        self.classes = int(model.output_shape[-1])
        # A network whose input has a size of its own (PSPNet) takes tiles of that size alone. They
        # may begin anywhere, but for the strides within it.
        self._multiple = _STRIDE if model_input.size else model_input.multiple
        self.large_pixels = large_pixels
        self.model_digest = ""
        self.tile, self.overlap = self._sizes(tile, overlap)
        self._large = self._sizes(tile * _LARGE_TILE[0] // _LARGE_TILE[1], overlap)
        self.averaging = Averaging(tta, tuple(scales))
        self.batch = batch
        self._functions: dict[tuple[int, int], Any] = {}
        self._lock = threading.Lock()

    def _sizes(self, tile: int, share: float) -> tuple[int, int]:
        """Side of the tiles, and pixels that neighbours share at least."""
        multiple = self._multiple
        size = self.input.size or max(multiple, tile // multiple * multiple)
        if share and not self.input.size:
            # Room for one multiple that neighbours share, and one to move on by.
            size = max(size, 2 * multiple)
        rounded = round(size * share / multiple) * multiple
        # A deep network's multiple may be more than was asked for; without any, seams show.
        least = multiple if share else 0
        return size, min(max(rounded, least), size - multiple)

    @classmethod
    def of_card(cls, model: keras.Model, card: ModelCard, **settings: Any) -> Predictor:
        """A predictor with the preprocessing that stands in a model's card."""
        predictor = cls(model, ModelInput.of_card(card), **settings)
        predictor.model_digest = hashlib.sha256(card.model_dump_json().encode()).hexdigest()
        return predictor

    def for_bands(self, chosen: Sequence[int], file_bands: int) -> Predictor:
        """The same for files with other bands, see `ModelInput.of_bands`; the network is shared.

        Raises:
            ConfigError: the bands do not fit.
        """
        other = copy.copy(self)
        other.input = self.input.of_bands(chosen, file_bands)
        return other

    def predict(
        self,
        pixels: np.ndarray,
        valid: np.ndarray | None = None,
        progress: Progress | None = None,
        *,
        probabilities: np.ndarray | None = None,
        anchor: Anchor = FREE,
    ) -> np.ndarray:
        """The likeliest class of every pixel.

        Args:
            pixels: (H, W, bands) as in the file.
            valid: (H, W) bool; pixels without data come out void.
            progress: called with the number of tiles done and of all tiles.
            probabilities: (H, W, K) float32, filled on the way where it is given.
            anchor: where the image lies among others.

        Returns:
            (H, W) uint8 labels.

        Raises:
            ImageError: the image has another number of bands or another dtype.
        """
        labels = np.empty(pixels.shape[:2], np.uint8)
        for strip in self.strips(pixels, valid, progress, anchor=anchor):
            rows = slice(strip.row, strip.row + len(strip.probabilities))
            labels[rows] = strip.probabilities.argmax(axis=-1)
            if probabilities is not None:
                probabilities[rows] = strip.probabilities
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

    @property
    def large_tile(self) -> int:
        """Side of the tiles of large images in pixels."""
        return self._large[0]

    def tiles(self, height: int, width: int, anchor: Anchor = FREE) -> tuple[TileGrid, TileGrid]:
        """Where the tiles of an image begin, from top to bottom and from left to right.

        Args:
            height, width: of the image.
            anchor: where it lies among other images.
        """
        large = height * width > self.large_pixels
        sides = ((height, anchor.row), (width, anchor.column))
        down, across = (self._tiles(side, start, large) for side, start in sides)
        return down, across

    def _tiles(self, side: int, start: int = 0, large: bool = False) -> TileGrid:
        tile, overlap = self._large if large else (self.tile, self.overlap)
        phase = start % self._multiple
        if large and side > tile:
            return TileGrid.anchored(side, tile, overlap, self._multiple, start=start)
        if self.input.size:
            grid = TileGrid.over(side, tile, overlap, self._multiple, phase)
            return TileGrid(grid.starts, tile)
        size = fitting_size(side, tile, overlap, self._multiple, phase)
        return TileGrid.over(side, size, overlap, self._multiple, phase)

    def blending(self, image: TileImage, anchor: Anchor = FREE, extra: int = 0) -> Blending:
        """The tiles of an image, and how they are put together.

        Args:
            image: to cut tiles from, in memory or in a file.
            anchor: where it lies among other images.
            extra: values of a pixel beside its probabilities.
        """
        down, across = self.tiles(image.height, image.width, anchor)
        large = image.height * image.width > self.large_pixels
        overlap = self._large[1] if large else self.overlap
        return Blending(image, down, across, overlap, self.classes + extra)

    def strips(
        self,
        pixels: np.ndarray,
        valid: np.ndarray | None = None,
        progress: Progress | None = None,
        *,
        anchor: Anchor = FREE,
        disagreement: bool = False,
    ) -> Iterator[Strip]:
        """Predict from top to bottom and hand out rows as soon as no later tile touches them.

        Args:
            pixels: (H, W, bands) as in the file.
            valid: (H, W) bool; what a pixel without data holds makes no difference.
            progress: called with the number of tiles done and of all tiles.
            anchor: where the image lies among others.
            disagreement: whether that of the views is handed out, where something is averaged.

        Raises:
            ImageError: the image has another number of bands or another dtype.
        """
        self.input.check(pixels)
        views = disagreement and not self.averaging.is_plain
        sizes = [ScaledImage(self.input, pixels, valid, s) for s in self.averaging.scales]
        # Images of another size share no pixels with their neighbours.
        parts = [self.blending(size, FREE if size.is_resized else anchor, views) for size in sizes]
        step = counter(progress, sum(part.tiles for part in parts))
        streams = [
            self._at_own_size(size, part, step) for size, part in zip(sizes, parts, strict=True)
        ]
        row = 0
        for rows in streams[0] if len(streams) == 1 else mean_of_rows(streams):
            yield Strip(row, rows[..., :-1], disagreement_bits(rows)) if views else Strip(row, rows)
            row += len(rows)

    def _at_own_size(
        self, size: ScaledImage, tiles: Blending, step: Callable[[int], None]
    ) -> Iterator[np.ndarray]:
        """Rows of `_rows` at the image's own size."""
        rows = self._rows(size.width, tiles, step)
        if not size.is_resized:
            return rows
        if tiles.classes == self.classes:
            return brought_back(rows, *size.back_taps(), self.tile)
        return view_rows(brought_back(within_rows(rows), *size.back_taps(), self.tile))

    def _rows(
        self, width: int, tiles: Blending, step: Callable[[int], None]
    ) -> Iterator[np.ndarray]:
        """Probabilities (h, w, K) at one scale, some rows at a time, from top to bottom.

        Args:
            width: of the image at that scale.
            tiles: of the image at that scale; where they have one value more than there are
                classes, it is the mean entropy of the views.
            step: called with the number of tiles done since it last was.
        """
        rows = np.empty((0, width, tiles.classes), np.float32)
        view = self._call if tiles.classes == self.classes else with_entropy(self._call)
        softmax = partial(self._mean_of_views, view)
        for block in tiles.blocks(softmax, step, batch=self.batch):
            if block.column == 0:
                # A new array, as the one before may be held by whoever asked for it.
                rows = np.zeros((block.height, width, tiles.classes), np.float32)
            if block.probabilities is not None:
                rows[:, block.column : block.column + block.width] = block.probabilities
            if block.column + block.width == width:
                yield rows

    def softmax(self, tiles: np.ndarray) -> np.ndarray:
        """Probabilities of normalised tiles (N, h, w, C) → (N, h, w, K)."""
        return self._mean_of_views(self._call, tiles)

    def _mean_of_views(
        self, view: Callable[[np.ndarray], np.ndarray], tiles: np.ndarray
    ) -> np.ndarray:
        """What `view` says of tiles, as a mean over the symmetries where they are averaged."""
        if not self.averaging.symmetries:
            return view(tiles)
        total: np.ndarray | float = 0.0
        for turn in range(4):
            turned = np.rot90(tiles, turn, axes=(1, 2))
            total = total + np.rot90(view(turned), -turn, axes=(1, 2))
            mirrored = view(turned[:, :, ::-1])[:, :, ::-1]
            total = total + np.rot90(mirrored, -turn, axes=(1, 2))
        return np.asarray(total / 8)

    def _call(self, tiles: np.ndarray) -> np.ndarray:
        tf = tensorflow()
        shape = (tiles.shape[1], tiles.shape[2])
        with self._lock:
            if shape not in self._functions:
                spec = tf.TensorSpec((None, *shape, self.input.channels), tf.float32)

                @tf.function(input_signature=[spec], jit_compile=False)
                def forward(batch: Any) -> Any:
                    return tf.nn.softmax(self.model(batch, training=False), axis=-1)

                self._functions[shape] = forward
            return np.asarray(self._functions[shape](np.ascontiguousarray(tiles)))


def counter(progress: Progress | None, total: int) -> Callable[[int], None]:
    """A function that counts tiles and reports how many of all are done."""
    done = 0

    def step(count: int) -> None:
        nonlocal done
        done += count
        if progress and count:
            progress(done, total)

    return step
