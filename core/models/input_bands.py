"""The bands of an image that are a model's input, where it is of the kind it was trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.errors import ImageError

__all__ = ["network_bands"]


def network_bands(
    pixels: np.ndarray,
    bands: int,
    dtype: str | None,
    chosen: Sequence[int] = (),
    file_bands: int = 0,
) -> np.ndarray:
    """The bands of an image that are a model's input.

    Args:
        pixels: (H, W, C) as in the file.
        bands: number of bands that the model takes.
        dtype: type of the values it was trained on; None leaves it open.
        chosen: bands of the file that they are, counted from 0; empty for all of them.
        file_bands: number of bands of the files it was trained on, where `chosen` is given.

    Returns:
        (H, W, bands) in the image's dtype.

    Raises:
        ImageError: the image has other bands or another type.
    """
    received = pixels.shape[-1]
    expected = file_bands if chosen else bands
    if received != expected:
        raise ImageError(
            f"the model takes {expected} band(s), the image has {received}",
            remedy=f"choose a model for {received} band(s), or save the image with the "
            f"{expected} band(s) the model was trained on",
        )
    if dtype is not None and str(pixels.dtype) != dtype:
        raise ImageError(
            f"the model was trained on {dtype} values, the image holds {pixels.dtype}",
            remedy=f"convert the image to {dtype} the way the training data was made, or "
            "choose a model trained on such imagery",
        )
    return pixels[..., list(chosen)] if chosen else pixels
