"""How pixel values become network input; part of every model card."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, model_validator

__all__ = ["IMAGENET_MEAN", "IMAGENET_STD", "Expected", "Normalisation", "NormalisationKind"]

NormalisationKind = Literal["unit", "minmax", "percentile", "standard", "imagenet", "decibel"]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
"""Of ImageNet's training images, RGB in 0–1; what the weights of torchvision and timm expect."""

_STRETCHED = ("minmax", "percentile", "decibel")
_CENTRED = ("standard", "imagenet")


class Expected(BaseModel):
    """What pretrained weights were trained to see: values of 0–1, centred and scaled.

    Attributes:
        name: of the weights, for people to read.
        mean, std: one value a band, of values in 0–1: (value - mean) / std is what they expect.
        data_mean, data_std: of the images they were trained on, in 0–1: where values come
            standardised, they are brought to this mean and spread first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    data_mean: tuple[float, ...]
    data_std: tuple[float, ...]

    @model_validator(mode="after")
    def _complete(self) -> Expected:
        lengths = {len(self.mean), len(self.std), len(self.data_mean), len(self.data_std)}
        if len(lengths) != 1 or not self.mean:
            raise ValueError("expected one mean and one std a band of input and of data")
        if any(value <= 0 for value in (*self.std, *self.data_std)):
            raise ValueError("expected every std above 0")
        return self


class Normalisation(BaseModel):
    """Scale, then centre, band by band.

    Attributes:
        kind: ``unit`` divides by the type's range (8-bit to 0–1); ``standard`` also centres and
            scales by the training split's mean and standard deviation, ``imagenet`` by those of
            ImageNet (RGB only); ``minmax`` and ``percentile`` bring the training split's smallest
            and largest value, or two percentiles, to 0 and 1, ``decibel`` two limits of
            radar backscatter in dB; what lies beyond is cut off.
        divisor: 255 for 8-bit, 65535 for 16-bit, 1 for float imagery and where `low` and `high`
            are given.
        mean, std: one value a band, of the divided values; empty where there is no centring.
        low, high: one value a band, in the file's units, that become 0 and 1; empty otherwise.
        weights: what the pretrained weights expect that the network began with, in the place of
            the centring that `kind` alone would do; None where it began with random ones.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: NormalisationKind = "unit"
    divisor: float = 255.0
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    weights: Expected | None = None

    @model_validator(mode="after")
    def _complete(self) -> Normalisation:
        if self.divisor <= 0:
            raise ValueError(f"expected a divisor above 0, received {self.divisor}")
        if self.kind in _CENTRED:
            if not 0 < len(self.mean) == len(self.std):
                raise ValueError(f"{self.kind} normalisation takes one mean and one std a band")
        elif self.mean or self.std:
            raise ValueError(f"{self.kind} normalisation takes no mean and std")
        if any(value <= 0 for value in self.std):
            raise ValueError("expected every std above 0")
        if self.kind in _STRETCHED:
            if not 0 < len(self.low) == len(self.high):
                raise ValueError(f"{self.kind} normalisation takes one low and one high a band")
            if not all(low < high for low, high in zip(self.low, self.high, strict=True)):
                raise ValueError("expected every low below its high")
        elif self.low or self.high:
            raise ValueError(f"{self.kind} normalisation takes no low and high")
        bands = len(self.mean or self.low)
        if self.weights and bands and len(self.weights.mean) != bands:
            raise ValueError(
                f"the weights expect {len(self.weights.mean)} bands, the normalisation has {bands}"
            )
        return self

    @property
    def bounded(self) -> bool:
        """Whether `scaled` values lie in 0–1 whatever the file holds."""
        return self.kind in _STRETCHED

    @property
    def centring(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and std of the second step: `scaled` values become (value - mean) / std.

        One of each a band; empty where there is no second step. With `weights` they are theirs, on
        top of `standard` so that data of mean 0 and spread 1 come out as the images did that the
        weights were trained on.
        """
        if self.weights is None:
            return self.mean, self.std
        if self.kind != "standard":
            return self.weights.mean, self.weights.std
        own = np.array((self.mean, self.std), np.float64)
        seen = np.array((self.weights.data_mean, self.weights.data_std), np.float64)
        wanted = np.array((self.weights.mean, self.weights.std), np.float64)
        mean = own[0] - own[1] * (seen[0] - wanted[0]) / seen[1]
        std = own[1] * wanted[1] / seen[1]
        return tuple(map(float, mean)), tuple(map(float, std))

    def expecting(self, weights: Expected | None) -> Normalisation:
        """The same for a network that began with such weights.

        Raises:
            ValueError: they are for another number of bands.
        """
        return Normalisation.model_validate(self.model_dump() | {"weights": weights})

    def fill(self) -> np.ndarray:
        """What becomes 0 by normalisation, in the file's units: (C,) or (1,) float64.

        Where the weights take values that are not centred, 0 is what was black to them.
        """
        zero = np.array(self.centring[0] or (0.0,), np.float64)
        if not self.low:
            return zero * self.divisor
        low, high = np.array(self.low, np.float64), np.array(self.high, np.float64)
        return low + zero * (high - low)

    def scaled(self, pixels: np.ndarray, *, cut: bool = True) -> np.ndarray:
        """The first step alone: (…, C) of any real dtype to float32, usually 0–1.

        Args:
            pixels: as in the file.
            cut: whether values beyond `low` and `high` are cut off.
        """
        values = pixels.astype(np.float32)
        if not self.low:
            return values / np.float32(self.divisor)
        # In float64: two limits that lie close together may be one number in float32.
        low, high = np.asarray(self.low, np.float64), np.asarray(self.high, np.float64)
        stretched = (values - low.astype(np.float32)) / (high - low).astype(np.float32)
        return np.clip(stretched, 0, 1) if cut else stretched

    def unscaled(self, values: np.ndarray) -> np.ndarray:
        """`scaled` undone: (…, C) usually 0–1 to the file's units, float32."""
        if not self.low:
            return np.float32(self.divisor) * values.astype(np.float32)
        low, high = np.asarray(self.low, np.float64), np.asarray(self.high, np.float64)
        return np.asarray(values * (high - low) + low, np.float32)

    def __call__(self, pixels: np.ndarray, valid: np.ndarray | None = None) -> np.ndarray:
        """Normalise (…, C) of any real dtype to float32; invalid and non-finite values become 0.

        0 is the mean after centring: what a network is least surprised by.
        """
        values = self.scaled(pixels)
        mean, std = (np.asarray(part, np.float32) for part in self.centring)
        if mean.size:
            values = (values - mean) / std
        if valid is not None:
            values[~valid] = 0.0
        if np.issubdtype(pixels.dtype, np.inexact):
            # Asked of the file's values: an infinity that was cut off looks like a number.
            values[~(np.isfinite(pixels) & np.isfinite(values))] = 0.0
        return values
