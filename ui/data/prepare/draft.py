"""The recipe being made for a dataset: kept for the session and across reloads."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

import streamlit as st
from pydantic import ValidationError

from core.datasets.catalogue import DatasetRef
from core.datasets.recipes.fixes import Action, Exclude, apply, in_recipe
from core.datasets.recipes.recipe import Recipe
from core.datasets.recipes.revisions import keep_draft, load_draft
from core.errors import DSIError
from ui.settings.draft import Draft
from ui.settings.problem import Problem, refusal
from ui.shell.errors import show_error

__all__ = ["RecipeDraft", "RecipeFixes"]

_REFUSED = "draft-refused"


class RecipeDraft(Draft[Recipe]):
    """The recipe that is being made for a dataset; what does not fit is not taken.

    Args:
        ref: entry of the dataset.
    """

    model = Recipe

    def __init__(self, ref: DatasetRef) -> None:
        self.ref = ref
        self.name = f"draft\0{ref.id}"
        self.widgets = f"draft-{ref.id}-"

    def _first(self) -> dict[str, Any]:
        dataset = self.ref.id
        recipe = load_draft(dataset) or Recipe(name=dataset.rsplit("/", 1)[-1], dataset=dataset)
        return recipe.model_dump(mode="json")

    def _accept(self, content: dict[str, Any]) -> None:
        try:
            self.fill(Recipe.model_validate(content))
        except ValidationError as error:
            st.session_state[_REFUSED] = refusal(error, "this does not fit the recipe")

    def build(self) -> Recipe:
        """The recipe as it is."""
        return Recipe.model_validate(self.content)

    def fill(self, recipe: Recipe) -> None:
        """Take all settings of a recipe, and keep them for the next session."""
        kept = recipe.model_copy(update={"dataset": self.ref.id})
        st.session_state[self.name] = kept.model_dump(mode="json")
        try:
            keep_draft(kept)
        except DSIError as error:
            st.session_state[_REFUSED] = error  # shown, and the session goes on with it

    def take_fix(self, action: Action) -> None:
        """Put a fix of the audit into the recipe; to be used in callbacks."""
        try:
            self.fill(apply(self.build(), action))
        except DSIError as error:
            st.session_state[_REFUSED] = error

    def leave_out(self, samples: Iterable[str], out: bool) -> bool:
        """Leave samples out of the recipe, or use them again; to be used in callbacks.

        Args:
            samples: their ids.
            out: whether they are left out.

        Returns:
            Whether the recipe was changed so.
        """
        recipe = self.build()
        try:
            if out:
                for sample in samples:
                    recipe = apply(recipe, Exclude(sample))
            else:
                again = set(samples)
                kept = tuple(sample for sample in recipe.exclude if sample not in again)
                recipe = recipe.model_copy(update={"exclude": kept})
        except DSIError as error:
            st.session_state[_REFUSED] = error
            return False
        self.fill(recipe)
        return True

    def show_refused(self) -> None:
        """Say why the last change was not taken."""
        refused = st.session_state.pop(_REFUSED, None)
        if isinstance(refused, Problem):
            refused.show(self, self.label(refused.key) if refused.key else "")
        elif refused:
            show_error(refused)


class RecipeFixes(Container[Action]):
    """The fixes that are in a recipe, asked for one by one: an audit may have thousands."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe

    def __contains__(self, action: object) -> bool:
        try:
            return in_recipe(self._recipe, action)  # type: ignore[arg-type]
        except DSIError:
            return False  # it does not fit the recipe: taking it says why
