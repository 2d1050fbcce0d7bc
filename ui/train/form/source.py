"""Where the settings come from: a preset, a saved recipe, or an earlier run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import streamlit as st

from core.datasets.catalogue import DatasetRef, list_datasets
from core.datasets.recipes.recipe import Recipe, load_recipe
from core.datasets.recipes.revisions import differences, list_recipes, load_draft, recipe_file
from core.datasets.void.store import load_regions
from core.errors import DSIError
from core.formats import count, counted, sentence, significant
from core.training.runs.run import find_run
from ui.settings.problem import Problem
from ui.shell.address import ask_for
from ui.shell.errors import plain
from ui.shell.links import CLONE, TAKE
from ui.train.form.draft import TrainDraft
from ui.train.form.presets import PRESETS, preset

__all__ = ["choose_preset", "choose_recipe", "take_from_url"]


# Of a recipe, what does not count when two are compared.
_NO_NAME: dict[str, Any] = {"name": "", "revision": 0}
_RECIPE, _CLONED, _PRESET = "train.recipe", "train.cloned", "train.preset"


def take_from_url() -> None:
    """Fill in the form from the run or the recipe that the URL names, once.

    To be called before the dataset is chosen: a run brings its own.

    Raises:
        RunError: there is no such run.
        ConfigError: its configuration, or the recipe, cannot be read.
    """
    ask_for(TAKE, list_recipes(), "recipe")
    if (recipe := st.query_params.pop(TAKE, None)) in list_recipes():
        st.session_state[_RECIPE] = recipe
        _fill_recipe()
    name = st.query_params.pop(CLONE, None)
    if not name:
        return
    config = find_run(name).config()
    TrainDraft().fill(config)
    st.session_state[_RECIPE] = None
    st.session_state[_CLONED] = name
    if config.dataset in {ref.id for ref in list_datasets()}:
        st.session_state["dataset"] = config.dataset


def choose_preset() -> None:
    """Presets; one is marked as long as all its settings stand as it has them."""
    st.session_state[_PRESET] = TrainDraft().marked_preset()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.segmented_control(
            "Preset",
            list(PRESETS),
            key=_PRESET,
            on_change=_apply_preset,
            help="Quick try takes a couple of minutes on a processor; Thorough wants a GPU or "
            "hours. Either fills in the fields below.",
        )
        st.button(
            "Reset",
            key="train.reset",
            icon=":material/restart_alt:",
            type="tertiary",
            on_click=_reset,
            help="All fields as they are at first. What is chosen here is kept until then, also "
            "when the page is reloaded.",
        )
    TrainDraft().show_not_kept()


def _apply_preset() -> None:
    if chosen := st.session_state[_PRESET]:
        draft = TrainDraft()
        draft.change(preset(chosen, draft.value("model.architecture")))


def _reset() -> None:
    TrainDraft().reset()
    st.session_state[_RECIPE] = None
    st.session_state.pop(_CLONED, None)


def choose_recipe(ref: DatasetRef, problem: Problem) -> None:
    """The saved recipe that fills in its part of the form, and what of it no field shows."""
    names = list_recipes()
    if names:
        st.selectbox(
            "Recipe",
            names,
            index=None,
            placeholder="None: all samples",
            key=_RECIPE,
            on_change=_fill_recipe,
            persist_state="session",
            help="Decisions about a dataset that were saved on the Data page: samples left out, "
            "bands, split, crops, augmentation.",
        )
    if cloned := st.session_state.get(_CLONED):
        st.caption(f"Filled in from the run {plain(cloned)}.")
    draft = TrainDraft()
    problem.show_beside(draft, "recipe.exclude", "Recipe")
    _offer_unsaved(ref, draft)
    _report(ref, draft)


def _offer_unsaved(ref: DatasetRef, draft: TrainDraft) -> None:
    """Offer the recipe that was changed on the Data page and not saved."""
    unsaved = load_draft(ref.id)
    if unsaved is None:
        return
    try:
        known = load_recipe(recipe_file(unsaved.name))
    except DSIError:
        known = Recipe(dataset=ref.id)  # nothing was saved under this name
    changes = len(differences(known, unsaved))
    if not changes:
        return
    if draft.value("recipe") | _NO_NAME == unsaved.model_dump(mode="json") | _NO_NAME:
        st.caption(f"Uses the draft of the Data page, with {counted(changes, 'unsaved change')}.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"On the Data page the recipe {plain(unsaved.name)} has "
            f"{counted(changes, 'change')} that {'is' if changes == 1 else 'are'} not saved.",
            width="content",
        )
        st.button(
            "Train with the draft",
            key="train.take-draft",
            icon=":material/edit_note:",
            help="Fills in the form from it; the run keeps a copy.",
            on_click=_fill_unsaved,
            args=(ref.id,),
        )


def _fill_unsaved(dataset: str) -> None:
    if (unsaved := load_draft(dataset)) is not None:
        TrainDraft().fill_recipe(unsaved)
    st.session_state[_RECIPE] = None
    st.session_state.pop(_CLONED, None)


def _fill_recipe() -> None:
    name = st.session_state[_RECIPE]
    TrainDraft().fill_recipe(load_recipe(recipe_file(name)) if name else None)
    st.session_state.pop(_CLONED, None)


def _void_text(digest: str) -> str:
    try:
        regions = load_regions(digest)
    except DSIError as error:
        return sentence(plain(error.what))
    pixels, samples = count(regions.pixels), counted(len(regions.samples), "sample")
    return f"Takes {pixels} pixels of {samples} as void."


def _sentences(recipe: Mapping[str, Any]) -> Iterator[str]:
    """What a recipe decides and no field shows."""
    if recipe["product"]:
        yield f"Uses the product {plain(recipe['product'])}."
    if recipe["bands"]:
        yield f"Uses the bands {', '.join(str(band + 1) for band in recipe['bands'])}."
    if excluded := recipe["exclude"]:
        names = plain(", ".join(excluded[:5])) + (" …" if len(excluded) > 5 else "")
        yield f"Leaves out {len(excluded)} sample{'s' * (len(excluded) > 1)}: {names}."
    if recipe["windows"]:
        yield f"Uses parts of {len(recipe['windows'])} samples."
    if recipe["mask_values"]:
        yield f"Reads {len(recipe['mask_values'])} values of the masks anew."
    if tolerance := recipe["mask_tolerance"]:
        yield f"Reads mask values within {significant(tolerance, 3)} of a class as that class."
    if recipe["void_regions"]:
        yield _void_text(recipe["void_regions"])


def _report(ref: DatasetRef, draft: TrainDraft) -> None:
    recipe = draft.value("recipe")
    if text := " ".join(_sentences(recipe)):
        st.caption(text)
        if st.session_state.get(_RECIPE) is None:
            st.button("Use all of the dataset", on_click=draft.fill_recipe, args=(None,))
    if recipe["dataset"] and recipe["dataset"] != ref.id:
        st.warning(
            f"This recipe was made for the dataset {plain(recipe['dataset'])}.",
            icon=":material/warning:",
        )
