"""Data: choose or make a dataset, look through it, count it, and find what is wrong with it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.datasets.audit.audit import Audit
from core.datasets.catalogue import DatasetRef, list_datasets
from core.datasets.dataset import Dataset
from core.formats import counted
from ui.data.add.dialog import add_button, add_dialog
from ui.data.add.forms import new_dataset, show_skipped_places, watch_new_datasets
from ui.data.class_naming import name_classes, open_or_name
from ui.data.dialog import show_announcement
from ui.data.filters import show_only
from ui.data.gallery.view import gallery
from ui.data.manage.classes import classes_dialog
from ui.data.manage.dataset import manage_dialogs, manage_menu
from ui.data.prepare.draft import RecipeDraft, RecipeFixes
from ui.data.prepare.draft_split import draft_split
from ui.data.prepare.view import prepare
from ui.data.problems.table import problem_table
from ui.data.product import choose_product
from ui.data.sample_view import sample_view
from ui.data.statistics.view import statistics
from ui.loaded.audits import audit_key, finished_audit, offer_audit, run_audit
from ui.loaded.datasets import choose_dataset
from ui.shell.address import take_name
from ui.shell.errors import plain
from ui.widgets.frame import Frame, open_frame

VIEWS = ["Gallery", "Sample", "Statistics", "Problems", "Prepare"]


def open_sample(sample: str) -> None:
    st.session_state["sample"] = sample
    st.session_state["view"] = "Sample"


def show_samples(**conditions: Any) -> None:
    show_only(**conditions)
    st.session_state["view"] = "Gallery"
    st.session_state["page"] = 1


def numbers(dataset: Dataset, audit: Audit | None) -> list[str]:
    """The dataset in a line that a telephone has room for."""
    facts = [counted(len(dataset.samples), "sample"), counted(len(dataset.scenes), "scene")]
    return facts if audit is None else [*facts, counted(len(audit.problems), "problem")]


def show_view(ref: DatasetRef, dataset: Dataset, audit: Audit | None, frame: Frame) -> None:
    take_name("view", VIEWS, "view")
    view = st.segmented_control(
        "View",
        VIEWS,
        default="Gallery",
        required=True,
        key="view",
        bind="query-params",
        label_visibility="collapsed",
    )
    if view != "Sample":
        # A key that Streamlit has never seen would not reach the URL when `open_sample` sets it.
        st.session_state.setdefault("sample", dataset.samples[0].id)
    if view == "Gallery":
        gallery(RecipeDraft(ref), dataset, audit, open_sample, frame)
    elif view == "Sample":
        sample_view(RecipeDraft(ref), dataset, audit, frame)
    elif view == "Prepare":
        prepare(ref, dataset, audit)
    elif audit is None:
        offer_audit(audit_key(ref, dataset.product), dataset)
    elif view == "Statistics":
        statistics(dataset, audit, draft_split(ref, dataset), show_samples)
    else:
        draft = RecipeDraft(ref)
        draft.show_refused()
        taken = RecipeFixes(draft.build())
        problem_table(dataset, audit, open_sample, draft.take_fix, taken)


def show_data(frame: Frame) -> None:
    show_announcement()
    watch_new_datasets()
    if not list_datasets():
        st.markdown("There is no dataset yet. Ways to get one:")
        new_dataset()
        show_skipped_places()
        return
    with frame.choices:
        ref = choose_dataset("dataset")
        with st.container(horizontal=True):
            add_button()
            if ref is not None:
                manage_menu(ref)
    add_dialog()
    if ref is None:
        return
    manage_dialogs(ref)
    dataset = open_or_name(ref)
    with frame.choices:
        dataset = choose_product(ref, dataset)
    key = audit_key(ref, dataset.product)
    audit = finished_audit(key)
    for note in dataset.notes:
        frame.note(plain(note.text), warning=note.severity == "warning")
    classes_dialog(ref, dataset)
    name_classes(ref, dataset)
    frame.facts(numbers(dataset, audit))
    if RecipeDraft(ref).build().has_fixes:
        frame.note("These figures are of the files as they lie, before the fixes of the recipe.")
    show_view(ref, dataset, audit, frame)
    # Last, so that the pictures are there before the counting begins.
    if audit is None:
        with frame.state:
            run_audit(key, dataset)


with open_frame("Data") as frame:
    show_data(frame)
