"""Ways to read a picture by the class colours: exactly, or the nearest as after a JPEG."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from core.classes import DUBAI_VOID_COLORS, ClassTable, pack_color, pack_rgb
from core.datasets.masks.soft_masks import pixels_near, tolerance_of
from core.datasets.masks.values import MAX_VALUES, count_band
from core.datasets.masks.ways.way import Way
from core.mask_coding import MaskCoding

__all__ = ["color_ways"]


def color_ways(pixels: np.ndarray, classes: ClassTable, coding: MaskCoding | None) -> Iterator[Way]:
    """Ways to read a picture by the class colours, the likeliest first.

    Args:
        pixels: (H, W, 3 or more) uint8 RGB.
        classes: the table, whose colours are read.
        coding: how the masks of the model's training were written, None where not known; its
            void colours count.
    """
    void = coding.void_colors if coding and coding.kind == "color" else DUBAI_VOID_COLORS
    yield Way("by the class colours", MaskCoding("color", void_colors=void))
    counts = count_band(pack_rgb(pixels[..., :3]))
    listed = [pack_color(rgb) for rgb in {*classes.colors, *void.values()}]
    exact = pixels_near(listed, counts, True, 0)
    # A few other colours in a clean mask are no shades of a class: they are named one by one.
    if len(counts) <= MAX_VALUES and exact > sum(counts.values()) / 2:
        return
    if tolerance := tolerance_of(listed, counts, colored=True):
        title = f"by the nearest class colour, at most {tolerance:g} of 255 away"
        nearest = MaskCoding("color", void_colors=void, tolerance=tolerance)
        yield Way(title, nearest, "guess")
