"""Prepare: the recipe of a dataset, section by section, each with what follows from it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.datasets.audit.audit import Audit
from core.datasets.catalogue import DatasetRef
from core.datasets.dataset import Dataset
from core.datasets.recipes.apply import prepared
from ui.data.prepare.clean import clean_section
from ui.data.prepare.draft import draft, show_refused
from ui.data.prepare.looks import augment_section, normalise_section
from ui.data.prepare.patches import patch_section
from ui.data.prepare.recipe import recipe_section, summary
from ui.data.prepare.split import split_section
from ui.shell.errors import page_errors

__all__ = ["prepare"]

_SECTIONS = ["Clean", "Normalise", "Augment", "Split", "Patches", "Recipe"]


def prepare(ref: DatasetRef, dataset: Dataset, found: Audit | None) -> None:
    """Show the recipe being made for a dataset, and change it.

    Args:
        ref: the dataset's entry.
        dataset: as opened, without a recipe.
        found: its audit, once it is there.
    """
    st.caption(
        "What is decided here goes into a recipe; the files stay as they are. Train takes a recipe "
        "by its name."
    )
    summary(ref)
    section = st.segmented_control(
        "Section",
        _SECTIONS,
        default="Clean",
        required=True,
        key="section",
        bind="query-params",
        label_visibility="collapsed",
    )
    show_refused()
    with page_errors():
        _show(section, ref, dataset, found)


def _show(section: str, ref: DatasetRef, dataset: Dataset, found: Audit | None) -> None:
    if section == "Clean":
        clean_section(ref, dataset)
        return
    if section == "Recipe":
        recipe_section(ref)
        return
    used = prepared(dataset, draft(ref))
    sections: dict[str, Callable[[DatasetRef, Dataset, Audit | None], None]] = {
        "Normalise": normalise_section,
        "Augment": augment_section,
        "Split": split_section,
        "Patches": patch_section,
    }
    sections[section](ref, used, found)
