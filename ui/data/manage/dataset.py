"""Rename and delete a dataset of the workspace, and call its classes otherwise."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from core.datasets.catalogue import DatasetRef, list_datasets
from core.datasets.recipes.recipe import load_recipe
from core.datasets.recipes.revisions import list_recipes, recipe_file
from core.datasets.tags import read_tags
from core.errors import DSIError
from core.formats import counted, decimal_size
from ui.data.dialog import (
    announce,
    close_dialog,
    end_dialog,
    is_open,
    open_dialog,
    refuse,
    show_refusal,
)
from ui.data.manage.classes import CLASSES_DIALOG
from ui.data.prepare.draft import RecipeDraft
from ui.loaded.audits import audit_key
from ui.shell.errors import plain, show_error
from ui.shell.jobs import find_job

__all__ = ["manage_dialogs", "manage_menu"]

_RENAME, _DELETE = "rename-dataset", "delete-dataset"
_NAME, _MENUS = "manage.name", "manage.menus"
_SERVERS = "A folder of the server's own: it is never changed from here."
_LISTED = 5  # names of recipes


def manage_menu(ref: DatasetRef) -> None:
    """The menu of what can be done with the chosen dataset.

    Args:
        ref: its entry.
    """
    elsewhere = ref.id.startswith("server/")
    # A menu of another key is a new one, which is closed: no dialog lies over an open one.
    menu = f"manage-menu-{st.session_state.get(_MENUS, 0)}"
    with st.popover("Manage", icon=":material/edit:", key=menu, width="stretch"):
        for key, name, label, icon, own in (
            ("manage-classes", CLASSES_DIALOG, "Names and colours of the classes", "label", False),
            ("manage-rename", _RENAME, "Rename", "drive_file_rename_outline", True),
            ("destroy-menu.dataset", _DELETE, "Delete", "delete", True),
        ):
            st.button(
                label,
                icon=f":material/{icon}:",
                key=key,
                disabled=own and elsewhere,
                help=_SERVERS if own and elsewhere else None,
                on_click=_open,
                args=(name, ref),
                width="stretch",
            )


def _open(name: str, ref: DatasetRef) -> None:
    open_dialog(name)
    st.session_state[_NAME] = ref.id
    st.session_state[_MENUS] = st.session_state.get(_MENUS, 0) + 1


def manage_dialogs(ref: DatasetRef) -> None:
    """Show the dialog that renames or deletes the dataset, if one is open.

    Args:
        ref: entry of the chosen dataset, which need not open.
    """
    if is_open(_RENAME):
        _rename(ref)
    elif is_open(_DELETE):
        _delete(ref)


@st.dialog("Rename the dataset", icon=":material/edit:", on_dismiss=close_dialog)
def _rename(ref: DatasetRef) -> None:
    end_dialog(_RENAME)
    # A form, so that Enter in the name renames.
    with st.form("manage-rename-form", border=False):
        st.text_input("Name", key=_NAME)
        st.caption(
            "Draft, recipes, tags and names of classes go along. Runs and models keep the old name "
            "as the one they were trained under; a run goes on only under it."
        )
        show_refusal()
        with st.container(horizontal=True):
            st.form_submit_button(
                "Rename", type="primary", key="manage-do-rename", on_click=_do_rename, args=(ref,)
            )
            st.form_submit_button("Cancel", key="manage-cancel", on_click=close_dialog)


def _do_rename(ref: DatasetRef) -> None:
    from core.training.queue.datasets import rename_dataset

    new = str(st.session_state[_NAME]).strip()
    try:
        rename_dataset(ref.id, new)
    except DSIError as error:
        refuse(error)
        return
    _forget(ref)
    st.session_state["dataset"] = new
    close_dialog()
    announce(f"{plain(ref.id)} is now called {plain(new)}.")


@st.dialog("Delete the dataset?", icon=":material/delete:", on_dismiss=close_dialog)
def _delete(ref: DatasetRef) -> None:
    from core.training.queue.datasets import runs_using

    end_dialog(_DELETE)
    _what_goes(ref)
    using = runs_using(ref.id, ref.path)
    if using:
        names = plain(", ".join(run.name for run in using))
        st.warning(
            f"It is in use: {names}. Wait until the training has ended, stop it, or take it off "
            "the queue.",
            icon=":material/lock:",
        )
    show_refusal()
    with st.container(horizontal=True):
        st.button(
            f"Delete {plain(ref.id)}",
            type="primary",
            icon=":material/delete_forever:",
            key="destroy.dataset",
            disabled=bool(using),
            on_click=_do_delete,
            args=(ref,),
        )
        st.button("Cancel", key="manage-cancel", on_click=close_dialog)


def _what_goes(ref: DatasetRef) -> None:
    if ref.path.is_symlink():
        st.markdown(
            f"This removes the link **{plain(ref.id)}** from the workspace. The folder that it "
            "leads to stays as it is:"
        )
        st.code(ref.path.resolve(), language=None)
    else:
        files, size = _folder_size(ref)
        st.markdown(
            f"This deletes the folder with **{files:,} files, {decimal_size(size)}**: images, "
            "masks and class table. It cannot be undone."
        )
        st.code(ref.path, language=None)
    going = ["the draft of its recipe", "the names given to its classes"]
    try:
        tagged = len(read_tags(ref.id))
    except DSIError as error:
        show_error(error)
        tagged = 0
    going += [f"the tags of {counted(tagged, 'sample')}"] if tagged else []
    st.markdown(f"With it go {', '.join(going[:-1])} and {going[-1]}.")
    recipes = [name for name in list_recipes() if _made_for(name, ref)]
    listed = plain(", ".join(recipes[:_LISTED])) + (" …" if len(recipes) > _LISTED else "")
    also = f"the saved recipes made for it ({listed}), " if recipes else ""
    st.markdown(f"What stays: {also}runs and models trained on it.")


def _folder_size(ref: DatasetRef) -> tuple[int, int]:
    """Files and bytes."""
    files, size = 0, 0
    for folder, _, names in os.walk(ref.path):
        for name in names:
            files += 1
            try:
                size += Path(folder, name).lstat().st_size
            except OSError:
                continue  # removed meanwhile
    return files, size


def _made_for(recipe: str, ref: DatasetRef) -> bool:
    try:
        return load_recipe(recipe_file(recipe)).dataset == ref.id
    except DSIError:
        return False  # it says so where it is loaded


def _do_delete(ref: DatasetRef) -> None:
    from core.training.queue.datasets import delete_dataset

    try:
        delete_dataset(ref.id)
    except DSIError as error:
        refuse(error)
        return
    _forget(ref)
    others = [other.id for other in list_datasets()]
    if others:
        st.session_state["dataset"] = others[0]
    close_dialog()
    announce(f"{plain(ref.id)} was deleted.")


def _forget(ref: DatasetRef) -> None:
    """Let go of what the session has under the name of before, and end its audit."""
    st.session_state.pop(RecipeDraft(ref).name, None)
    job = find_job(audit_key(ref))
    if job is not None and job.state == "running":
        job.stop()
