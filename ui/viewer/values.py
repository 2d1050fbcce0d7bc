"""Layers of numbers for the compare viewer: confidence, entropy, heights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ui.viewer.layers import picture_payload

__all__ = ["ColorMap", "Threshold", "ValueLayer"]

ColorMap = Literal["viridis", "inferno", "cividis"]
"""Perceptually uniform: the tables of `frontend/layers/colormaps.js`."""


@dataclass(frozen=True)
class Threshold:
    """A slider over a layer of values: where they are below it, labels are shown as unsure.

    Attributes:
        of: key of the label layer.
        title: what the slider is called.
        start: where it stands at first, in the unit of the values.
    """

    of: str
    title: str
    start: float


@dataclass(frozen=True)
class ValueLayer:
    """Numbers that can be laid over the image in the colours of a colour map.

    Attributes:
        key, title, opacity, visible, note: as of a `Layer`.
        codes: (H, W) uint8 or uint16, as high and wide as the image; 0 is no value and transparent,
            the others go evenly from the lowest value (1) to the highest (255 or 65,535).
        low, high: the lowest and the highest value.
        unit: of the values; empty where they have none.
        colors: colour map.
        threshold: slider that marks labels as unsure; None for none.
        ends: values of the first and the last colour at first, which can then be moved in the
            panel, as can the colour map and a value below which nothing is shown; None colours
            from `low` to `high`, and is not adjusted.
    """

    key: str
    title: str
    codes: np.ndarray
    low: float
    high: float
    unit: str = ""
    colors: ColorMap = "viridis"
    opacity: float = 0.7
    visible: bool = True
    note: str = ""
    threshold: Threshold | None = None
    ends: tuple[float, float] | None = None

    def payload(self, size: tuple[int, int], tiled: bool = False) -> dict[str, Any]:
        """What the browser is sent.

        Args:
            size: height and width of the image.
            tiled: as of a `Layer`.

        Raises:
            ValueError: for codes of another shape or dtype than stated, or an empty range.
        """
        if self.codes.shape != size or self.codes.dtype not in (np.uint8, np.uint16):
            raise ValueError(
                f"layer {self.key!r}: expected uint8 or uint16 codes of shape {size}, "
                f"received {self.codes.dtype} of shape {self.codes.shape}"
            )
        if not self.low < self.high:
            raise ValueError(f"layer {self.key!r}: no range from {self.low} to {self.high}")
        kind: Literal["values", "values16"] = (
            "values" if self.codes.dtype == np.uint8 else "values16"
        )
        picture = picture_payload(self.codes, kind, tiled)
        if "tiles" in picture and self.threshold:  # how many are below it, the browser cannot see
            picture["counts"] = _counts(self.codes)
        threshold = self.threshold and {
            "of": self.threshold.of,
            "title": self.threshold.title,
            "start": min(self.high, max(self.low, float(self.threshold.start))),
        }
        return {
            "key": self.key,
            "title": self.title,
            "opacity": min(1.0, max(0.0, float(self.opacity))),
            "visible": bool(self.visible),
            "note": self.note,
            "kind": kind,
            "range": [float(self.low), float(self.high)],
            "unit": self.unit,
            "colors": self.colors,
            "threshold": threshold,
            "look": self._look(),
            **picture,
        }

    def _look(self) -> dict[str, Any] | None:
        if self.ends is None:
            return None
        start, end = (min(self.high, max(self.low, float(value))) for value in self.ends)
        return {"colors": self.colors, "from": start, "to": end, "least": float(self.low)}


_BINS = 256


def _counts(codes: np.ndarray) -> list[int]:
    """Pixels by code, of 8 bits each; of 16 bits 256 codes together."""
    coarse = codes if codes.dtype == np.uint8 else codes >> 8
    counts = np.bincount(coarse.ravel(), minlength=_BINS)
    if codes.dtype == np.uint16:
        none = int(np.count_nonzero(codes == 0))
        counts[0] -= none  # of no value
    else:
        counts[0] = 0
    return [int(count) for count in counts]
