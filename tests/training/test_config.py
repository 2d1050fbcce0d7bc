"""The training configuration: JSON, unknown keys, settings from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import ConfigError
from core.models.architectures.unet import UNetSpec, build_unet
from core.training.config import TrainConfig, load_config, with_settings


def test_json_round_trip_keeps_everything(tmp_path: Path) -> None:
    config = with_settings(
        TrainConfig(dataset="demo"),
        [
            *("epochs=7", "model.width=12", "loss.balance=0.5"),
            *("recipe.augmentation.zoom=[0.5, 2]", "recipe.augmentation.copy_paste=0.5"),
            "recipe.augmentation.label_deformation=2",
        ],
    )
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config.model_dump(mode="json")))
    assert load_config(path) == config


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        ({"epoch": 3}, "remove 'epoch'"),
        ({"model": {"depht": 3}}, "remove 'model.depht'"),
        ({"batch": 0}, "fix batch"),
        ({"version": 2}, "fix version"),
        ({"recipe": {"split": {"val": 0.6, "test": 0.5}}}, "leave something to train on"),
    ],
)
def test_what_does_not_fit_is_refused_with_advice(
    tmp_path: Path, content: dict[str, object], advice: str
) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match=advice) as error:
        load_config(path)
    assert error.value.where == str(path)


def test_a_missing_file_is_our_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "none.json")


def test_settings_take_json_and_plain_text() -> None:
    config = with_settings(
        TrainConfig(), ["learning_rate=0.01", "precision=float32", "recipe.split.kind=within-scene"]
    )
    assert config.learning_rate == 0.01
    assert config.precision == "float32"
    assert config.recipe.split.kind == "within-scene"


@pytest.mark.parametrize(
    ("setting", "advice"),
    [
        ("epochs", "KEY=VALUE"),
        ("model.colour=3", "settings here: .*width"),
        ("nothing.at.all=3", "settings here: .*epochs"),
        ("epochs=many", "fix epochs"),
        ("model.width=13", "fix model.width"),
        ("limit_minutes=Infinity", "fix limit_minutes: .*finite"),
        ("loss.dice=NaN", "fix loss.dice: .*finite"),
    ],
)
def test_a_wrong_setting_says_what_there_is(setting: str, advice: str) -> None:
    with pytest.raises(ConfigError, match=advice):
        with_settings(TrainConfig(), [setting])


def test_groups_of_eight_need_a_width_they_divide() -> None:
    with pytest.raises(ConfigError, match="multiple of 8"):
        with_settings(TrainConfig(), ["model.width=28", 'model.norm="group"'])
    assert with_settings(TrainConfig(), ["model.width=28"]).model.width == 28
    layer = build_unet(UNetSpec(width=24, depth=1, norm="group")).get_layer("enc1_norm1")
    assert layer.groups == 3
