"""Data: choose or make a dataset, look through it, count it, and find what is wrong with it."""

from __future__ import annotations

import streamlit as st

from core.datasets.audit.audit import Audit
from core.datasets.catalogue import list_datasets
from core.datasets.dataset import Dataset
from core.formats import MISSING, count, percent, short_number
from ui.data.add.forms import new_dataset, show_skipped_places, watch_new_datasets
from ui.data.class_naming import name_classes, open_or_name
from ui.data.gallery import gallery
from ui.data.prepare.draft import RecipeDraft, RecipeFixes
from ui.data.prepare.draft_split import draft_split
from ui.data.prepare.view import prepare
from ui.data.problems.table import problem_table
from ui.data.product import choose_product
from ui.data.sample_view import sample_view
from ui.data.statistics.view import statistics
from ui.loaded.audits import audit_key, finished_audit, offer_audit, run_audit
from ui.loaded.datasets import choose_dataset
from ui.shell.errors import plain

VIEWS = ["Gallery", "Sample", "Statistics", "Problems", "Prepare"]


def open_sample(sample: str) -> None:
    st.session_state["sample"] = sample
    st.session_state["view"] = "Sample"


def _megapixels(number: float) -> str:
    return f"{number:,.1f}" if number >= 10 else short_number(number, 2)


def numbers(dataset: Dataset, audit: Audit | None) -> None:
    megapixels = sum(f.width * f.height for f in audit.facts) / 1e6 if audit else 0
    cells = {
        "Samples": count(len(dataset.samples)),
        "Scenes": count(len(dataset.scenes)),
        "Megapixels": _megapixels(megapixels) if audit else MISSING,
        "Labelled": percent(audit.labelled_share if audit else None),
        "Problems": count(len(audit.problems) if audit else None),
    }
    with st.container(horizontal=True):
        for label, value in cells.items():
            st.metric(label, value, width=150)


st.title("Data")
watch_new_datasets()
if not list_datasets():
    st.markdown("There is no dataset yet. Ways to get one:")
    new_dataset()
    show_skipped_places()
    st.stop()

ref = choose_dataset("dataset")
with st.expander("Add a dataset", icon=":material/add:"):
    new_dataset()
    show_skipped_places()
if ref is None:
    st.stop()
dataset = choose_product(ref, open_or_name(ref))
key = audit_key(ref, dataset.product)
audit = finished_audit(key)
for note in dataset.notes:
    show = st.warning if note.severity == "warning" else st.info
    show(plain(note.text), icon=f":material/{note.severity}:")
name_classes(ref, dataset)
numbers(dataset, audit)
if RecipeDraft(ref).build().has_fixes:
    st.caption("These figures are of the files as they lie, before the fixes of the recipe.")
progress = st.container()
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
    gallery(dataset, open_sample, audit, draft_split(ref, dataset))
elif view == "Sample":
    sample_view(dataset)
elif view == "Prepare":
    prepare(ref, dataset, audit)
elif audit is None:
    offer_audit(key, dataset)
elif view == "Statistics":
    statistics(dataset, audit, draft_split(ref, dataset))
else:
    draft = RecipeDraft(ref)
    draft.show_refused()
    taken = RecipeFixes(draft.build())
    problem_table(dataset, audit, open_sample, draft.take_fix, taken)
# Last, so that the pictures are there before the counting begins.
if audit is None:
    with progress:
        run_audit(key, dataset)
