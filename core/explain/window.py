"""The part of an image that a network is looked into with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.errors import ImageError
from core.imagery.raster import Raster
from core.imagery.tiles import reflected
from core.models.model_input import ModelInput

if TYPE_CHECKING:
    from core.models.card import ModelCard

__all__ = ["LIMIT", "ImageView", "Window", "centre_window", "view_image", "window_note"]

LIMIT = 1024
"""Longest side, in pixels, of the part of an image that a network is given at once."""


@dataclass(frozen=True)
class Window:
    """A part of an image in whole pixels: its first row and column, and its size."""

    row: int
    column: int
    height: int
    width: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Its rows and columns."""
        rows = slice(self.row, self.row + self.height)
        return rows, slice(self.column, self.column + self.width)

    def crop(self, pixels: np.ndarray) -> np.ndarray:
        """The part itself as a view, (height, width, …)."""
        return pixels[self.slices]


@dataclass(frozen=True)
class ImageView:
    """A part of an image as a network is given it.

    Attributes:
        batch: (1, h, w, C) float32, normalised. The window is its upper left corner; beyond it lie
            the pixels of the image that are there or, beyond the image's edge, their reflection.
        window: part of the image.
        size: height and width of the whole image in pixels.
    """

    batch: np.ndarray
    window: Window
    size: tuple[int, int]


def centre_window(height: int, width: int, limit: int = LIMIT) -> Window:
    """The middle of an image, at most `limit` pixels a side."""
    rows, columns = min(height, limit), min(width, limit)
    return Window((height - rows) // 2, (width - columns) // 2, rows, columns)


def view_image(
    card: ModelCard, image: Raster | np.ndarray, part: Window | int = LIMIT
) -> ImageView:
    """A part of an image for a network, at the scale the network was trained at.

    It is extended downwards and to the right to a multiple of what the network needs.

    Args:
        card: the model's card.
        image: pixels (H, W, bands) as in the file, or a raster, whose pixels without data become 0.
        part: window of the image, or the longest side, in pixels, of its middle; a network of one
            size takes that if it is less.

    Raises:
        ImageError: the image has another number of bands or another dtype than the model was
            trained on, or the window is not inside the image or is larger than `LIMIT`.
    """
    pixels = image.pixels if isinstance(image, Raster) else image
    valid = image.valid if isinstance(image, Raster) else None
    model_input = ModelInput.of_card(card)
    model_input.check(pixels)
    height, width = pixels.shape[:2]
    limit = LIMIT if isinstance(part, Window) else part
    limit = min(limit, model_input.size or limit)
    window = part if isinstance(part, Window) else centre_window(height, width, limit)
    _check_window(window, height, width, limit)
    multiple = model_input.size or model_input.multiple
    padded = [-(-side // multiple) * multiple for side in (window.height, window.width)]
    at = np.ix_(
        reflected(window.row, padded[0], height), reflected(window.column, padded[1], width)
    )
    return ImageView(model_input.prepare(pixels, valid, at)[None], window, (height, width))


def window_note(window: Window, size: tuple[int, int]) -> str:
    """The part of an image in words.

    Args:
        window: the part.
        size: height and width of the image in pixels.
    """
    height, width = size
    if (window.height, window.width) == (height, width):
        return f"the whole image, {width} × {height} px"
    return (
        f"a window of {window.width} × {window.height} px, {window.column} px from the left "
        f"and {window.row} px from the top, of the image's {width} × {height} px"
    )


def _check_window(window: Window, height: int, width: int, limit: int) -> None:
    inside = (
        window.row >= 0
        and window.column >= 0
        and 0 < window.height <= height - window.row
        and 0 < window.width <= width - window.column
    )
    if not inside:
        raise ImageError(
            f"the window of {window.width} × {window.height} px at ({window.column}, {window.row}) "
            f"is not inside the image of {width} × {height} px",
            remedy="choose a window inside the image",
        )
    if max(window.height, window.width) > limit:
        raise ImageError(
            f"the window of {window.width} × {window.height} px is larger than {limit} px",
            remedy="choose a smaller window, the memory for its maps grows with its area",
        )
