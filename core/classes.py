"""Class tables: the ordered land classes of a dataset, their colours, and label values."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "DUBAI_CLASSES",
    "DUBAI_VOID_COLORS",
    "VOID",
    "ClassTable",
    "LandClass",
    "background_before",
    "class_name",
    "hex_to_rgb",
    "label_counts",
    "numbered",
]

VOID = 255
"""The label value of pixels that are not labelled or have no data."""


_AT_ONCE = 2**22  # pixels


def hex_to_rgb(text: str) -> tuple[int, int, int]:
    """``#3C1098`` as ``(60, 16, 152)``."""
    value = int(text.removeprefix("#"), 16)
    return value >> 16, value >> 8 & 255, value & 255


def label_counts(labels: np.ndarray) -> np.ndarray:
    """(256,) int64: how many pixels each label has.

    NumPy counts by numbers of eight bytes: a map is taken piece by piece, so that one of a gigabyte
    does not need eight more.

    Args:
        labels: of any shape, uint8.
    """
    flat = labels.reshape(-1)
    counts = np.zeros(256, np.int64)
    for start in range(0, flat.size, _AT_ONCE):
        counts += np.bincount(flat[start : start + _AT_ONCE], minlength=256)
    return counts


def _checked_color(text: str) -> str:
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", text):
        raise ValueError(f"expected a colour like #3C1098, received {text!r}")
    return text.upper()


def class_name(text: str) -> str:
    """A class's name as every file gives it back, without blanks around it.

    Raises:
        ValueError: it is blank, or has what the XML within a GeoTIFF cannot hold.
    """
    name = text.strip()
    if not name:
        raise ValueError("a class has a blank name")
    if any(unicodedata.category(c) in ("Cc", "Cs") or c in "\ufffe\uffff" for c in name):
        raise ValueError(f"the class name {text!r} has control characters")
    return name


Color = Annotated[str, AfterValidator(_checked_color)]
Name = Annotated[str, AfterValidator(class_name)]


class LandClass(BaseModel):
    """A class by its name and its colour on screen and in coloured masks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    color: Color

    @property
    def rgb(self) -> tuple[int, int, int]:
        return hex_to_rgb(self.color)


class ClassTable(BaseModel):
    """Ordered classes: the index of a class is its label value."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    classes: tuple[LandClass, ...] = Field(min_length=1, max_length=VOID)

    @model_validator(mode="after")
    def _distinct(self) -> ClassTable:
        for what, values in (
            ("name", self.names),
            ("colour", tuple(c.color for c in self.classes)),
        ):
            if len(set(values)) != len(values):
                raise ValueError(f"two classes have the same {what}: {', '.join(values)}")
        return self

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.classes)

    @property
    def colors(self) -> tuple[tuple[int, int, int], ...]:
        """Colours in index order, each (red, green, blue) in 0–255."""
        return tuple(c.rgb for c in self.classes)

    def colorize(self, labels: np.ndarray, void: tuple[int, int, int] = (0, 0, 0)) -> np.ndarray:
        """Colour a label map.

        Args:
            labels: (H, W) uint8 class indices, 255 = void.
            void: the colour of void pixels.

        Returns:
            (H, W, 3) uint8 RGB.
        """
        lookup = np.full((256, 3), void, np.uint8)
        lookup[: len(self)] = self.colors
        return lookup[labels]

    def overlay(self, rgb: np.ndarray, labels: np.ndarray, opacity: float) -> np.ndarray:
        """Lay a label map over a picture.

        Args:
            rgb: (H, W, 3) uint8.
            labels: (H, W) uint8 class indices, 255 = void, which stays transparent.
            opacity: 0 to 1; at 1 the class colours are exact.

        Returns:
            (H, W, 3) uint8 RGB.
        """
        weight = np.where(labels == VOID, 0.0, opacity)[..., None]
        return np.rint(rgb * (1 - weight) + self.colorize(labels) * weight).astype(np.uint8)


# Distinct in hue and in lightness, also with red-green blindness (Okabe & Ito 2008, extended).
_PALETTE = (
    *("#999999", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7"),
    *("#7F3C8D", "#11A579", "#3969AC", "#F2B701", "#E73F74", "#80BA5A", "#E68310", "#008695"),
)


def numbered(names: Sequence[str]) -> ClassTable:
    """A table of these names in colours that are easy to tell apart."""
    colors = list(_PALETTE)
    while len(colors) < len(names):
        # Beyond the palette: steps around the hue circle's corners, all distinct.
        colors.append(f"#{(len(colors) * 0x3B9AE1) & 0xFFFFFF:06X}")
    return ClassTable(
        classes=tuple(LandClass(name=n, color=c) for n, c in zip(names, colors, strict=False))
    )


def background_before(classes: ClassTable) -> ClassTable:
    """The classes with a background as the first."""
    lower = all(name == name.lower() for name in classes.names)
    known = {name.lower() for name in classes.names}
    words = ("background", "outside", *(f"background {n}" for n in range(2, len(known) + 2)))
    name = next(word for word in words if word not in known)
    name = name if lower else name.capitalize()
    used = {land_class.color for land_class in classes.classes}
    candidates = numbered([str(number) for number in range(len(used) + 1)]).classes
    color = next(c.color for c in candidates if c.color not in used)
    return ClassTable(classes=(LandClass(name=name, color=color), *classes.classes))


def pack_color(rgb: tuple[int, int, int]) -> int:
    """``0xRRGGBB`` of a colour, as `pack_rgb` of a pixel."""
    return rgb[0] << 16 | rgb[1] << 8 | rgb[2]


def pack_rgb(mask: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 RGB as (H, W) int32 ``0xRRGGBB``, so that colours compare as numbers."""
    packed = mask[..., 0].astype(np.int32)
    for band in (1, 2):
        packed <<= 8
        packed |= mask[..., band]
    return packed


DUBAI_CLASSES = ClassTable(
    classes=(
        LandClass(name="Building", color="#3C1098"),
        LandClass(name="Land", color="#8429F6"),
        LandClass(name="Road", color="#6EC1E4"),
        LandClass(name="Vegetation", color="#FEDD3A"),
        LandClass(name="Water", color="#E2A929"),
    )
)
"""The colours that are in the Dubai masks; those in its ``classes.json`` are in no mask."""

DUBAI_VOID_COLORS = {"unlabeled": (0x9B, 0x9B, 0x9B), "black": (0, 0, 0)}
"""Unlabeled is documented; pure black is not (0.56 % of the pixels, nearly all in tile 8)."""
