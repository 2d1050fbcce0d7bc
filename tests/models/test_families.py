"""The table of model families: one row is all that a new architecture needs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.cli.main import main
from core.errors import ConfigError
from core.models.families import FAMILIES, Family, default_spec
from core.models.network import build_model, cost
from core.models.weights.imagenet import pretrained_weights
from core.training.command import changed_settings
from core.training.config import TrainConfig, with_settings
from tests.contributing import example
from tests.model_tester import check_model


@pytest.fixture
def three_layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The example of docs/contributing.md; its row is the one change to the program."""
    module, row = example("A model family", Family, tmp_path)
    monkeypatch.setitem(FAMILIES, *row)
    return module


@pytest.mark.usefixtures("three_layers")
def test_a_new_family_is_listed_with_its_cost(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["architectures", "--bands", "4", "--classes", "2", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["architectures"]
    row = next(row for row in rows if row["name"] == "three-layers")
    parameters = (9 * 4 * 8 + 8) + (9 * 8 * 8 + 8) + (8 * 2 + 2)
    assert row == {
        "name": "three-layers",
        "architecture": "three-layers",
        "backbone": None,
        "parameters": parameters,
        "size": 256,
        "macs": 256**2 * (9 * 4 * 8 + 9 * 8 * 8 + 8 * 2),
        "receptive_field": 5,
    }


@pytest.mark.training
def test_a_new_family_is_built_trained_saved_loaded_and_predicts(
    three_layers: Any, tmp_path: Path
) -> None:
    check_model(three_layers.ThreeLayersSpec(bands=4, classes=3), tmp_path)


def test_a_new_family_in_a_configuration(three_layers: Any) -> None:
    config = with_settings(TrainConfig(), ["model.width=16", "model.architecture=three-layers"])
    assert config.model == three_layers.ThreeLayersSpec(width=16)
    assert TrainConfig.model_validate_json(config.model_dump_json()) == config
    assert changed_settings(config) == ["model.architecture=three-layers", "model.width=16"]
    with pytest.raises(ConfigError, match=r"model\.width: .*64"):
        with_settings(config, ["model.width=65"])
    with pytest.raises(ConfigError, match=r"no setting 'model\.depth'"):
        with_settings(config, ["model.depth=3"])


def test_a_family_without_a_row_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"three-layers.*unet, unet-vgg11, unet-lite0, sm-unet"):
        with_settings(TrainConfig(), ["model.architecture=three-layers"])
    with pytest.raises(
        ValueError, match="expected the architecture unet, unet-vgg11, unet-lite0, sm-unet"
    ):
        TrainConfig.model_validate({"model": {"architecture": "three-layers"}})


def test_a_model_without_architecture_is_a_unet() -> None:
    """So it is in cards that were written when there was no other."""
    content = {"model": {"bands": 3, "classes": 2, "width": 16}}
    assert TrainConfig.model_validate(content).model.architecture == "unet"


@pytest.mark.parametrize("name", FAMILIES)
def test_every_row_fits_its_name(name: str) -> None:
    spec = default_spec(name)
    assert spec.architecture == name
    assert FAMILIES[name].title and FAMILIES[name].summary.endswith(".")
    assert cost(spec, 4 * spec.multiple).parameters > 0
    # What the table of pretrained weights has no row for cannot be chosen.
    assert (pretrained_weights(spec) is None) == (not FAMILIES[name].encoder(spec))


@pytest.mark.training
@pytest.mark.parametrize("name", ["unet", "sm-linknet", "sm-pspnet"])
def test_a_fixed_input_is_that_of_the_crops(name: str) -> None:
    spec = default_spec(name).for_crops(96)
    shape = build_model(spec).input_shape
    assert shape[1:3] == (spec.input_size or None,) * 2
    assert spec.input_size == (96 if name == "sm-pspnet" else 0)
    assert default_spec(name).for_crops(100) == default_spec(name)


def test_the_table_is_there_without_tensorflow() -> None:
    code = (
        "import sys; from core.models.families import FAMILIES, default_spec; "
        "from core.models.network import cost; import core.models.weights.pretrained; "
        "[cost(default_spec(name), 96) for name in FAMILIES]; "
        "assert not {'tensorflow', 'keras', 'segmentation_models'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
