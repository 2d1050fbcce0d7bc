"""What a network is, as data: enough to build it again, whatever it was trained on."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from core.models.zoo_table import backbones
from core.settings import Label

__all__ = [
    "DECODER_LAYERS",
    "ModelSpec",
    "Norm",
    "UNetSpec",
    "UNetVGG11Spec",
    "ZooArchitecture",
    "ZooSpec",
    "architectures",
    "default_spec",
    "network_name",
]

Norm = Literal["batch", "group", "none"]
ZooArchitecture = Literal["sm-unet", "sm-fpn", "sm-linknet", "sm-pspnet"]

# It pools maps of an eighth of the input in 1, 2, 3 and 6 parts.
_PSPNET_MULTIPLE = 48

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
"""What names of layers that are not the encoder's begin with, in segmentation-models."""


class UNetSpec(BaseModel):
    """A U-Net (Ronneberger et al. 2015, arXiv:1505.04597) with padded convolutions.

    Attributes:
        bands: input channels.
        classes: output channels.
        width: channels of the first level; every level below doubles them.
        depth: how many times the resolution is halved inside the U.
        dropout: share of channels dropped at the bridge and in the level below the first.
        upsampling: ``transposed`` convolutions, or ``resize`` (nearest) and a convolution, which
            leaves no checkerboard (Odena et al. 2016, doi:10.23915/distill.00003).
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
    width: Annotated[
        int,
        Label(
            "Width",
            "Of the first level, a multiple of 4; each level below doubles them.",
            unit="channels",
        ),
    ] = Field(24, ge=4, le=256, multiple_of=4)
    depth: Annotated[
        int,
        Label(
            "Depth",
            "Each halves the resolution once more: a wider view, and many more parameters.",
            unit="halvings",
        ),
    ] = Field(4, ge=1, le=6)
    dropout: Annotated[
        float,
        Label(
            "Dropout",
            "Share of channels dropped at the bridge, 0 to 1; helps against overfitting.",
            step=0.05,
        ),
    ] = Field(0.1, ge=0, lt=1)
    norm: Annotated[
        Norm,
        Label(
            "Normalisation layers",
            "Batch for batches of 4 crops and more, group for smaller ones (width a multiple of "
            "8).",
            words={"group": "group (of 8 channels)"},
        ),
    ] = "batch"
    upsampling: Annotated[
        Literal["transposed", "resize"],
        Label(
            "Upsampling",
            "Resizing leaves no checkerboard and costs a little more.",
            words={"transposed": "transposed convolution", "resize": "resize and convolution"},
        ),
    ] = "transposed"
    stem_stride: Annotated[
        Literal[1, 2, 4],
        Label(
            "Working resolution",
            "Half is 4 times as fast, with coarser outlines.",
            words={1: "full", 2: "half", 4: "quarter"},
        ),
    ] = 1

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

    @property
    def size(self) -> int:
        """0: height and width are free."""
        return 0


class UNetVGG11Spec(BaseModel):
    """A U-Net whose encoder is VGG11 (TernausNet, Iglovikov and Shvets 2018, arXiv:1801.05746).

    Attributes:
        bands: input channels.
        classes: output channels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    architecture: Literal["unet-vgg11"] = "unet-vgg11"
    bands: int = Field(3, ge=1, le=1024)
    classes: int = Field(5, ge=1, le=254)

    @property
    def multiple(self) -> int:
        """Height and width of the input must be multiples of this many pixels."""
        return 32

    @property
    def size(self) -> int:
        """0: height and width are free."""
        return 0


class ZooSpec(BaseModel):
    """A network of segmentation-models: one of its decoders on one of its encoders.

    Attributes:
        architecture: Unet, FPN, Linknet or PSPNet.
        backbone: the encoder's name there, such as ``resnet34``.
        bands: input channels.
        classes: output channels.
        size: height and width of PSPNet's input in pixels, which it pools over as a whole: the
            side of the crops it is trained on. 0 for the others, whose input is of any size.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    architecture: ZooArchitecture = "sm-unet"
    backbone: Annotated[
        str,
        Label(
            "Encoder",
            "Small and quick: mobilenetv2, efficientnetb0, resnet18. A good first choice: "
            "resnet34 or efficientnetb2. Beside each, the parameters of the whole network.",
        ),
    ] = "resnet34"
    bands: int = Field(3, ge=1, le=1024)
    classes: int = Field(5, ge=1, le=254)
    size: int = Field(0, ge=0, le=2048)

    @field_validator("backbone")
    @classmethod
    def _offered(cls, backbone: str, info: ValidationInfo) -> str:
        # Without a valid architecture there is an error already.
        names = backbones(info.data["architecture"]) if "architecture" in info.data else (backbone,)
        if backbone not in names:
            raise ValueError(f"expected one of {', '.join(names)}, received {backbone}")
        return backbone

    @field_validator("size")
    @classmethod
    def _sized(cls, size: int, info: ValidationInfo) -> int:
        if size and info.data.get("architecture") != "sm-pspnet":
            raise ValueError(f"expected 0, for only sm-pspnet has a size, received {size}")
        if size % _PSPNET_MULTIPLE:
            raise ValueError(f"expected a multiple of {_PSPNET_MULTIPLE} px, received {size}")
        return size

    @property
    def multiple(self) -> int:
        """Height and width of the input must be multiples of this many pixels."""
        return _PSPNET_MULTIPLE if self.architecture == "sm-pspnet" else 32


def _kind(value: Any) -> str | None:
    # A file that names none means a U-Net, as those did that were written before there was another.
    given = value.get("architecture", "unet") if isinstance(value, dict) else value
    name = getattr(given, "architecture", given)
    return "zoo" if name in get_args(ZooArchitecture) else name if isinstance(name, str) else None


ModelSpec = Annotated[
    Annotated[UNetSpec, Tag("unet")]
    | Annotated[UNetVGG11Spec, Tag("unet-vgg11")]
    | Annotated[ZooSpec, Tag("zoo")],
    Discriminator(
        _kind,
        custom_error_type="architecture",
        custom_error_message="expected the architecture unet, unet-vgg11, "
        + ", ".join(get_args(ZooArchitecture)),
    ),
    Field(description="architecture and its settings"),
]


def architectures() -> dict[str, type[UNetSpec] | type[UNetVGG11Spec] | type[ZooSpec]]:
    """The kind of spec of every architecture that is offered, by its name in JSON."""
    zoo = dict.fromkeys(get_args(ZooArchitecture), ZooSpec)
    return {"unet": UNetSpec, "unet-vgg11": UNetVGG11Spec, **zoo}


def default_spec(architecture: str) -> UNetSpec | UNetVGG11Spec | ZooSpec:
    """An architecture with its default settings.

    Raises:
        KeyError: there is none of that name.
    """
    return architectures()[architecture].model_validate({"architecture": architecture})


def network_name(spec: UNetSpec | UNetVGG11Spec | ZooSpec) -> str:
    """What a network is called in lists: its architecture, with the zoo's its encoder too."""
    name = spec.architecture
    return f"{name}-{spec.backbone}" if isinstance(spec, ZooSpec) else name
