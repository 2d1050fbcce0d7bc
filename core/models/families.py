"""The table of model families: a row each, which all that depends on the architecture goes by.

A new family is a file in `core/models/architectures/` and a row here (`docs/contributing.md`).
Importing this imports no TensorFlow; a builder does when it is called.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, SerializeAsAny
from pydantic_core import PydanticCustomError

from core.models.architectures.imported import ImportedSpec, build_imported, imported_cost
from core.models.architectures.unet import UNetSpec, build_unet, unet_cost
from core.models.architectures.unet_lite0 import (
    UNetLite0Spec,
    build_unet_lite0,
    unet_lite0_cost,
)
from core.models.architectures.unet_vgg11 import (
    UNetVGG11Spec,
    build_unet_vgg11,
    unet_vgg11_block,
    unet_vgg11_cost,
)
from core.models.architectures.zoo import build_zoo
from core.models.architectures.zoo_spec import ZooDecoder, ZooSpec, zoo_block, zoo_cost
from core.models.cost.layer_sum import Cost
from core.models.spec import ModelSpec
from core.models.zoo_table import backbones

if TYPE_CHECKING:
    import keras

__all__ = [
    "FAMILIES",
    "IMPORTED",
    "AnySpec",
    "CardSpec",
    "Family",
    "default_spec",
    "family_of",
    "parse_spec",
]


def _no_encoder(spec: Any) -> str:
    return ""


def _before_underscore(layer: str) -> str:
    return layer.partition("_")[0]


@dataclass(frozen=True)
class Family:
    """One architecture.

    Attributes:
        spec: its settings with their limits; also what its input must be (`multiple`,
            `input_size`).
        title: its name on the screen.
        summary: what it is good for, with its source, in a sentence or two.
        build: the network of a spec with random weights, from (N, H, W, bands) float32 to logits
            (N, H, W, classes) float32; the layer before them is called ``logits``.
        cost: what the network of a spec costs for a square image of so many pixels a side.
        block: block of a layer by its name: ``enc1`` … from the input on, ``bridge``, ``dec1`` …
            With layers named as in the U-Net, ``enc1_conv2``, what stands before the underscore.
        encoder: the encoder of a spec in the table of pretrained weights
            (`core.models.weights.imagenet`); empty for none.
        backbones: the encoders among which the setting ``backbone`` chooses; empty without one.
        rate: learning rate that suits it, as a multiple of the U-Net's.
    """

    spec: type[ModelSpec]
    title: str
    summary: str
    build: Callable[[Any], keras.Model]
    cost: Callable[[Any, int], Cost]
    block: Callable[[str], str] = _before_underscore
    encoder: Callable[[Any], str] = _no_encoder
    backbones: Callable[[], tuple[str, ...]] = tuple
    rate: float = 1.0


def _zoo(decoder: ZooDecoder, title: str, summary: str) -> Family:
    return Family(
        spec=ZooSpec,
        title=f"{title} with an encoder of the zoo",
        summary=f"{summary} The zoo is segmentation-models, with encoders made for ImageNet.",
        build=build_zoo,
        cost=zoo_cost,
        block=zoo_block,
        encoder=lambda spec: str(spec.backbone),
        backbones=partial(backbones, decoder),
        rate=0.5,
    )


FAMILIES: dict[str, Family] = {
    "unet": Family(
        spec=UNetSpec,
        title="U-Net",
        summary="Ronneberger et al. 2015, of any width and depth; trained from random weights.",
        build=build_unet,
        cost=unet_cost,
    ),
    "unet-vgg11": Family(
        spec=UNetVGG11Spec,
        title="U-Net-VGG11",
        summary="TernausNet: VGG11 as encoder, 22.9 million parameters, no normalisation layers. "
        "Take a small learning rate, such as 0.0001.",
        build=build_unet_vgg11,
        cost=unet_vgg11_cost,
        block=unet_vgg11_block,
        encoder=lambda spec: "vgg11",
        # Without normalisation layers steps must be small (SpaceNet 6's baseline takes 1e-4).
        rate=0.05,
    ),
    "unet-lite0": Family(
        spec=UNetLite0Spec,
        title="U-Net-Lite0",
        summary="EfficientNet-Lite0 as encoder: the parameters of a U-Net of 24 channels, 4.3 "
        "million, and half of its work. Its ImageNet weights come with the program.",
        build=build_unet_lite0,
        cost=unet_lite0_cost,
        encoder=lambda spec: "efficientnet-lite0",
    ),
    "sm-unet": _zoo("sm-unet", "Unet", "Ronneberger et al. 2015: sharp outlines."),
    "sm-fpn": _zoo("sm-fpn", "FPN", "Feature pyramid, Kirillov et al. 2019: things of many sizes."),
    "sm-linknet": _zoo(
        "sm-linknet", "Linknet", "Chaurasia and Culurciello 2017: the lightest decoder."
    ),
    "sm-pspnet": _zoo(
        "sm-pspnet",
        "PSPNet",
        "Pyramid pooling, Zhao et al. 2017: sees all of a crop at once and works at an eighth of "
        "its resolution; crops of 96, 192, 288 px and so on.",
    ),
}
"""Rows by the name of the architecture, in the order in which they are listed."""


IMPORTED = Family(
    spec=ImportedSpec,
    title="Imported",
    summary="A Keras network from elsewhere, built from the layers that lie beside its card.",
    build=build_imported,
    cost=imported_cost,
    block=str,
)
"""The row of networks from elsewhere, which are used and not trained: they are in no list."""


def family_of(spec: ModelSpec) -> Family:
    """The row of a spec's architecture."""
    return IMPORTED if isinstance(spec, ImportedSpec) else FAMILIES[spec.architecture]


def default_spec(architecture: str) -> ModelSpec:
    """The spec of an architecture with its default settings.

    Raises:
        KeyError: there is no such architecture.
    """
    return FAMILIES[architecture].spec.model_validate({"architecture": architecture})


def parse_spec(value: Any) -> ModelSpec:
    """The spec of a network that can be built here, from its content.

    Raises:
        PydanticCustomError, pydantic.ValidationError: there is no such architecture or setting.
    """
    if isinstance(value, ModelSpec):
        return value
    # Files without a name are from the time when there was but the U-Net.
    name = value.get("architecture", "unet") if isinstance(value, dict) else None
    family = FAMILIES.get(name) if isinstance(name, str) else None
    if family is None:
        raise PydanticCustomError(
            "architecture", f"expected the architecture {', '.join(FAMILIES)}"
        )
    return family.spec.model_validate(value)


def _parsed_of_card(value: Any) -> ModelSpec:
    if isinstance(value, dict) and value.get("architecture") == "imported":
        return ImportedSpec.model_validate(value)
    return parse_spec(value)


AnySpec = Annotated[
    SerializeAsAny[ModelSpec],
    BeforeValidator(parse_spec),
    Field(description="architecture and its settings"),
]
"""A setting of a pydantic model that holds the spec of any family, told by its architecture."""

CardSpec = Annotated[
    SerializeAsAny[ModelSpec],
    BeforeValidator(_parsed_of_card),
    Field(description="architecture and its settings, or a network from elsewhere"),
]
"""The same for a model's card, whose network may be one from elsewhere."""
