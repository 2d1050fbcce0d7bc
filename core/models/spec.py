"""What a network is, as data: enough to build it again, whatever it was trained on."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["ModelSpec", "Norm", "UNetSpec"]

Norm = Literal["batch", "group", "none"]


class UNetSpec(BaseModel):
    """A U-Net (Ronneberger et al. 2015, arXiv:1505.04597) with padded convolutions.

    Attributes:
        bands: input channels.
        classes: output channels.
        width: channels of the first level; every level below doubles them.
        depth: how many times the resolution is halved inside the U.
        dropout: share of channels dropped at the bridge and in the level below the first.
        norm: after every convolution: batch normalisation, group normalisation in groups of 8
            channels, or none.
        stem_stride: 1 works at full resolution. 2 or 4 look at the image through a strided first
            convolution and enlarge the logits bilinearly at the end:
            less work a pixel, for masks whose outlines are coarser than a pixel.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    architecture: Literal["unet"] = "unet"
    bands: int = Field(3, ge=1, le=1024)
    classes: int = Field(5, ge=1, le=254)
    width: int = Field(24, ge=4, le=256, multiple_of=4)
    depth: int = Field(4, ge=1, le=6)
    dropout: float = Field(0.1, ge=0, lt=1)
    norm: Norm = "batch"
    stem_stride: Literal[1, 2, 4] = 1

    @model_validator(mode="after")
    def _groups(self) -> UNetSpec:
        if self.norm == "group" and self.width % 8:
            raise ValueError(
                "expected a width that is a multiple of 8 for group normalisation, received "
                f"{self.width}"
            )
        return self

    @property
    def multiple(self) -> int:
        """Height and width of the input must be multiples of this many pixels."""
        return int(self.stem_stride * 2**self.depth)


# Further architectures join here; `architecture` tells them apart in JSON.
ModelSpec = Annotated[UNetSpec, Field(description="architecture and its settings")]
