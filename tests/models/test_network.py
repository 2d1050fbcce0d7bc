from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from core.models.architectures.unet import UNetSpec
from core.models.architectures.unet_vgg11 import UNetVGG11Spec
from core.models.architectures.zoo_spec import ZooSpec
from core.models.catalogue import list_architectures
from core.models.families import FAMILIES
from core.models.network import cost
from core.models.zoo_table import backbones


@pytest.mark.parametrize(
    "spec",
    [
        UNetSpec(bands=1, classes=1, width=4, depth=2, norm="none", dropout=0),
        UNetSpec(bands=1, classes=1, width=4, depth=1, norm="none", upsampling="resize"),
        UNetSpec(bands=1, classes=1, width=4, depth=1, norm="none", stem_stride=2),
    ],
    ids=["transposed", "resize", "stem"],
)
def test_the_receptive_field_is_how_far_a_pixel_reaches(spec: UNetSpec) -> None:
    """With weights of one and an image of zeros, a pixel changes just the logits that see it."""
    from core.models.network import build_model

    model = build_model(spec)
    model.set_weights(
        [np.full(w.shape, 1e-2 if w.ndim > 1 else 0, np.float32) for w in model.get_weights()]
    )
    width, height = 128, 64
    images = np.zeros((width, height, width, 1), np.float32)
    images[np.arange(width), height // 2, np.arange(width)] = 1e6
    reached = np.asarray(model(images))[:, height // 2, :, 0] > 0  # (pixel, logit)
    middle = reached[:, width // 2 - 16 : width // 2 + 16].T
    seen = [int(np.ptp(np.flatnonzero(row))) + 1 for row in middle]
    assert max(seen) < width  # the image was wide enough to tell
    assert cost(spec, 64).receptive_field == max(seen)


def test_a_unet_counted_by_hand() -> None:
    spec = UNetSpec(bands=3, classes=2, width=4, depth=1, norm="none")
    parameters = (
        (27 * 4 + 4) + (36 * 4 + 4)  # enc1
        + (36 * 8 + 8) + (72 * 8 + 8)  # bridge
        + (4 * 8 * 4 + 4)  # dec1_up
        + (72 * 4 + 4) + (36 * 4 + 4)  # dec1
        + (4 * 2 + 2)
    )  # fmt: skip
    full, half = 16**2, 8**2
    macs = full * (27 * 4 + 36 * 4 + 72 * 4 + 36 * 4 + 8) + half * (36 * 8 + 72 * 8 + 4 * 8 * 4)
    result = cost(spec, 16)
    assert (result.parameters, result.macs) == (parameters, macs)


def test_published_parameters() -> None:
    # TernausNet's, and torchvision's VGG11 features (9,220,480) within it.
    assert cost(UNetVGG11Spec(classes=1), 32).parameters == 22_927_393
    # The encoder of Unet on resnet34 holds what classification_models' ResNet34 without top has.
    assert cost(ZooSpec(backbone="resnet34", classes=1), 32).parameters == 24_456_154


def test_bands_classes_and_size_go_in() -> None:
    small = cost(ZooSpec(backbone="resnet18", bands=1, classes=1), 64)
    large = cost(ZooSpec(backbone="resnet18", bands=9, classes=7), 128)
    assert large.parameters > small.parameters
    assert 4 * small.macs < large.macs
    with pytest.raises(ValueError, match="multiples of 32"):
        cost(ZooSpec(backbone="resnet18"), 100)


def test_specs_of_the_zoo_refuse_what_is_not_in_the_table() -> None:
    with pytest.raises(ValueError, match=r"resnet34.*received densenet121"):
        ZooSpec(backbone="densenet121")
    with pytest.raises(ValueError, match="multiple of 48"):
        ZooSpec(architecture="sm-pspnet", backbone="resnet18", size=64)
    with pytest.raises(ValueError, match="expected 0, for only sm-pspnet"):
        ZooSpec(architecture="sm-fpn", backbone="resnet18", size=96)


def _run(*arguments: str) -> Any:
    return subprocess.run(
        [sys.executable, "-m", "core", "architectures", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_lists_all_of_them() -> None:
    ended = _run("--bands", "4", "--classes", "3", "--json")
    assert ended.returncode == 0, ended.stderr
    rows = json.loads(ended.stdout)["architectures"]
    assert {row["architecture"] for row in rows} == set(FAMILIES)
    assert len({row["name"] for row in rows}) == len(rows) == 3 + 4 * len(backbones("sm-unet"))
    by_name = {row["name"]: row for row in rows}
    assert by_name["unet"]["parameters"] == cost(UNetSpec(bands=4, classes=3), 256).parameters
    assert by_name["unet"]["macs"] == cost(UNetSpec(bands=4, classes=3), 256).macs
    assert by_name["sm-pspnet-resnet18"]["receptive_field"] is None
    assert by_name["sm-pspnet-resnet18"]["size"] == 288
    assert [network.name for network in list_architectures(4, 3)] == [row["name"] for row in rows]


def test_the_command_in_words_and_its_refusals() -> None:
    ended = _run()
    assert "sm-linknet-mobilenetv2" in ended.stdout and "whole image" in ended.stdout
    assert _run("--bands", "0").returncode == 2
    refused = _run("--bands", "5000")
    assert refused.returncode == 1 and refused.stderr.startswith("error: ")
    assert "1024" in refused.stderr and "Traceback" not in refused.stderr
