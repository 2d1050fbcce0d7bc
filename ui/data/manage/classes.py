"""Call the classes of a dataset otherwise, and give them other colours on the screen."""

from __future__ import annotations

import streamlit as st

from core.datasets.catalogue import DatasetRef
from core.datasets.class_names import original_names, write_class_names
from core.datasets.dataset import Dataset
from core.datasets.recipes.recipe import Recipe, load_recipe
from core.datasets.recipes.revisions import list_recipes, recipe_file
from core.errors import DSIError, ModelError
from core.models.store import list_models, read_card
from ui.data.dialog import announce, close_dialog, end_dialog, is_open, refuse, show_refusal
from ui.data.prepare.draft import RecipeDraft
from ui.shell.errors import plain

__all__ = ["CLASSES_DIALOG", "classes_dialog"]

CLASSES_DIALOG = "classes"

_LISTED = 5  # names of models and recipes


def classes_dialog(ref: DatasetRef, dataset: Dataset) -> None:
    """Show the dialog, if it is open: a row a class, and what depends on its name.

    Args:
        ref: the dataset's entry.
        dataset: as opened.
    """
    if is_open(CLASSES_DIALOG):
        _classes(ref, dataset)


@st.dialog("Names and colours of the classes", icon=":material/label:", on_dismiss=close_dialog)
def _classes(ref: DatasetRef, dataset: Dataset) -> None:
    end_dialog(CLASSES_DIALOG)
    painted = dataset.coding.kind == "color"
    st.caption(
        "Names are kept in the workspace; the files stay as they are."
        + (" The colours are those of the masks: they say which pixel is which class." * painted)
    )
    _dependants(dataset)
    with st.form("class-names", border=False):
        own = original_names(dataset)
        for index, (land_class, before) in enumerate(
            zip(dataset.classes.classes, own, strict=True)
        ):
            name, color = st.columns([5, 1], vertical_alignment="bottom")
            name.text_input(
                f"Class {index}"
                + (f", {plain(before)} in the dataset" * (before != land_class.name)),
                land_class.name,
                key=_key("name", ref, index),
            )
            color.color_picker(
                f"Colour of class {index}",
                land_class.color,
                key=_key("color", ref, index),
                label_visibility="collapsed",
                disabled=painted,
            )
        show_refusal()
        with st.container(horizontal=True):
            st.form_submit_button(
                "Save", type="primary", key="class-names-save", on_click=_save, args=(ref, dataset)
            )
            st.form_submit_button("Cancel", key="class-names-cancel", on_click=close_dialog)


def _key(what: str, ref: DatasetRef, index: int) -> str:
    return f"class-{what}-{ref.id}-{index}"


def _dependants(dataset: Dataset) -> None:
    """Say which models and recipes know the classes by the present names."""
    models = []
    for model in list_models():
        try:
            card = read_card(model.folder)
        except ModelError:
            continue  # the pages that list models say why
        if card.classes.names == dataset.classes.names:
            models.append(model.name)
    recipes = [name for name in list_recipes() if _names_classes(name, dataset)]
    if models:
        st.warning(
            f"Trained with the present names: {_listed(models)}. They keep them, predict as before "
            "and cannot be scored on this dataset while its classes are called otherwise.",
            icon=":material/model_training:",
        )
    if recipes:
        st.warning(
            f"Saved recipes with class weights or values by these names: {_listed(recipes)}. They "
            "do not fit any more; the draft follows.",
            icon=":material/warning:",
        )


def _listed(names: list[str]) -> str:
    return plain(", ".join(names[:_LISTED])) + (" …" if len(names) > _LISTED else "")


def _names_classes(name: str, dataset: Dataset) -> bool:
    try:
        recipe = load_recipe(recipe_file(name))
    except DSIError:
        return False  # it says so where it is loaded
    used = {*recipe.class_weights, *recipe.mask_values.values()}
    return recipe.dataset == dataset.name and bool(used & set(dataset.classes.names))


def _save(ref: DatasetRef, dataset: Dataset) -> None:
    from core.training.queue.datasets import change_unused

    state = st.session_state
    rows = [
        (str(state[_key("name", ref, i)]).strip(), str(state[_key("color", ref, i)]).upper())
        for i in range(len(dataset.classes))
    ]
    try:
        change_unused(ref.id, ref.path, lambda: write_class_names(dataset, rows))
    except DSIError as error:
        refuse(error)
        return
    draft = RecipeDraft(ref)
    new = dict(zip(dataset.classes.names, (name for name, _ in rows), strict=True))
    draft.fill(_renamed(draft.build(), new))
    close_dialog()
    announce("The classes are called so from now on.")


def _renamed(recipe: Recipe, new: dict[str, str]) -> Recipe:
    """The recipe with its classes called otherwise."""
    weights = {new.get(name, name): weight for name, weight in recipe.class_weights.items()}
    values = {value: new.get(name, name) for value, name in recipe.mask_values.items()}
    return recipe.model_copy(update={"class_weights": weights, "mask_values": values})
