"""A ground-truth mask that comes alone, without a dataset around it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.classes import DUBAI_VOID_COLORS, VOID, ClassTable, hex_to_rgb
from core.datasets.masks.decode import MaskCoding, decode_mask
from core.errors import ImageError
from core.imagery.raster import read_raster

__all__ = ["Truth", "read_truth"]


@dataclass(frozen=True)
class Truth:
    """A mask read with a model's class table.

    Attributes:
        labels: (H, W) uint8, 255 = void.
        notes: what had to be decided in reading it, for the reader to check.
    """

    labels: np.ndarray
    notes: tuple[str, ...]


def read_truth(
    source: Path | bytes, classes: ClassTable, shape: tuple[int, int], *, name: str
) -> Truth:
    """Read a mask, in colours or as class indices, with a given class table.

    Grey #9B9B9B and black mean void unless a class has that colour. Other colours and values are
    counted as void and reported.

    Args:
        source: a file, or the bytes of an upload.
        classes: the table to read it with.
        shape: (H, W) of the image.
        name: what to call it in messages.

    Raises:
        ImageError: it cannot be read, is of another size than the image, or has no pixel of a
            known class.
    """
    raster = read_raster(source, name=name, as_stored=True)
    height, width = raster.pixels.shape[:2]
    if (height, width) != shape:
        raise ImageError(
            f"the image is {shape[1]}×{shape[0]} pixels but its mask is {width}×{height}",
            where=name,
            remedy="export the mask again at the image's size; it is never resized here",
        )
    colored = raster.pixels.shape[-1] >= 3
    coding = (
        MaskCoding("color", void_colors=DUBAI_VOID_COLORS)
        if colored
        else MaskCoding("index", values={i: i for i in range(len(classes))})
    )
    labels, unknown = decode_mask(raster, classes, coding)
    notes = [_note(value, count, classes) for value, count in sorted(unknown.items(), key=_falling)]
    if (labels == VOID).all():
        table = ", ".join(f"{c.name} {c.color}" for c in classes.classes)
        raise ImageError(
            "no pixel of the mask is of a class the model knows",
            where=name,
            remedy=f"expected the colours {table}, or one band with their numbers from 0",
        )
    if len(notes) > 5:
        rest = sum(sorted(unknown.values(), reverse=True)[5:])
        notes = [*notes[:5], f"{len(notes) - 5} further values, {rest:,} pixels, count as void."]
    return Truth(labels, tuple(notes))


def _falling(item: tuple[str, int]) -> int:
    return -item[1]


def _note(value: str, count: int, classes: ClassTable) -> str:
    text = f"{value} is in no class: its {count:,} pixel(s) count as void"
    if value.startswith("#"):
        distance = [
            sum((a - b) ** 2 for a, b in zip(hex_to_rgb(value), rgb, strict=True))
            for rgb in classes.colors
        ]
        nearest = classes.classes[int(np.argmin(distance))]
        text += f" (the nearest class colour is {nearest.name}, {nearest.color})"
    return text + "."
