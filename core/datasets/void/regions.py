"""Pixels of masks that a recipe takes as void, as run lengths: what a person found wrong there."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["VoidRegion", "VoidRegions", "merge_regions", "run_lengths"]

_MOST_SAMPLES = 100_000
_MOST_RUNS = 4_000_000  # of one sample
_MOST_PIXELS = 2**31  # of one sample


class VoidRegion(BaseModel):
    """The void pixels of one sample.

    They lie on the sample's whole image, turned where the dataset turns it, before a window of the
    recipe cuts it.

    Attributes:
        mask: digest of the mask's file for which they hold (`core.datasets.identity`).
        size: height and width in pixels.
        counts: run lengths as of COCO's masks (``segmentation.counts``, uncompressed): down the
            columns, from the left one to the right, pixels that stay and pixels that are void in
            turn; the first may be 0.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mask: str = Field(pattern=r"^[0-9a-f]{12}$")
    size: tuple[int, int]
    counts: tuple[int, ...] = Field(min_length=2, max_length=_MOST_RUNS)

    @model_validator(mode="after")
    def _fits(self) -> VoidRegion:
        height, width = self.size
        if height < 1 or width < 1 or height * width > _MOST_PIXELS:
            raise ValueError(f"expected a size of pixels, received {height} × {width}")
        if min(self.counts[1:]) < 1 or self.counts[0] < 0:
            raise ValueError("expected run lengths above 0, but for the first")
        if sum(self.counts) != height * width:
            raise ValueError(
                f"the run lengths add up to {sum(self.counts):,} pixels, the size has "
                f"{height * width:,}"
            )
        return self

    @property
    def pixels(self) -> int:
        """How many pixels are void."""
        return sum(self.counts[1::2])

    def pixel_mask(self) -> np.ndarray:
        """The void pixels, (H, W) bool."""
        height, width = self.size
        void = np.arange(len(self.counts)) % 2 == 1
        return np.repeat(void, self.counts).reshape(width, height).T

    @classmethod
    def of(cls, pixels: np.ndarray, mask: str) -> VoidRegion:
        """The region of some pixels.

        Args:
            pixels: (H, W) bool, at least one is True.
            mask: digest of the mask's file.
        """
        height, width = pixels.shape
        return cls(mask=mask, size=(height, width), counts=run_lengths(pixels))


class VoidRegions(BaseModel):
    """The void pixels of a recipe's samples.

    Attributes:
        samples: by the id of the sample, of whole images also where a recipe divides them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(1, ge=1, le=1)
    samples: dict[str, VoidRegion] = Field(min_length=1, max_length=_MOST_SAMPLES)

    @property
    def pixels(self) -> int:
        """How many pixels are void in all samples together."""
        return sum(region.pixels for region in self.samples.values())


def run_lengths(pixels: np.ndarray) -> tuple[int, ...]:
    """Run lengths of pixels (H, W) bool, as of `VoidRegion.counts`."""
    flat = pixels.ravel(order="F").astype(bool)
    ends = [*(np.flatnonzero(flat[1:] != flat[:-1]) + 1).tolist(), flat.size]
    lengths = np.diff([0, *ends]).tolist()
    return (0, *lengths) if flat.size and flat[0] else tuple(lengths)


def merge_regions(
    known: VoidRegions | None, more: Mapping[str, VoidRegion]
) -> dict[str, VoidRegion]:
    """Regions of before and new ones together; of a mask that has changed since, the new alone.

    Args:
        known: regions of before, if there are some.
        more: new ones by sample id.
    """
    merged = dict(known.samples) if known else {}
    for sample, region in more.items():
        before = merged.get(sample)
        if before and (before.mask, before.size) == (region.mask, region.size):
            both = before.pixel_mask() | region.pixel_mask()
            region = VoidRegion.of(both, region.mask)
        merged[sample] = region
    return merged
