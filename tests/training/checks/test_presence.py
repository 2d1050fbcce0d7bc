"""A class that only held-out samples have stops a training; one that none has does not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.classes import DUBAI_CLASSES
from core.cli.main import main
from core.datasets.catalogue import open_dataset
from core.datasets.dataset import Dataset
from core.datasets.recipes.splits import Split, split_samples
from core.errors import ConfigError, ImageError
from core.training.checks.presence import (
    absent_everywhere,
    cannot_learn,
    check_presence,
    classes_present,
    splits_with,
)
from core.training.config import TrainConfig, with_settings
from core.training.runs.run import create_run, list_runs
from core.training.session import data
from core.training.session.train import train
from tests.tiny import QUICK

WATER, LAND = (
    DUBAI_CLASSES.classes[DUBAI_CLASSES.names.index(name)].rgb for name in ("Water", "Land")
)
Dry = Callable[..., Dataset]


def drained(root: Path, *wet: str) -> Dataset:
    """A demo dataset whose water has been made land, but in the scenes named."""
    for path in root.glob("*/masks/*.png"):
        if path.parents[1].name not in wet:
            pixels = cv2.imread(str(path))[..., ::-1].copy()
            pixels[(pixels == WATER).all(axis=-1)] = LAND
            cv2.imwrite(str(path), pixels[..., ::-1])
    return open_dataset(root)


@pytest.fixture
def dry(demo_dataset: Path, tmp_path: Path) -> Dry:
    return lambda *wet: drained(shutil.copytree(demo_dataset, tmp_path / "dry"), *wet)


def config_of(dataset: Dataset, *settings: str) -> TrainConfig:
    return with_settings(TrainConfig(dataset=str(dataset.root)), [*QUICK, *settings])


def split_of(dataset: Dataset, config: TrainConfig) -> Split:
    return split_samples(dataset.samples, config.recipe.split)


def held_out(dataset: Dataset) -> str:
    """The scene that validates by default."""
    return dataset.sample(split_of(dataset, TrainConfig()).val[0]).scene


def test_few_masks_are_read_where_all_is_well(demo_dataset: Path) -> None:
    dataset = open_dataset(demo_dataset)
    read: list[tuple[int, int]] = []
    split = split_of(dataset, TrainConfig())
    assert classes_present(dataset, split, lambda *at: read.append(at)) is None
    assert read[-1][0] <= len(split.train) < read[-1][1] == 12


def test_what_each_sample_has_is_what_its_mask_has(dry: Dry, demo_dataset: Path) -> None:
    dataset = dry(held_out(open_dataset(demo_dataset)))
    present = classes_present(dataset, split_of(dataset, TrainConfig()))
    assert present is not None
    assert present.keys() == {sample.id for sample in dataset.samples}
    for sample in dataset.samples:
        assert sample.mask is not None
        colours = {tuple(c) for c in cv2.imread(str(sample.mask))[..., ::-1].reshape(-1, 3)}
        assert present[sample.id] == {c.name for c in DUBAI_CLASSES.classes if c.rgb in colours}


def test_a_class_that_is_held_out_is_refused_with_splits_that_have_it(
    dry: Dry, demo_dataset: Path
) -> None:
    scene = held_out(open_dataset(demo_dataset))
    dataset = dry(scene)
    config = config_of(dataset)
    split = split_of(dataset, config)
    present = classes_present(dataset, split)
    assert present is not None
    with pytest.raises(
        ConfigError, match=r"no pixel of Water, .*recipe\.split\.seed=.*kind=within-scene"
    ) as error:
        check_presence(config, dataset, split, present)
    assert error.value.where == "recipe.split"
    assert 'recipe.class_weights={"Water": 0}' in error.value.remedy
    others = splits_with(config, dataset, present)
    assert {other.kind for other in others} == {"scene", "within-scene"}
    for other in others:
        sides = split_samples(dataset.samples, other)
        assert any(dataset.sample(i).scene == scene for i in sides.train)
        changed = config.recipe.model_copy(update={"split": other})
        check_presence(config.model_copy(update={"recipe": changed}), dataset, sides, present)
        assert f"{other.seed}" in error.value.remedy or other.kind in error.value.remedy


def test_folds_offer_the_other_folds(dry: Dry, demo_dataset: Path) -> None:
    folds = ["recipe.split.kind=folds", "recipe.split.folds=3", "recipe.split.test=0"]
    config = config_of(open_dataset(demo_dataset), *folds)
    validating = split_of(open_dataset(demo_dataset), config).val[0].partition("/")[0]
    dataset = dry(validating)
    split = split_of(dataset, config)
    present = classes_present(dataset, split)
    assert present is not None
    with pytest.raises(ConfigError, match=r"choose recipe\.split\.fold=1 or 2, or recipe\.split"):
        check_presence(config, dataset, split, present)


def test_fixed_lists_name_samples_to_take_off(dry: Dry, demo_dataset: Path) -> None:
    scene = held_out(open_dataset(demo_dataset))
    dataset = dry(scene)
    lists = "[" + ", ".join(f'"{s.id}"' for s in dataset.samples if s.scene == scene) + "]"
    config = config_of(dataset, "recipe.split.kind=fixed", f"recipe.split.val_samples={lists}")
    split = split_of(dataset, config)
    present = classes_present(dataset, split)
    assert present is not None
    with pytest.raises(ConfigError, match=rf"take some of {scene}/.* off the lists"):
        check_presence(config, dataset, split, present)


def test_a_class_of_weight_0_need_not_be_there(dry: Dry, demo_dataset: Path) -> None:
    dataset = dry(held_out(open_dataset(demo_dataset)))
    config = config_of(dataset, 'recipe.class_weights={"Water": 0}')
    split = split_of(dataset, config)
    present = classes_present(dataset, split)
    assert present is not None
    check_presence(config, dataset, split, present)
    assert absent_everywhere(config, dataset, present) == ()


def test_the_command_refuses_it_and_leaves_no_run(
    dry: Dry, demo_dataset: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    dataset = dry(held_out(open_dataset(demo_dataset)))
    settings = [part for each in QUICK for part in ("--set", each)]
    assert main(["train", "--dataset", str(dataset.root), *settings]) == 1
    shown = capfd.readouterr()
    assert shown.err.startswith("error: the training split has no pixel of Water")
    assert shown.err.count("\n") == 1
    assert "recipe.split, choose recipe.split.seed=" in shown.err
    assert not list_runs()


@pytest.mark.training
def test_a_training_of_the_queue_refuses_it_too(dry: Dry, demo_dataset: Path) -> None:
    dataset = dry(held_out(open_dataset(demo_dataset)))
    run = create_run("dry", config_of(dataset))
    with pytest.raises(ConfigError, match="no pixel of Water"):
        train(run)
    assert run.status().state == "failed"
    assert "recipe.split.seed=" in run.status().message
    assert run.saved() is None


@pytest.mark.training
@pytest.mark.usefixtures("eager")
def test_a_class_that_no_sample_has_is_a_warning_and_it_trains(
    dry: Dry, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = dry()
    config = config_of(dataset, "epochs=1")
    split = split_of(dataset, config)
    present = classes_present(dataset, split)
    assert present is not None
    check_presence(config, dataset, split, present)
    assert absent_everywhere(config, dataset, present) == ("Water",)
    run = create_run("dry", config)
    train(run)
    assert run.status().state == "finished"
    assert f"warning: {cannot_learn(['Water'])}" in capsys.readouterr().err


@pytest.mark.training
@pytest.mark.usefixtures("eager")
def test_statistics_of_a_part_of_the_samples_do_not_decide(
    demo_dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One sample fits into memory, and its counts know of one class.
    monkeypatch.setattr(data, "class_counts", lambda *_: np.array([0, 0, 9, 0, 0]))
    config = config_of(open_dataset(demo_dataset), "epochs=1")
    run = create_run("large", config)
    train(run, train_memory=1)
    assert run.status().state == "finished"


def test_a_mask_that_cannot_be_read_is_named(dry: Dry) -> None:
    dataset = dry()
    split = split_of(dataset, TrainConfig())
    mask = dataset.sample(split.train[0]).mask
    assert mask is not None
    mask.write_bytes(mask.read_bytes()[:100])
    with pytest.raises(ImageError, match=mask.stem):
        classes_present(dataset, split)
