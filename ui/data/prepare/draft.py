"""The recipe being made for a dataset: kept for the session and across reloads."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import reduce
from operator import getitem
from typing import Any

import streamlit as st
from pydantic import ValidationError

from core.datasets.catalogue import DatasetRef
from core.datasets.recipes.fixes import Action, apply, in_recipe
from core.datasets.recipes.recipe import Recipe
from core.datasets.recipes.revisions import keep_draft, load_draft
from core.errors import ConfigError, DSIError
from core.settings import remedy_for
from ui.shell.errors import show_error

__all__ = ["Taken", "change", "draft", "field", "set_draft", "show_refused", "take"]


def draft(ref: DatasetRef) -> Recipe:
    """The recipe that is being made for this dataset."""
    key = _key(ref)
    if key not in st.session_state:
        name = ref.id.rsplit("/", 1)[-1]
        st.session_state[key] = load_draft(ref.id) or Recipe(name=name, dataset=ref.id)
    recipe: Recipe = st.session_state[key]
    return recipe


def _key(ref: DatasetRef) -> str:
    return f"draft\0{ref.id}"


def set_draft(ref: DatasetRef, recipe: Recipe) -> None:
    """Take a recipe as the draft of this dataset, and keep it."""
    made = recipe.model_copy(update={"dataset": ref.id})
    st.session_state[_key(ref)] = made
    try:
        keep_draft(made)
    except DSIError as error:
        st.session_state["draft-refused"] = error  # shown, and the session goes on with it


def change(ref: DatasetRef, fields: Mapping[str, Any]) -> None:
    """Change settings of the draft by dotted key; to be used in callbacks.

    What does not fit is not taken: the reason is shown by `show_refused`.
    """
    content = draft(ref).model_dump(mode="json")
    for path, value in fields.items():
        *groups, last = path.split(".")
        reduce(getitem, groups, content)[last] = value
    # A kind without limits, or without lists, does not keep those of another.
    if content["normalisation"] not in ("percentile", "decibel") or "normalisation" in fields:
        content["clip"] = fields.get("clip")
    if content["split"]["kind"] != "fixed":
        content["split"] |= {"val_samples": [], "test_samples": []}
    content["split"]["fold"] = min(content["split"]["fold"], content["split"]["folds"] - 1)
    try:
        made = Recipe.model_validate(content)
    except ValidationError as error:
        st.session_state["draft-refused"] = ConfigError(
            "this does not fit the recipe", remedy=remedy_for(error)
        )
        return
    set_draft(ref, made)


def take(ref: DatasetRef, action: Action) -> None:
    """Put a fix of the audit into the draft; to be used in callbacks."""
    try:
        set_draft(ref, apply(draft(ref), action))
    except DSIError as error:
        st.session_state["draft-refused"] = error


class Taken(Collection[Action]):
    """The fixes that are in a recipe, asked for one by one: an audit may have thousands."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe

    def __contains__(self, action: object) -> bool:
        try:
            return in_recipe(self._recipe, action)  # type: ignore[arg-type]
        except DSIError:
            return False  # it does not fit the recipe: taking it says why

    def __iter__(self) -> Iterator[Action]:
        raise TypeError("fixes can be asked for, not listed")

    def __len__(self) -> int:
        raise TypeError("fixes can be asked for, not counted")


def show_refused() -> None:
    """Say why the last change was not taken."""
    if error := st.session_state.pop("draft-refused", None):
        show_error(error)


def field(ref: DatasetRef, path: str, shown: Any = None) -> dict[str, Any]:
    """Key and callback that tie a widget to a setting of the draft.

    Give them to the widget: ``st.slider("Turn", 0, 180, **field(ref, "augmentation.rotation"))``.

    Args:
        ref: whose draft.
        path: dotted key of the setting.
        shown: the setting's value as the widget has it; by default as it is.
    """
    key = f"draft-{ref.id}-{path}"
    content = draft(ref).model_dump(mode="json")
    value = reduce(getitem, path.split("."), content)
    # The draft is the truth: it is also changed by presets, fixes and loading.
    st.session_state[key] = shown if shown is not None else value
    return {"key": key, "on_change": _taken, "args": (ref, path, key)}


def _taken(ref: DatasetRef, path: str, key: str) -> None:
    value = st.session_state[key]
    change(ref, {path: list(value) if isinstance(value, tuple) else value})
