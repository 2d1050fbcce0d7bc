"""Every architecture, through the one tester.

Each encoder of the zoo but the six largest is tried with one decoder, and each decoder with
several encoders, within the time a run of all tests may take; with DSI_ALL_MODELS=1 all of them
with all, which `python -m bench.zoo` does too when it makes the table.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from core.models.architectures.unet import UNetSpec
from core.models.architectures.unet_vgg11 import UNetVGG11Spec
from core.models.architectures.zoo_spec import DECODERS, ZooSpec
from core.models.zoo_table import backbones
from tests.model_tester import check_model

_DECODERS = tuple(DECODERS)
# More than 900 layers: half a minute to some minutes each.
_SLOW = {"senet154", "resnext101", "seresnext101", "resnext50", "seresnext50", "seresnet152"}


def _zoo() -> list[ZooSpec]:
    specs = []
    every = bool(os.environ.get("DSI_ALL_MODELS"))
    for turn, backbone in enumerate(backbones("sm-unet")):
        for number, decoder in enumerate(_DECODERS):
            if not every and (backbone in _SLOW or turn % len(_DECODERS) != number):
                continue
            size = 96 if DECODERS[decoder].fixed_size else 0
            specs.append(
                ZooSpec(architecture=decoder, backbone=backbone, bands=4, classes=3, size=size)
            )
    return specs


_OWN = [
    UNetSpec(bands=4, classes=3, width=8, depth=2),
    UNetSpec(bands=1, classes=2, width=8, depth=3, norm="group", upsampling="resize"),
    UNetSpec(bands=3, classes=5, width=4, depth=1, norm="none", stem_stride=2),
    UNetSpec(bands=3, classes=5, width=8, depth=5, stem_stride=4),
    UNetSpec(bands=1, classes=5, width=16, depth=3, norm="none", stem_stride=4),
    UNetSpec(bands=4, classes=2, width=8, depth=2, norm="group", stem_stride=2),
    UNetVGG11Spec(bands=4, classes=3),
]


def _name(spec: Any) -> str:
    return f"{spec.architecture}-{getattr(spec, 'backbone', spec.bands)}"


@pytest.mark.parametrize("spec", [*_OWN, *_zoo()], ids=_name)
def test_every_model(spec: Any, tmp_path: Path) -> None:
    import keras

    try:
        check_model(spec, tmp_path)
    finally:
        keras.backend.clear_session()


def test_all_decoders_offer_the_same_encoders_but_densenet() -> None:
    for decoder in _DECODERS:
        assert backbones(decoder) == backbones("sm-unet")
        assert not [name for name in backbones(decoder) if name.startswith("densenet")]
