"""Prepare: the recipe of a dataset, section by section, each with what follows from it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.datasets.audit.audit import Audit
from core.datasets.catalogue import DatasetRef
from core.datasets.dataset import Dataset
from core.datasets.recipes.apply import prepared
from ui.data.prepare.clean import clean_section
from ui.data.prepare.draft import RecipeDraft
from ui.data.prepare.looks import augment_section, normalise_section
from ui.data.prepare.patches import patch_section
from ui.data.prepare.recipe import recipe_section, summary
from ui.data.prepare.split import split_section
from ui.shell.address import take_name
from ui.shell.errors import page_errors

__all__ = ["prepare"]

_SECTIONS = ["Clean", "Normalise", "Augment", "Split", "Patches", "Recipe"]


def prepare(ref: DatasetRef, dataset: Dataset, audit: Audit | None) -> None:
    """Show the recipe being made for a dataset, and change it.

    Args:
        ref: entry of the dataset.
        dataset: dataset as opened, without a recipe.
        audit: its audit, once it is there.
    """
    st.caption(
        "What is decided here goes into a recipe; the files stay as they are. Train takes a recipe "
        "by its name."
    )
    draft = RecipeDraft(ref)
    summary(draft)
    take_name("section", _SECTIONS, "section")
    section = st.segmented_control(
        "Section",
        _SECTIONS,
        default="Clean",
        required=True,
        key="section",
        bind="query-params",
        label_visibility="collapsed",
    )
    draft.show_refused()
    with page_errors():
        _show(section, draft, dataset, audit)


def _show(section: str, draft: RecipeDraft, dataset: Dataset, audit: Audit | None) -> None:
    if section == "Clean":
        clean_section(draft, dataset)
        return
    if section == "Recipe":
        recipe_section(draft)
        return
    used = prepared(dataset, draft.build())
    sections: dict[str, Callable[[RecipeDraft, Dataset, Audit | None], None]] = {
        "Normalise": normalise_section,
        "Augment": augment_section,
        "Split": split_section,
        "Patches": patch_section,
    }
    sections[section](draft, used, audit)
