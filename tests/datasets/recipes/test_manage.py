"""Saved recipes renamed and deleted, with all revisions."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.datasets.recipes.manage import delete_recipe, move_recipes, rename_recipe
from core.datasets.recipes.recipe import Recipe, load_recipe
from core.datasets.recipes.revisions import (
    keep_draft,
    list_recipes,
    load_draft,
    recipe_file,
    revisions,
    save_recipe,
)
from core.errors import ConfigError, WorkspaceError


def two_revisions(name: str = "mine") -> None:
    save_recipe(Recipe(name=name, dataset="demo"))
    save_recipe(Recipe(name=name, dataset="demo", exclude=("a",)))


def test_all_revisions_are_renamed(space: Path) -> None:
    two_revisions()
    rename_recipe("mine", " yours ")
    assert list_recipes() == ["yours"]
    assert revisions("yours") == [1, 2]
    assert [load_recipe(recipe_file("yours", n)).name for n in (1, 2)] == ["yours"] * 2
    assert load_recipe(recipe_file("yours")).exclude == ("a",)
    assert [p.name for p in (space / "recipes").iterdir()] == ["yours"]


def test_names_that_are_refused(space: Path) -> None:
    two_revisions()
    two_revisions("other")
    with pytest.raises(ConfigError, match="already"):
        rename_recipe("mine", "other")
    with pytest.raises(WorkspaceError, match="cannot be used as a name"):
        rename_recipe("mine", "../x")
    with pytest.raises(ConfigError, match="there is no recipe"):
        delete_recipe("nobody")
    assert list_recipes() == ["mine", "other"]


def test_a_recipe_is_deleted(space: Path) -> None:
    two_revisions()
    delete_recipe("mine")
    assert list_recipes() == []
    assert list((space / "recipes").iterdir()) == []


def test_recipes_follow_their_dataset(space: Path) -> None:
    two_revisions()
    save_recipe(Recipe(name="else", dataset="port"))
    keep_draft(Recipe(name="demo", dataset="demo", exclude=("b",)))
    move_recipes("demo", "city")
    assert load_draft("demo") is None
    draft = load_draft("city")
    assert draft is not None
    assert (draft.name, draft.dataset, draft.exclude) == ("city", "city", ("b",))
    assert {load_recipe(recipe_file("mine", n)).dataset for n in (1, 2)} == {"city"}
    assert load_recipe(recipe_file("else")).dataset == "port"
