"""How pixel values become network input; part of every model card."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, model_validator

__all__ = ["Normalisation"]


class Normalisation(BaseModel):
    """``(value / divisor - mean) / std`` band by band.

    Attributes:
        kind: ``unit`` divides only (8-bit to 0–1), ``standard`` also centres and scales by the
            training split's mean and standard deviation.
        divisor: 255 for 8-bit, 65535 for 16-bit, 1 for float imagery.
        mean, std: one value a band, of the divided values; empty for ``unit``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["unit", "standard"] = "unit"
    divisor: float = 255.0
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Normalisation:
        if self.divisor <= 0:
            raise ValueError(f"expected a divisor above 0, received {self.divisor}")
        if self.kind == "unit" and (self.mean or self.std):
            raise ValueError("unit normalisation takes no mean and std")
        if self.kind == "standard" and not 0 < len(self.mean) == len(self.std):
            raise ValueError("standard normalisation takes one mean and one std a band")
        if any(value <= 0 for value in self.std):
            raise ValueError("expected every std above 0")
        return self

    def __call__(self, pixels: np.ndarray, valid: np.ndarray | None = None) -> np.ndarray:
        """Normalise (…, C) of any numeric dtype to float32; invalid and non-finite values become 0.

        0 is the mean after ``standard``: what a network is least surprised by.
        """
        values = pixels.astype(np.float32) / np.float32(self.divisor)
        if self.kind == "standard":
            mean, std = np.asarray(self.mean, np.float32), np.asarray(self.std, np.float32)
            values = (values - mean) / std
        if valid is not None:
            values[~valid] = 0.0
        if np.issubdtype(pixels.dtype, np.inexact):
            values[~np.isfinite(values)] = 0.0
        return values
