"""What the images of a training were like: what a model card keeps to compare others with."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict

from core.imagery.ground_area import GroundAreas, ground_areas
from core.imagery.header import Georeference, Header, spectral_name

__all__ = ["TrainingImagery", "band_meanings", "pixel_size", "spread_values"]

_VALUES = 20_000  # of an image that statistics come from
_PERCENTILES = (1.0, 99.0)


class TrainingImagery(BaseModel):
    """Statistics of the training images, over their pixels with data.

    Attributes:
        mean, std, low, high: mean, standard deviation and the percentiles 1 and 99 of each channel
            of the network, in the files' units.
        pixel_size: least and greatest side of a pixel in metres; None where the files have no
            place on Earth.
        bands: what each channel is, such as ``red``; empty texts where the files do not say.
        no_data: greatest share of an image without data, 0 to 1.
        means: least and greatest mean of an image, of each channel; empty in older cards.
        least_std: least standard deviation of an image, of each channel; likewise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    mean: tuple[float, ...]
    std: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    pixel_size: tuple[float, float] | None = None
    bands: tuple[str, ...] = ()
    no_data: float = 0.0
    means: tuple[tuple[float, float], ...] = ()
    least_std: tuple[float, ...] = ()

    @classmethod
    def of(
        cls,
        images: Iterable[tuple[np.ndarray, np.ndarray]],
        headers: Sequence[Header] = (),
        bands: Sequence[int] = (),
    ) -> Self | None:
        """The statistics of some images.

        Args:
            images: pixels (H, W, C) with the network's channels and valid (H, W) bool of each.
            headers: of their files.
            bands: bands of the files that are the channels, counted from 0; empty for all.

        Returns:
            None where no pixel has data.
        """
        parts, gaps = [], [0.0]
        for pixels, valid in images:
            parts.append(spread_values(pixels, valid))
            gaps.append(1 - float(np.mean(valid)))
        values = np.concatenate(parts) if parts else np.zeros((0, 1))
        if not len(values):
            return None
        low, high = np.percentile(values, _PERCENTILES, axis=0)
        means = np.array([part.mean(axis=0) for part in parts if len(part)])
        stds = np.array([part.std(axis=0) for part in parts if len(part)])
        sizes = [pixel_size(h.georeference, h.width, h.height) for h in headers]
        known = [size for size in sizes if size is not None]
        meanings = {band_meanings(header, bands, values.shape[-1]) for header in headers}
        return cls(
            mean=_numbers(values.mean(axis=0)),
            std=_numbers(values.std(axis=0)),
            low=_numbers(low),
            high=_numbers(high),
            pixel_size=(min(known), max(known)) if known else None,
            # Files that contradict each other say nothing.
            bands=meanings.pop() if len(meanings) == 1 else (),
            no_data=max(gaps),
            means=tuple(zip(_numbers(means.min(axis=0)), _numbers(means.max(axis=0)), strict=True)),
            least_std=_numbers(stds.min(axis=0)),
        )


def spread_values(pixels: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """(n, C) float64 finite values of pixels with data, evenly spread, about 20,000 at most."""
    step = max(1, math.ceil(math.sqrt(valid.size / _VALUES)))
    values: np.ndarray = pixels[::step, ::step][valid[::step, ::step]].astype(np.float64)
    return values[np.isfinite(values).all(axis=-1)]


def pixel_size(georeference: Georeference | None, width: int, height: int) -> float | None:
    """Side in metres of the square of a pixel's area; None without a place on Earth."""
    areas = ground_areas(georeference, width, height)
    return math.sqrt(areas.mean) if isinstance(areas, GroundAreas) else None


def band_meanings(header: Header, bands: Sequence[int], channels: int) -> tuple[str, ...]:
    """What the channels of an image are, from band names, else from colour interpretation.

    Args:
        header: of the image.
        bands: bands that are the channels, counted from 0; empty for the first `channels`.
        channels: number of channels.

    Returns:
        One lower-case word a channel, empty where the file does not say; none at all where the
        file's bands are not the channels, as in a palette.
    """
    chosen = list(bands) or list(range(channels))
    if max(chosen) >= len(header.color_interpretation) or len(chosen) != channels:
        return ()
    # Names count first: GDAL takes the first bands of any 8-bit image for red, green and blue.
    if not any(header.band_names):
        return tuple(spectral_name(header.color_interpretation[band]) for band in chosen)
    names = [header.band_names[band] for band in chosen]
    return tuple(spectral_name(name) or " ".join(name.lower().split()) for name in names)


def _numbers(values: np.ndarray) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
