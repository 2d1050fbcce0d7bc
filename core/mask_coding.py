"""How masks are written down: kept by a dataset, and by the card of the model trained on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["MaskCoding"]


@dataclass(frozen=True)
class MaskCoding:
    """How mask files write classes down.

    Attributes:
        kind: ``color`` (RGB by the class table), ``index`` (one band of values) or ``footprints``
            (polygons; label 0 is where there is none).
        void_colors: colours that mean void, by what they are called.
        values: for index masks, which file value means which label; values that are not listed
            are unknown.
        attribute: for footprints, the property that names a polygon's class; empty where all of
            them are label 1, or where `layers` are called as classes.
        minimum_area: for footprints, features of less than this many square pixels, all parts of a
            multipolygon together, are left out.
        texts: for footprints, values of the attribute beside the class names, and their labels.
        shared: for footprints, one file holds those of all images.
        read_as: decided in a recipe: unknown values as `decode_mask` names them, and the labels
            (255 = void) they are read as; ``others`` stands for all that are not named.
        tolerance: unknown values that differ by at most this much from that of a class, in every
            band, are read as the nearest class; 0 for none.
        layers: for footprints, the layers of a file that are read; empty for its only one.
    """

    kind: Literal["color", "index", "footprints"]
    void_colors: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    values: Mapping[int, int] = field(default_factory=dict)
    attribute: str = ""
    minimum_area: float = 0.0
    texts: Mapping[str, int] = field(default_factory=dict)
    shared: bool = False
    read_as: Mapping[str, int] = field(default_factory=dict)
    tolerance: float = 0.0
    layers: tuple[str, ...] = ()
