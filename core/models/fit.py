"""Whether an image is of the kind a model was trained on."""

from __future__ import annotations

import numpy as np

from core.errors import ImageError

__all__ = ["check_pixels"]


def check_pixels(pixels: np.ndarray, bands: int, dtype: str | None) -> None:
    """Raise unless an image has the bands and the type a model was trained on.

    Args:
        pixels: (H, W, C) as in the file.
        bands: what the model takes.
        dtype: of the images it was trained on; None leaves it open.

    Raises:
        ImageError: the image has other bands or another type.
    """
    found = pixels.shape[-1]
    if found != bands:
        raise ImageError(
            f"the model takes {bands} band(s), the image has {found}",
            remedy=f"choose a model for {found} band(s), or save the image with the "
            f"{bands} band(s) the model was trained on",
        )
    if dtype is not None and str(pixels.dtype) != dtype:
        raise ImageError(
            f"the model was trained on {dtype} values, the image holds {pixels.dtype}",
            remedy=f"convert the image to {dtype} the way the training data was made, or "
            "choose a model trained on such imagery",
        )
