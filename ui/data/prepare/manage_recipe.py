"""Rename and delete a saved recipe."""

from __future__ import annotations

import streamlit as st

from core.datasets.recipes.manage import delete_recipe, rename_recipe
from core.datasets.recipes.revisions import revisions
from core.errors import DSIError
from core.formats import counted
from ui.data.dialog import (
    announce,
    close_dialog,
    dialog_subject,
    end_dialog,
    is_open,
    open_dialog,
    refuse,
    show_refusal,
)
from ui.data.prepare.draft import RecipeDraft
from ui.shell.errors import plain

__all__ = ["manage_recipe", "recipe_dialogs"]

_RENAME, _DELETE = "rename-recipe", "delete-recipe"
_NAME = "recipe.new-name"


def manage_recipe(name: str) -> None:
    """Buttons that rename and delete a saved recipe.

    Args:
        name: its name.
    """
    st.button(
        "Rename",
        icon=":material/edit:",
        key="recipe-rename",
        on_click=_open,
        args=(_RENAME, name),
    )
    st.button(
        "Delete",
        icon=":material/delete:",
        key="destroy-menu.recipe",
        on_click=_open,
        args=(_DELETE, name),
    )


def _open(dialog: str, name: str) -> None:
    open_dialog(dialog, name)
    st.session_state[_NAME] = name


def recipe_dialogs(draft: RecipeDraft) -> None:
    """Show the dialog about a recipe that is open, if one is.

    Args:
        draft: the recipe being made; it follows where its own is renamed.
    """
    if is_open(_RENAME):
        _rename(draft)
    elif is_open(_DELETE):
        _delete()


@st.dialog("Rename the recipe", icon=":material/edit:", on_dismiss=close_dialog)
def _rename(draft: RecipeDraft) -> None:
    end_dialog(_RENAME)
    name = dialog_subject()
    # A form, so that Enter in the name renames.
    with st.form("recipe-rename-form", border=False):
        st.text_input("Name", key=_NAME)
        st.caption(
            "All its revisions go along. Trainings keep a copy of the recipe under the old name."
        )
        show_refusal()
        with st.container(horizontal=True):
            st.form_submit_button(
                "Rename",
                type="primary",
                key="recipe-do-rename",
                on_click=_do_rename,
                args=(draft, name),
            )
            st.form_submit_button("Cancel", key="recipe-cancel", on_click=close_dialog)


def _do_rename(draft: RecipeDraft, name: str) -> None:
    new = str(st.session_state[_NAME]).strip()
    try:
        rename_recipe(name, new)
    except DSIError as error:
        refuse(error)
        return
    recipe = draft.build()
    if recipe.name == name:
        draft.fill(recipe.model_copy(update={"name": new}))
    close_dialog()
    announce(f"{plain(name)} is now called {plain(new)}.")


@st.dialog("Delete the recipe?", icon=":material/delete:", on_dismiss=close_dialog)
def _delete() -> None:
    end_dialog(_DELETE)
    name = dialog_subject()
    count = counted(len(revisions(name)), "revision")
    st.markdown(
        f"This deletes the recipe **{plain(name)}** with {count}. It cannot be undone. Drafts, and "
        "runs trained with it, stay: they have copies of their own."
    )
    show_refusal()
    with st.container(horizontal=True):
        st.button(
            f"Delete {plain(name)}",
            type="primary",
            icon=":material/delete_forever:",
            key="destroy.recipe",
            on_click=_do_delete,
            args=(name,),
        )
        st.button("Cancel", key="recipe-cancel", on_click=close_dialog)


def _do_delete(name: str) -> None:
    try:
        delete_recipe(name)
    except DSIError as error:
        refuse(error)
        return
    close_dialog()
    announce(f"{plain(name)} was deleted.")
