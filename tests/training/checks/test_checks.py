"""What cannot be trained is refused before the launch, by its key and with values that would do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from core.cli.main import main
from core.datasets.catalogue import open_dataset
from core.datasets.dataset import Dataset
from core.datasets.recipes.apply import prepared
from core.datasets.recipes.splits import split_samples
from core.errors import ConfigError
from core.training.checks import checks
from core.training.checks.checks import (
    absent_classes,
    check_config,
    check_counts,
    check_memory,
    crop_sizes,
    memory_at_its_turn,
    network_of,
    training_images,
)
from core.training.checks.memory import training_memory
from core.training.config import TrainConfig, with_settings
from core.training.runs.liveness import process_start
from core.training.runs.run import create_run, list_runs
from core.training.runs.status import Status
from tests.conftest import REPOSITORY

SMALL = ["recipe.patch.size=64", "model.depth=2"]


@pytest.fixture
def dataset(demo_dataset: Path) -> Dataset:
    return open_dataset(demo_dataset)


def check(dataset: Dataset, *settings: str) -> None:
    config = with_settings(TrainConfig(), [*SMALL, *settings])
    dataset = prepared(dataset, config.recipe)
    check_config(config, dataset, split_samples(dataset.samples, config.recipe.split))


def test_what_fits_passes(dataset: Dataset) -> None:
    check(dataset, "recipe.patch.size=96", 'recipe.class_weights={"Road": 2, "Water": 0}')
    check(dataset, "recipe.bands=[2, 0]", "replicas=4", "batch=8")


@pytest.mark.parametrize(
    ("settings", "key", "words"),
    [
        (["recipe.patch.size=128"], "recipe.patch.size", "longest side is 96 px, .*32, 64, 96"),
        (
            ["model.depth=6", "recipe.patch.size=96"],
            "recipe.patch.size",
            "multiples of 64, .*choose one of 64",
        ),
        (["recipe.bands=[0, 3]"], "recipe.bands", "no band 3: .* 0, 1, 2"),
        (['recipe.class_weights={"Raod": 2}'], "recipe.class_weights", "'Raod'.*Building, .*Road"),
        (["replicas=3"], "replicas", "batch of 8 .* 1, 2, 4, 8"),
        (["recipe.split.val=0", "recipe.split.kind=within-scene"], "recipe.split.val", "above 0"),
    ],
)
def test_what_does_not_fit_names_its_key(
    dataset: Dataset, settings: list[str], key: str, words: str
) -> None:
    with pytest.raises(ConfigError, match=words) as error:
        check(dataset, *settings)
    assert error.value.where == key


def test_bands_beyond_a_networks_are_refused() -> None:
    assert network_of(TrainConfig(), 100, 5).bands == 100
    with pytest.raises(ConfigError, match="fix bands") as error:
        network_of(TrainConfig(), 1025, 5)
    assert error.value.where == "model"


def test_an_unknown_model_to_start_from_is_reported_with_those_there_are(dataset: Dataset) -> None:
    with pytest.raises(ConfigError, match=r"'nowhere'.*dubai-unet") as error:
        check(dataset, "start_from=nowhere")
    assert error.value.where == "start_from"


def test_a_window_is_what_counts(dataset: Dataset) -> None:
    samples = [sample.id for sample in dataset.samples]
    windows = {name: (0, 0, 40, 30) for name in samples}
    cut = replace(dataset, windows=windows)
    split = split_samples(cut.samples, TrainConfig().recipe.split)
    images = training_images(cut, split)
    assert images.largest == 40
    assert images.pixels == 40 * 30 * len(split.train)
    with pytest.raises(
        ConfigError, match=r"longest side is 40 px, recipe\.patch\.size, choose one of 32"
    ):
        check_config(with_settings(TrainConfig(), SMALL), cut, split)


def test_images_below_the_smallest_crop_are_filled_up(dataset: Dataset) -> None:
    config = with_settings(TrainConfig(), SMALL)
    assert crop_sizes(config.model, 20) == [32]
    assert crop_sizes(config.model.model_copy(update={"depth": 6}), 200) == [64, 128, 192]


def test_a_training_split_must_have_something_to_tell_apart() -> None:
    config = with_settings(TrainConfig(), ['recipe.class_weights={"Road": 0}'])
    check_counts(config, {"Land": 5, "Road": 3, "Water": 0})
    assert absent_classes({"Land": 5, "Road": 3, "Water": 0}) == ("Water",)
    for counts, key, words in (
        ({"Land": 0, "Road": 0}, "recipe.split", "void"),
        ({"Land": 5, "Road": 0}, "recipe.split", "Land alone"),
    ):
        with pytest.raises(ConfigError, match=words) as error:
            check_counts(config, counts)
        assert error.value.where == key
    nothing = with_settings(TrainConfig(), ['recipe.class_weights={"Road": 0, "Land": 0}'])
    with pytest.raises(ConfigError, match="weight above 0"):
        check_counts(nothing, {"Land": 5, "Road": 3, "Water": 0})


def test_a_batch_that_does_not_fit_names_one_that_does() -> None:
    config = with_settings(TrainConfig(), ["batch=64", "recipe.patch.size=256"])
    spec = config.model
    needed = training_memory(spec, config)
    check_memory(config, spec, needed)
    check_memory(config, spec, None)
    with pytest.raises(ConfigError, match="a batch of 64 crops of 256 px takes about") as error:
        check_memory(config, spec, needed - 1)
    assert error.value.where == "batch"
    assert error.value.remedy == "choose a batch of at most 63"

    def taken(**changed: int) -> int:
        settings = [f"{key.replace('__', '.')}={value}" for key, value in changed.items()]
        return training_memory(spec, with_settings(config, settings))

    with pytest.raises(ConfigError, match=r"at most 5$"):
        check_memory(config, spec, taken(batch=5))
    with pytest.raises(ConfigError, match=r"recipe\.patch\.size=128 or less with a batch of 1$"):
        check_memory(config, spec, taken(batch=1, recipe__patch__size=128))
    with pytest.raises(ConfigError, match="smaller network"):
        check_memory(config, spec, 1)


def test_what_the_training_before_holds_is_free_at_the_next_ones_turn(
    demo_dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "has_gpu", lambda: False)
    monkeypatch.setattr(checks, "available_memory", lambda: 1000)
    run = create_run("before", TrainConfig(dataset=str(demo_dataset)))
    assert memory_at_its_turn() == 1000
    me = {"state": "running", "pid": os.getpid(), "process_start": process_start(os.getpid())}
    run.write_status(Status.model_validate(me))
    assert memory_at_its_turn() > 1000 + 10 * 2**20
    monkeypatch.setattr(checks, "has_gpu", lambda: True)
    assert memory_at_its_turn() is None


def test_the_command_refuses_a_batch_before_there_is_a_run(
    demo_dataset: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "has_gpu", lambda: False)
    monkeypatch.setattr(checks, "available_memory", lambda: 10**9)
    settings = [part for each in [*SMALL, "batch=256"] for part in ("--set", each)]
    assert main(["train", "--dataset", str(demo_dataset), *settings]) == 1
    error = capfd.readouterr().err
    assert error.startswith("error: a batch of 256 crops of 64 px takes about ")
    assert ", batch, choose a batch of at most " in error
    assert error.count("\n") == 1
    assert not list_runs()


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("recipe.patch.size=512", "recipe.patch.size, choose one of 32, 64, 96"),
        ("batch=many", "fix batch: Input should be a valid integer"),
        ("bacth=4", "there is no setting 'bacth', settings here: .*batch"),
        ("recipe.split.val=0", "recipe.split.val, give it a share above 0"),
        ("recipe.split.val=0.7", "recipe.split, choose smaller shares"),
        ("recipe.bands=[7]", "recipe.bands, choose among 0, 1, 2"),
        ("start_from=nowhere", "start_from, known models: "),
    ],
)
def test_the_command_refuses_in_one_line_and_leaves_no_run(
    demo_dataset: Path, space: Path, capfd: pytest.CaptureFixture[str], setting: str, words: str
) -> None:
    given = [*SMALL, setting]
    settings = [part for each in given for part in ("--set", each)]
    assert main(["train", "--dataset", str(demo_dataset), *settings]) == 1
    shown = capfd.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert re.search(f"^error: .*{words}", shown.err)
    assert not list_runs()


def test_checking_needs_no_tensorflow() -> None:
    code = "import sys, core.training.checks.checks; print('tensorflow' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
