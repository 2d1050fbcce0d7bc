"""What a network is, as data: enough to build it again, whatever it was trained on."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["ModelSpec"]


class ModelSpec(BaseModel):
    """What every spec has; each family adds its own settings (`core.models.families`).

    Attributes:
        architecture: name of the family's row.
        bands: input channels.
        classes: output channels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    architecture: str
    bands: int = Field(3, ge=1, le=1024)
    classes: int = Field(5, ge=1, le=254)

    @property
    def multiple(self) -> int:
        """Height and width of the input must be multiples of this many pixels."""
        return 1

    @property
    def input_size(self) -> int:
        """Height and width that the input must have, in pixels; 0 where they are free."""
        return 0

    def for_crops(self, size: int) -> Self:
        """The spec for a training on crops of so many pixels: where the input has a size, theirs.

        A size that is no multiple of `multiple` is passed over.

        Raises:
            pydantic.ValidationError: the network cannot be so large.
        """
        return self
