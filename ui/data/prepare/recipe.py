"""The recipe as a whole: saved, loaded, read as text, compared with another revision."""

from __future__ import annotations

import json

import pandas as pd
import streamlit as st

from core.datasets.recipes.exchange import import_recipe, recipe_text
from core.datasets.recipes.recipe import Recipe, load_recipe
from core.datasets.recipes.revisions import (
    differences,
    list_recipes,
    recipe_file,
    revisions,
    save_recipe,
)
from core.errors import DSIError
from core.formats import counted
from ui.data.prepare.draft import RecipeDraft
from ui.data.prepare.manage_recipe import manage_recipe, recipe_dialogs
from ui.loaded.images import safe_stem
from ui.settings.fields import Fields
from ui.shell.errors import plain, show_error
from ui.shell.links import TAKE, page_link

__all__ = ["recipe_section", "summary"]


def summary(draft: RecipeDraft) -> None:
    """One line about the draft: its name, what it was saved as, and what has changed since."""
    recipe = draft.build()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        Fields(draft).text("name", width=280)
        st.button(
            "Save",
            key="save-recipe",
            type="primary",
            icon=":material/save:",
            on_click=_save,
            args=(draft,),
            help="Every saving is a new revision; none is overwritten.",
        )
        saved = _saved(recipe)
        if saved is None:
            st.caption("Not saved yet.", width="content")
        elif changed := differences(saved, recipe):
            words = f"{counted(len(changed), 'change')} since revision {saved.revision}."
            st.caption(words, width="content")
        else:
            st.caption(f"Saved as revision {saved.revision}.", width="content")
            query = {"dataset": draft.ref.id, TAKE: recipe.name}
            page_link("train", "Train with it", "model_training", query)
    if refused := st.session_state.pop("recipe-refused", None):
        show_error(refused)


def _saved(recipe: Recipe) -> Recipe | None:
    try:
        return load_recipe(recipe_file(recipe.name))
    except DSIError:
        return None  # none of this name, or a name that cannot be one: saving says why


def _save(draft: RecipeDraft) -> None:
    try:
        saved = save_recipe(draft.build())
    except DSIError as error:
        st.session_state["recipe-refused"] = error
        return
    draft.fill(saved)
    st.toast(f"Saved {plain(saved.name)}, revision {saved.revision}.", icon=":material/check:")


def recipe_section(draft: RecipeDraft) -> None:
    """The draft as text, ways to load another, and a comparison of two revisions."""
    recipe = draft.build()
    text = json.dumps(recipe.model_dump(mode="json"), indent=2, ensure_ascii=False)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown("**As text**")
        # The button that copies it stands within what scrolls, which the keyboard reaches so.
        with st.container(height=420, border=False):
            st.code(text, language="json", wrap_lines=True)
        st.download_button(
            "Download",
            lambda: recipe_text(recipe),
            file_name=f"{safe_stem(recipe.name)}.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
        )
        st.caption("On the command line:")
        command = f"python -m core train --dataset {draft.ref.id} --recipe FILE.json"
        st.code(command, language="bash", wrap_lines=True)
    with right:
        _load(draft)
        _compare(recipe)


def _load(draft: RecipeDraft) -> None:
    st.markdown("**Load**")
    names = list_recipes()
    if names:
        name = st.selectbox("Saved recipe", names, key="load-name")
        numbers = revisions(name)[::-1]
        recipe_dialogs(draft)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            revision = st.selectbox("Revision", numbers, key=f"load-revision-{name}", width=140)
            st.button(
                "Load", icon=":material/folder_open:", on_click=_open, args=(draft, name, revision)
            )
            manage_recipe(name)
    label = "Or a recipe file" if names else "A recipe file"
    upload = st.file_uploader(label, type="json", key="recipe-upload")
    if upload is not None and st.session_state.get("recipe-uploaded") != upload.file_id:
        st.session_state["recipe-uploaded"] = upload.file_id  # once, not on every rerun
        try:
            text = upload.getvalue().decode(errors="replace")
            draft.fill(import_recipe(text, upload.name))
        except DSIError as error:
            show_error(error)
        else:
            st.rerun()


def _open(draft: RecipeDraft, name: str, revision: int) -> None:
    try:
        draft.fill(load_recipe(recipe_file(name, revision)))
    except DSIError as error:
        st.session_state["recipe-refused"] = error


def _compare(recipe: Recipe) -> None:
    numbers = revisions(recipe.name) if _saved(recipe) else []
    if not numbers:
        return
    st.markdown("**Compare**")
    other = st.selectbox(
        "This draft with revision", numbers[::-1], key=f"compare-{recipe.name}", width=220
    )
    changed = differences(load_recipe(recipe_file(recipe.name, other)), recipe)
    if not changed:
        st.caption("No difference.")
        return
    st.dataframe(
        pd.DataFrame(changed, columns=["Setting", f"Revision {other}", "Draft"]),
        hide_index=True,
        alt="Differences between two revisions of the recipe",
    )
