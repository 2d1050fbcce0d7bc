"""What reading one sample gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from core.datasets.audit.image_statistics import ImageStatistics
from core.datasets.audit.neighbours import ImageEdges
from core.datasets.audit.problems import Problem
from core.imagery.window import Window

__all__ = ["ImageSignature", "Reading", "SampleFacts"]


@dataclass(frozen=True)
class SampleFacts:
    """What the audit knows of one sample.

    Attributes:
        width, height, bands, dtype: of the image; 0 and empty where it cannot be read.
        pixels_per_class: labelled pixels by class name; empty without a usable mask.
        void_pixels: pixels of the mask that are not labelled, or without data in the image.
        gaps: pixels of the image without data.
        band_mean, band_std: of the pixels with data, in the image's own values.
        crs: reference system as text, empty without one.
        named_bands: what the file calls its bands, see `Header.named_bands`.
        scaling: factor and offset that were applied to each band; empty where the file gives none.
        pixel_size: width and height of a pixel in units of the reference system, or None.
    """

    id: str
    scene: str
    width: int = 0
    height: int = 0
    bands: int = 0
    dtype: str = ""
    pixels_per_class: Mapping[str, int] = field(default_factory=dict)
    void_pixels: int = 0
    gaps: int = 0
    band_mean: tuple[float, ...] = ()
    band_std: tuple[float, ...] = ()
    crs: str = ""
    pixel_size: tuple[float, float] | None = None
    scaling: tuple[tuple[float, float], ...] = ()
    named_bands: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether it has a mask that fits."""
        return bool(self.pixels_per_class) or self.void_pixels > 0


@dataclass(frozen=True)
class ImageSignature:
    """What tells whether two images are the same.

    Attributes:
        digest: blake2b of shape, type and decoded pixels.
        labels: likewise of the labels; empty without a usable mask.
        hash: 64 bits of the perceptual hash.
        small: (32, 32) float32 grey picture, 0 to 255.
        content: whether there is enough in the picture to compare.
    """

    digest: str
    hash: int
    small: np.ndarray
    content: bool
    labels: str = ""


@dataclass(frozen=True)
class Reading:
    """A sample's facts and problems, and what only the whole dataset can judge.

    Attributes:
        unknown: pixels by value outside the class table.
        void_colors: pixels by name of a void colour, and the place they lie in.
        form: what is special in the image's file, see `forms`; empty if nothing is.
        power: whether the image looks like radar power in linear units.
    """

    facts: SampleFacts
    problems: tuple[Problem, ...]
    unknown: Mapping[str, int] = field(default_factory=dict)
    void_colors: Mapping[str, tuple[int, Window]] = field(default_factory=dict)
    form: str = ""
    power: bool = False
    signature: ImageSignature | None = None
    edges: ImageEdges | None = None
    stats: ImageStatistics | None = None
