"""The equivalent command: what a shell makes of it is the configuration it was made of."""

from __future__ import annotations

import subprocess

import pytest

from core.cli.main import parser
from core.datasets.recipes.recipe import Augmentation, Patch, Recipe
from core.datasets.recipes.splits import SplitConfig
from core.models.architectures.unet import UNetSpec
from core.models.architectures.unet_vgg11 import UNetVGG11Spec
from core.training.command import changed_settings, train_command
from core.training.config import Loss, TrainConfig, with_settings

_RECIPE = Recipe(
    name="12",  # JSON would make a number of it
    dataset="my $HOME set",
    exclude=('Tile 1/it\'s "one"', "Tile 2/ü;rm -rf *"),
    bands=(2, 0, 1),
    mask_values={"#FF00FF": "void", "value 7": "Open Land"},
    windows={"Tile 3/a": (0, 8, 64, 64)},
    normalisation="percentile",
    clip=(0.5, 99.5),
    class_weights={"Open Land": 2.5},
    split=SplitConfig(kind="fixed", val_samples=("a b",), test_samples=("c",)),
    patch=Patch(size=96, rare=0.25),
    augmentation=Augmentation(zoom=(0.5, 2), flips=False, speckle=0.1),
)
CONFIGS = [
    TrainConfig(dataset="demo"),
    TrainConfig(dataset="server/a b", recipe=_RECIPE, epochs=7, limit_minutes=0.5),
    TrainConfig(
        dataset="null",
        model=UNetSpec(width=32, stem_stride=2, norm="group"),
        loss=Loss(cross_entropy=0, focal=1.5, tversky=0.1),
        learning_rate=1e-7,
        tensorboard=False,
    ),
    TrainConfig(dataset="x", model=UNetVGG11Spec(), encoder_weights="/tmp/my weights.safetensors"),
]


def _arguments(command: str) -> list[str]:
    """What a real shell gives to the program."""
    done = subprocess.run(
        ["bash", "-c", f"python() {{ printf '%s\\0' \"$@\"; }}\n{command}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split("\0")[:-1]


@pytest.mark.parametrize("config", CONFIGS)
def test_a_shell_and_the_command_line_give_the_same_configuration(config: TrainConfig) -> None:
    arguments = _arguments(train_command(config, run="my run"))
    assert arguments[:3] == ["-m", "core", "train"]
    options = parser().parse_args(arguments[2:])
    assert options.run == "my run"
    assert with_settings(TrainConfig(dataset=options.dataset), options.settings) == config


@pytest.mark.parametrize("config", CONFIGS)
def test_beside_a_recipe_only_what_differs_is_said(config: TrainConfig) -> None:
    base = TrainConfig(dataset=config.dataset, recipe=_RECIPE)
    assert with_settings(base, changed_settings(config, base)) == config
    other = TrainConfig(recipe=_RECIPE.model_copy(update={"class_weights": {"a.b=c": 2.0}}))
    assert with_settings(other, changed_settings(config, other)) == config.model_copy(
        update={"dataset": ""}
    )
    if config.recipe == _RECIPE:
        assert not any("recipe" in setting for setting in changed_settings(config, base))


def test_only_what_differs_from_the_defaults_is_said() -> None:
    config = TrainConfig(dataset="demo", epochs=3, model=UNetVGG11Spec())
    assert changed_settings(config) == [
        "model.architecture=unet-vgg11",
        "epochs=3",
    ]
    assert train_command(TrainConfig(dataset="demo")) == "python -m core train --dataset demo"
