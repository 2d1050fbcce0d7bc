"""The networks of segmentation-models as data: settings, blocks and cost; none is built here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator

from core.models.cost.layer_sum import Cost
from core.models.spec import ModelSpec
from core.models.zoo_table import SIDE, backbones, read_table
from core.settings import Label

__all__ = [
    "DECODERS",
    "DECODER_LAYERS",
    "Decoder",
    "ZooDecoder",
    "ZooSpec",
    "zoo_block",
    "zoo_cost",
]

ZooDecoder = Literal["sm-unet", "sm-fpn", "sm-linknet", "sm-pspnet"]


@dataclass(frozen=True)
class Decoder:
    """A decoder of the package.

    Attributes:
        builder: name of its function there.
        multiple: height and width of the input must be multiples of this many pixels.
        fixed_size: whether it pools over all of its input, whose size is then a setting.
        stride: pixels of the input a pixel of its last convolution stands for.
    """

    builder: str
    multiple: int = 32
    fixed_size: bool = False
    stride: int = 1


DECODERS: dict[ZooDecoder, Decoder] = {
    "sm-unet": Decoder("Unet"),
    "sm-fpn": Decoder("FPN"),
    "sm-linknet": Decoder("Linknet"),
    # It pools maps of an eighth of the input in 1, 2, 3 and 6 parts.
    "sm-pspnet": Decoder("PSPNet", multiple=48, fixed_size=True, stride=8),
}

DECODER_LAYERS = (
    "aggregation",
    "center_",
    "decoder_",
    "final_",
    "fpn_",
    "logits",
    "psp_",
    "segm_",
    "upsampling_stage",
)
"""What names of layers that are not the encoder's begin with."""

_STAGE = re.compile(r"(decoder|fpn|segm|psp|upsampling)_(?:stage_?|level)p?(\d)")
_LEVELS = 5  # of the decoders, which count their stages from the deepest on


class ZooSpec(ModelSpec):
    """A network of segmentation-models: one of its decoders on one of its encoders.

    Attributes:
        architecture: Unet, FPN, Linknet or PSPNet.
        backbone: the encoder's name there, such as ``resnet34``.
        size: height and width of PSPNet's input in pixels, which it pools over as a whole: the
            side of the crops it is trained on. 0 for the others, whose input is of any size.
    """

    architecture: ZooDecoder = "sm-unet"
    backbone: Annotated[
        str,
        Label(
            "Encoder",
            "Small and quick: mobilenetv2, efficientnetb0, resnet18. A good first choice: "
            "resnet34 or efficientnetb2. Beside each, the parameters of the whole network.",
        ),
    ] = "resnet34"
    size: int = Field(0, ge=0, le=2048)

    @field_validator("backbone")
    @classmethod
    def _known(cls, backbone: str, info: ValidationInfo) -> str:
        # Without a valid architecture there is an error already.
        names = backbones(info.data["architecture"]) if "architecture" in info.data else (backbone,)
        if backbone not in names:
            raise ValueError(f"expected one of {', '.join(names)}, received {backbone}")
        return backbone

    @field_validator("size")
    @classmethod
    def _fits(cls, size: int, info: ValidationInfo) -> int:
        if not size or "architecture" not in info.data:
            return size
        decoder = DECODERS[info.data["architecture"]]
        if not decoder.fixed_size:
            raise ValueError(f"expected 0, for only sm-pspnet has a size, received {size}")
        if size % decoder.multiple:
            raise ValueError(f"expected a multiple of {decoder.multiple} px, received {size}")
        return size

    @property
    def decoder(self) -> Decoder:
        """The decoder's row."""
        return DECODERS[self.architecture]

    @property
    def multiple(self) -> int:
        return self.decoder.multiple

    @property
    def input_size(self) -> int:
        return self.size

    def for_crops(self, size: int) -> Self:
        if not self.decoder.fixed_size or size % self.multiple:
            return self
        return type(self).model_validate(self.model_dump() | {"size": size})


def zoo_block(layer: str) -> str:
    """The block of a layer by its name, such as ``dec4`` of ``decoder_stage1a_conv``."""
    if match := _STAGE.match(layer):
        deep = match[1] == "decoder"
        return f"dec{_LEVELS - int(match[2])}" if deep else f"{match[1]}{match[2]}"
    return "bridge" if layer.startswith("center") else layer.partition("_")[0]


def zoo_cost(spec: ZooSpec, size: int) -> Cost:
    """What it costs for an image of `size` × `size` pixels, from the table `core/models/zoo.json`.

    Bands and classes change the first and the last convolution alone, so that each number is a sum
    of a part of the network's own, one for each band and one for each class; and all but what is
    computed of whole maps (squeeze-and-excitation, pyramid pooling) grows with the image's area.
    """
    row = read_table()[spec.architecture][spec.backbone]

    def scaled(name: str) -> int:
        own, band, class_, whole = row[name]
        area = own + band * spec.bands + class_ * spec.classes
        return int(area * size**2 // SIDE**2 + whole)

    own, band, class_ = row["parameters"]
    return Cost(
        parameters=own + band * spec.bands + class_ * spec.classes,
        macs=scaled("macs"),
        activations=scaled("activations"),
        receptive_field=row["receptive_field"],
    )
