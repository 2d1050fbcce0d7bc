"""What is known of an image from the product it is of."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ImageTraits"]


@dataclass(frozen=True)
class ImageTraits:
    """What a product's name and folder tell of an image.

    Attributes:
        turned: whether it is to be turned by 180°.
        nodata: a value that in all bands at once means no data, though the file does not say so.
    """

    turned: bool = False
    nodata: float | None = None
