"""What of a dataset is used: bands, samples, windows, and how odd mask values are read."""

from __future__ import annotations

from html import escape

import streamlit as st

from core.datasets.dataset import Dataset
from core.datasets.recipes.apply import prepared
from core.datasets.void.store import load_regions
from core.errors import DSIError
from core.formats import count, counted
from core.imagery.header import read_header
from ui.data.prepare.draft import RecipeDraft
from ui.settings.fields import Fields
from ui.shell.errors import page_errors, plain, show_error

__all__ = ["clean_section"]


def clean_section(draft: RecipeDraft, dataset: Dataset) -> None:
    """Show the decisions about the data itself; most are taken in the view Problems."""
    recipe = draft.build()
    left, right = st.columns(2, gap="large")
    with left:
        _bands(draft, dataset)
    with right:
        ids = [sample.id for sample in dataset.samples]
        Fields(draft).several("exclude", ids, placeholder="None")
    _values(draft, dataset)
    _windows(draft)
    _void(draft, dataset)
    if not recipe.has_fixes:
        st.info(
            "Nothing is left out or read differently so far. The view Problems lists what is wrong "
            "with the data, with fixes that go in here.",
            icon=":material/fact_check:",
        )


def _bands(draft: RecipeDraft, dataset: Dataset) -> None:
    try:
        count = read_header(dataset.samples[0].image).bands
    except DSIError:
        count = max(draft.value("bands"), default=0) + 1
    if count < 2:
        return
    Fields(draft).several(
        "bands",
        range(count),
        words=lambda band: f"Band {band + 1}",
        placeholder="All, as in the file",
    )


def _values(draft: RecipeDraft, dataset: Dataset) -> None:
    recipe = draft.build()
    values = recipe.mask_values
    if not values and not recipe.mask_tolerance:
        return
    st.markdown("**Mask values outside the class table**")
    if tolerance := recipe.mask_tolerance:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"Within {tolerance:g} of a class's value: read as that class")
            st.button(
                "Forget",
                key=f"forget-{draft.ref.id}-tolerance",
                icon=":material/undo:",
                on_click=draft.change,
                args=({"mask_tolerance": 0.0},),
            )
    for value, meaning in values.items():
        with st.container(horizontal=True, vertical_alignment="bottom"):
            swatch = escape(value) if value.startswith("#") else "#808C9B"
            st.html(
                f"<div style='width:1.4em;height:1.4em;border-radius:3px;background:{swatch};"
                "border:1px solid rgba(128,140,155,.6);margin-bottom:.5em'></div>"
            )
            options = ["void", *dataset.classes.names]
            key = f"value-{draft.ref.id}-{value}"
            st.session_state[key] = meaning
            st.selectbox(
                f"{plain(value)} is read as",
                options if meaning in options else [*options, meaning],
                key=key,
                on_change=_reread,
                args=(draft, value, key),
                width=260,
            )
            st.button(
                "Forget",
                key=f"forget-{draft.ref.id}-{value}",
                icon=":material/undo:",
                on_click=_forget,
                args=(draft, "mask_values", value),
            )


def _windows(draft: RecipeDraft) -> None:
    windows = draft.build().windows
    if not windows:
        return
    st.markdown("**Samples of which a part is used**")
    for sample, (x, y, width, height) in windows.items():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"{plain(sample)}: {width} × {height} px from x {x}, y {y}")
            st.button(
                "Forget",
                key=f"forget-{draft.ref.id}-window-{sample}",
                icon=":material/undo:",
                on_click=_forget,
                args=(draft, "windows", sample),
            )


def _void(draft: RecipeDraft, dataset: Dataset) -> None:
    digest = draft.build().void_regions
    if not digest:
        return
    st.markdown("**Labels that are taken as void**")
    with st.container(horizontal=True, vertical_alignment="center"):
        try:
            regions = load_regions(digest)
        except DSIError as error:
            show_error(error)
        else:
            samples = counted(len(regions.samples), "sample")
            st.markdown(f"{count(regions.pixels)} pixels of {samples}, from suspect labels")
        st.button(
            "Forget",
            key=f"forget-{draft.ref.id}-void",
            icon=":material/undo:",
            on_click=draft.change,
            args=({"void_regions": ""},),
        )
    # Regions of masks that have changed since are not applied, which is said here.
    with page_errors():
        for note in prepared(dataset, draft.build()).notes:
            if note not in dataset.notes:
                st.warning(plain(note.text), icon=":material/warning:")


def _reread(draft: RecipeDraft, value: str, key: str) -> None:
    draft.change({"mask_values": draft.value("mask_values") | {value: st.session_state[key]}})


def _forget(draft: RecipeDraft, what: str, name: str) -> None:
    kept = {key: value for key, value in draft.value(what).items() if key != name}
    draft.change({what: kept})
