"""Fixes go into a recipe, and change what is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.classes import VOID
from core.datasets.catalogue import open_dataset
from core.datasets.recipes.apply import prepared
from core.datasets.recipes.fixes import (
    Action,
    Exclude,
    ExcludeGroup,
    Oversample,
    ReadAs,
    ReadEach,
    SplitByScene,
    UseWindow,
    apply,
    in_recipe,
)
from core.datasets.recipes.recipe import Recipe
from core.datasets.recipes.splits import SplitConfig
from core.errors import ConfigError
from tests.planted import name, painted, write, write_clean

ACTIONS: list[Action] = [
    Exclude("a"),
    ExcludeGroup(("a", "b"), "with means near 0.42"),
    ReadAs("#010203", "void"),
    ReadEach((("#010203", "Land"), ("value 7", "void")), "their nearest class"),
    UseWindow("a", 1, 2, 30, 40),
    Oversample(0.4),
    SplitByScene(),
]


@pytest.mark.parametrize("action", ACTIONS, ids=lambda a: type(a).__name__)
def test_a_fix_goes_in_once_and_survives_json(action: Action) -> None:
    before = Recipe(split=SplitConfig(kind="random", val=0.3, seed=5))
    after = apply(before, action)
    assert not in_recipe(before, action)
    assert in_recipe(after, action)
    assert Recipe.model_validate_json(after.model_dump_json()) == after
    assert action.label
    assert before == Recipe(split=SplitConfig(kind="random", val=0.3, seed=5))


def test_the_split_keeps_its_shares_and_loses_what_is_excluded() -> None:
    by_scene = apply(Recipe(split=SplitConfig(kind="random", val=0.3, seed=5)), SplitByScene())
    assert by_scene.split == SplitConfig(kind="scene", val=0.3, seed=5)
    folds = Recipe(split=SplitConfig(kind="folds"))
    assert in_recipe(folds, SplitByScene())
    fixed = SplitConfig(kind="fixed", val_samples=("a", "b"), test_samples=("c",))
    left = apply(Recipe(split=fixed), Exclude("a")).split
    assert (left.val_samples, left.test_samples) == (("b",), ("c",))


def test_a_fix_that_cannot_be_says_so() -> None:
    with pytest.raises(ConfigError, match="does not fit the recipe"):
        apply(Recipe(), Oversample(7))


def test_the_prepared_set_is_what_was_decided(tmp_path: Path) -> None:
    root = write_clean(tmp_path / "set")
    pixels = painted(0)
    pixels[:3, :3] = (1, 2, 3)
    write(root / f"masks/{name(0)}.png", pixels)
    dataset = open_dataset(root)
    recipe = apply(Recipe(), ReadAs("#010203", "Road"))
    recipe = apply(recipe, UseWindow(name(0), 0, 0, 40, 30))
    recipe = apply(recipe, Exclude(name(1)))
    made = prepared(dataset, recipe)
    assert name(1) not in [sample.id for sample in made.samples]
    labels = made.load_labels(made.sample(name(0)))
    assert labels.shape == (30, 40)
    assert set(np.unique(labels[:3, :3])) == {2}
    as_void = prepared(dataset, apply(Recipe(), ReadAs("#010203", "void")))
    assert (as_void.load_labels(as_void.sample(name(0)))[:3, :3] == VOID).all()
