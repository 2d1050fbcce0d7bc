"""Over what a prediction is averaged: symmetries of the square, and sizes of the image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import ConfigError
from core.formats import short_number

__all__ = ["LARGEST_SCALE", "OWN_SIZE", "PLAIN", "SMALLEST_SCALE", "Averaging"]

OWN_SIZE = (1.0,)
"""The image as it is, and no other size of it."""

SMALLEST_SCALE, LARGEST_SCALE = 0.25, 4.0
_SYMMETRIES = 8


@dataclass(frozen=True)
class Averaging:
    """What the probabilities of a pixel are the mean of, with equal weights.

    Attributes:
        symmetries: whether over flips and quarter turns, which are eight.
        scales: sizes at which the image is predicted, as multiples of its height and width; each
            with all symmetries.

    Raises:
        ConfigError: there is no scale, one is there twice, or is not from 0.25 to 4.
    """

    symmetries: bool = False
    scales: tuple[float, ...] = OWN_SIZE

    def __post_init__(self) -> None:
        if not self.scales:
            raise ConfigError("there is no scale to predict at", remedy="1 is the image's own size")
        if not all(SMALLEST_SCALE <= scale <= LARGEST_SCALE for scale in self.scales):
            raise ConfigError(
                f"expected scales from {SMALLEST_SCALE:g} to {LARGEST_SCALE:g}, received "
                f"{_listed(self.scales)}",
                remedy="0.75, 1 and 1.25 are good values",
            )
        if len(set(self.scales)) < len(self.scales):
            raise ConfigError(
                f"a scale is there twice: {_listed(self.scales)}", remedy="name each of them once"
            )

    @property
    def is_plain(self) -> bool:
        """Whether nothing is averaged: the image is predicted once, as it is."""
        return not self.symmetries and self.scales == OWN_SIZE

    @property
    def cost(self) -> float:
        """How many times the computing of a plain prediction, for images larger than a tile."""
        return (_SYMMETRIES if self.symmetries else 1) * sum(scale**2 for scale in self.scales)

    def record(self) -> dict[str, Any]:
        """What stands in the record of a result: ``{"averaging": {"symmetries", "scales"}}``.

        Empty where nothing is averaged: such results are as they always were.
        """
        if self.is_plain:
            return {}
        symmetries = _SYMMETRIES if self.symmetries else 1
        return {"averaging": {"symmetries": symmetries, "scales": list(self.scales)}}

    @property
    def cost_text(self) -> str:
        """In words what is averaged, and how much longer it takes than one prediction."""
        cost = short_number(round(self.cost, 1))
        return f"the mean over {self}, about {cost} times the time of one prediction"

    def __str__(self) -> str:
        """In words, such as "8 symmetries, scales 0.75, 1, 1.25"; empty where it is plain."""
        parts = [f"{_SYMMETRIES} symmetries"] if self.symmetries else []
        if self.scales != OWN_SIZE:
            parts.append(f"scale{'s'[: len(self.scales) > 1]} {_listed(self.scales)}")
        return ", ".join(parts)


PLAIN = Averaging()
"""Nothing is averaged."""


def _listed(scales: Sequence[float]) -> str:
    return ", ".join(f"{scale:g}" for scale in scales)
