"""Models of every family through the one tester.

Of the zoo one encoder of each family is tried, and each decoder with several of them; with
DSI_ALL_MODELS=1 all of them with all, which `python -m bench.zoo` does too when it makes the table
of what is offered.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from core.models.architectures.unet import UNetSpec
from core.models.architectures.unet_lite0 import UNetLite0Spec
from core.models.architectures.unet_vgg11 import UNetVGG11Spec
from core.models.architectures.zoo_spec import DECODERS, ZooSpec
from core.models.zoo_table import backbones
from tests.model_tester import check_model

pytestmark = pytest.mark.training

_DECODERS = tuple(DECODERS)
# The smallest encoder of each family, with a decoder.
_FAMILIES = {
    "vgg16": "sm-unet",
    "resnet18": "sm-fpn",
    "seresnet18": "sm-pspnet",
    "resnext50": "sm-linknet",
    "inceptionv3": "sm-linknet",
    "inceptionresnetv2": "sm-fpn",
    "mobilenet": "sm-pspnet",
    "mobilenetv2": "sm-unet",
    "efficientnetb0": "sm-fpn",
}
# Minutes: hundreds of convolutions in groups, as resnext50 has, with the gates of seresnet18.
_SLOW = {"senet154", "seresnext50", "seresnext101"}
# Networks of our own, and one encoder with each decoder.
_SMALL = {"", "vgg11", "vgg16", "resnet18", "mobilenet", "mobilenetv2"}


def _zoo() -> list[ZooSpec]:
    pairs = list(_FAMILIES.items())
    if os.environ.get("DSI_ALL_MODELS"):
        pairs = [(name, decoder) for decoder in _DECODERS for name in backbones(decoder)]
    return [
        ZooSpec(
            architecture=decoder,
            backbone=backbone,
            bands=4,
            classes=3,
            size=96 if DECODERS[decoder].fixed_size else 0,
        )
        for backbone, decoder in pairs
    ]


_OWN = [
    UNetSpec(bands=4, classes=3, width=8, depth=2),
    UNetSpec(bands=1, classes=2, width=8, depth=3, norm="group", upsampling="resize"),
    UNetSpec(bands=3, classes=5, width=4, depth=1, norm="none", stem_stride=2),
    UNetSpec(bands=3, classes=5, width=8, depth=5, stem_stride=4),
    UNetSpec(bands=1, classes=5, width=16, depth=3, norm="none", stem_stride=4),
    UNetSpec(bands=4, classes=2, width=8, depth=2, norm="group", stem_stride=2),
    UNetVGG11Spec(bands=4, classes=3),
    UNetLite0Spec(bands=4, classes=3),
]


def _name(spec: Any) -> str:
    return f"{spec.architecture}-{getattr(spec, 'backbone', spec.bands)}"


@pytest.mark.parametrize("spec", [*_OWN, *_zoo()], ids=_name)
def test_every_model(spec: Any, tmp_path: Path) -> None:
    import keras

    try:
        # Another build of a thousand layers takes half as long as all the rest.
        small = getattr(spec, "backbone", "") in _SMALL
        check_model(spec, tmp_path, thorough=small or bool(os.environ.get("DSI_ALL_MODELS")))
    finally:
        keras.backend.clear_session()


def _family(backbone: str) -> str:
    return re.sub(r"b?\d+$", "", backbone)


def test_no_family_but_the_slow_is_left_out() -> None:
    available = set(backbones("sm-unet")) - _SLOW
    assert {_family(name) for name in _FAMILIES} == {_family(name) for name in available}


def test_all_decoders_offer_the_same_encoders_but_densenet() -> None:
    for decoder in _DECODERS:
        assert backbones(decoder) == backbones("sm-unet")
        assert not [name for name in backbones(decoder) if name.startswith("densenet")]
