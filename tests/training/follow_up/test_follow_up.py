"""Trainings launched from an evaluation: their configurations, and what they are compared on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.datasets.catalogue import find_dataset
from core.datasets.recipes.recipe import Recipe
from core.datasets.recipes.splits import SplitConfig
from core.errors import ConfigError, DatasetError, ModelError, RunError
from core.models.card import ModelCard
from core.models.store import find_model, read_card
from core.training.config import TrainConfig, with_settings
from core.training.follow_up.again import HeldOut, again_config, held_out
from core.training.follow_up.split_gap import check_split, find_alike, train_with_split, with_split
from core.training.queue.queue import queued_runs
from core.training.runs.origin import Origin, read_origin, runs_of, write_origin
from core.training.runs.run import create_run
from tests.tiny import TINY


def config_with(split: SplitConfig | None = None) -> TrainConfig:
    recipe = Recipe(name="city", dataset="demo", split=split or SplitConfig())
    return with_settings(TrainConfig(dataset="demo", recipe=recipe), TINY)


def card_of(card: ModelCard, **training: object) -> ModelCard:
    return card.model_copy(update={"training": card.training.model_copy(update=training)})


def test_a_model_is_trained_again_as_it_was(tiny_model: str) -> None:
    card = read_card(find_model(tiny_model).folder)
    with pytest.raises(ModelError, match="does not say how it was trained"):
        again_config(card, "demo", Recipe())
    content = config_with().model_dump(mode="json")
    recipe = Recipe(name="city", revision=3, exclude=("a",))
    made = again_config(card_of(card, config=content), "other", recipe)
    assert made == config_with().model_copy(update={"recipe": recipe, "dataset": "other"})
    with pytest.raises(ModelError, match="does not fit this version"):
        again_config(card_of(card, config=content | {"epochs": -1}), "demo", recipe)


def test_what_neither_was_trained_on_is_compared(tiny_model: str) -> None:
    card = read_card(find_model(tiny_model).folder)
    old = card_of(card, train=("a", "b"), val=("c",), test=("d", "e"))
    new = card_of(card, train=("a", "b"), val=("c",), test=("e",))
    assert held_out(old, new) == HeldOut("test", "test", ("e",))
    new = card_of(card, train=("a", "b"), val=("c",))
    assert held_out(old, new) == HeldOut("val", "val", ("c",))
    new = card_of(card, train=("a", "d", "e"), val=("b",))
    with pytest.raises(DatasetError, match="no sample was held out in both"):
        held_out(old, new)
    # A model of another dataset was trained on none of these.
    new = card_of(card, train=("x",), val=("y",), test=("z",))
    assert held_out(old, new) == HeldOut("all", "test", ("z",))


def test_splits_differ_in_their_kind_alone() -> None:
    config = config_with(SplitConfig(kind="within-scene", val=0.3, test=0.1, seed=4))
    scene, random = with_split(config, "scene"), with_split(config, "random")
    assert scene.recipe.split == SplitConfig(kind="scene", val=0.3, test=0.1, seed=4)
    assert random.recipe.split == SplitConfig(kind="random", val=0.3, test=0.1, seed=4)
    assert scene.model_copy(update={"recipe": config.recipe}) == config
    # There is a test side in any case, also where shares leave little room; lists have no shares.
    split = with_split(config_with(SplitConfig(val=0.9, test=0)), "scene").recipe.split
    assert split.val + split.test < 1
    lists = SplitConfig(kind="fixed", val_samples=("a",), test_samples=("b",))
    assert with_split(config_with(lists), "random").recipe.split == SplitConfig(kind="random")


def test_too_few_scenes_are_said_before_a_launch(demo_dataset: Path, space: Path) -> None:
    shutil.copytree(demo_dataset, space / "datasets" / "demo")
    dataset = find_dataset("demo")
    check_split(with_split(config_with(), "scene"), dataset)
    many = with_split(config_with(SplitConfig(val=0.5, test=0.4)), "scene")
    with pytest.raises(ConfigError, match="scenes with masks"):
        check_split(many, dataset)


def test_a_run_with_the_same_settings_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.training.queue.launch.advance", lambda: None)
    config = with_split(config_with(), "scene")
    assert find_alike(config) is None
    create_run("failed", config, {"state": "failed"})
    assert find_alike(config) is None
    [waiting] = train_with_split([config], "2026-11-28-130127-91c2", "tiny")
    assert waiting.name == "demo-by-scene-01"
    assert queued_runs() == [waiting]
    assert find_alike(config) == waiting
    assert find_alike(with_split(config, "random")) is None
    # One that has ended, under another name of the recipe, is better than one that waits.
    renamed = config.recipe.model_copy(update={"name": "town", "revision": 4})
    ended = create_run(
        "ended", config.model_copy(update={"recipe": renamed}), {"state": "finished"}
    )
    assert find_alike(config) == ended
    other = config.model_copy(update={"seed": config.seed + 1})
    assert find_alike(other) is None
    origin = Origin(kind="split", evaluation="2026-11-28-130127-91c2", model="tiny")
    assert read_origin(waiting) == origin
    assert read_origin(ended) is None
    assert runs_of(origin.evaluation, "split") == [waiting]
    assert not runs_of(origin.evaluation, "suspects")


def test_an_origin_that_is_damaged_is_said() -> None:
    run = create_run("run", config_with(), {"state": "finished"})
    write_origin(run, Origin(kind="suspects", evaluation="e", model="m"))
    (run.folder / "origin.json").write_text('{"kind": "suspects", "evaluation": "../x"}')
    with pytest.raises(RunError, match="cannot be read"):
        read_origin(run)
    assert not runs_of("e", "suspects")
