"""Recipes that go with the dataset of an evaluation."""

from __future__ import annotations

from core.datasets.catalogue import list_datasets
from core.datasets.recipes.recipe import Recipe, load_recipe
from core.datasets.recipes.revisions import list_recipes, recipe_file
from core.errors import DSIError
from core.evaluation.kept.results import OpenEvaluation
from core.evaluation.suspects.revise import model_recipe
from core.evaluation.trained_on import trained_on
from ui.loaded.datasets import open_chosen

__all__ = ["usable_recipes"]


def usable_recipes(opened: OpenEvaluation) -> dict[str, Recipe]:
    """By what they are called: the model's own where it was trained on the dataset, and the last
    revisions of the saved ones of the dataset; a new one where there is none.
    """
    record = opened.record
    recipes: dict[str, Recipe] = {}
    card = opened.kept.card()
    ref = {ref.id: ref for ref in list_datasets()}.get(record.dataset)
    if ref is not None and trained_on(open_chosen(ref), card.training):
        own = model_recipe(card.training, record.dataset)
        revision = f", revision {own.revision}" if own.revision else ""
        recipes[f"As the model was trained: {own.name}{revision}"] = own
    for name in list_recipes():
        try:
            recipe = load_recipe(recipe_file(name))
        except DSIError:
            continue  # the Data page says so where it is loaded
        if recipe.dataset == record.dataset:
            recipes[f"{name}, revision {recipe.revision}"] = recipe
    if not recipes:
        empty = Recipe(name=record.dataset.rpartition("/")[2], dataset=record.dataset)
        recipes["A new one, all samples"] = empty
    return recipes
