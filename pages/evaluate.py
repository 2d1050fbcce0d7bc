"""Evaluate: how good a model is on labelled samples, where it errs, and how sure it is."""

from __future__ import annotations

import streamlit as st

from core.formats import counted, duration
from ui.evaluate.before_after import before_after_view
from ui.evaluate.calibration import calibration_view
from ui.evaluate.compare import compare_view
from ui.evaluate.confusion import confusion_view
from ui.evaluate.form import new_evaluation_form, watch_evaluation
from ui.evaluate.manage import manage_evaluation, tell_deleted, unfinished
from ui.evaluate.opened import Listed, choose_evaluation, open_evaluation
from ui.evaluate.samples import samples_view
from ui.evaluate.scores import scores_view
from ui.evaluate.slices import slices_view
from ui.evaluate.suspects.view import suspects_view
from ui.shell.address import take_name
from ui.shell.errors import plain
from ui.widgets.frame import Frame, open_frame

NEW = "evaluate.new"
VIEWS = [
    *("Scores", "Confusion", "Samples", "Calibration", "Slices", "Suspects", "Compare"),
    "Before and after",
]


def show_chosen(chosen: str, listed: Listed, frame: Frame) -> None:
    kept, record = listed[chosen]
    scenes = len(record.groups())
    facts = [record.title, counted(len(record.samples), "sample"), counted(scenes, "scene")]
    frame.shown = [record.model, record.dataset]
    opened = open_evaluation(kept) if record.finished else None
    if opened is None:
        frame.facts(facts)
        unfinished(kept, record)
        return
    frame.facts([*facts, duration(record.seconds)])
    for remark in record.remarks:
        frame.note(plain(remark), warning=True)
    take_name("view", VIEWS, "view")
    view = st.segmented_control(
        "View",
        VIEWS,
        default=VIEWS[0],
        required=True,
        key="view",
        bind="query-params",
        label_visibility="collapsed",
    )
    if view == "Scores":
        scores_view(opened)
    elif view == "Confusion":
        confusion_view(opened)
    elif view == "Samples":
        samples_view(opened)
    elif view == "Calibration":
        calibration_view(opened)
    elif view == "Slices":
        slices_view(opened)
    elif view == "Suspects":
        suspects_view(opened)
    elif view == "Before and after":
        before_after_view(opened, listed)
    else:
        compare_view(opened, listed)
    st.divider()
    manage_evaluation(opened)


def show_evaluate(frame: Frame) -> None:
    tell_deleted()
    watch_evaluation()
    with frame.choices:
        # A link to this page with a model is a wish to evaluate it.
        if "model" in st.query_params and "evaluation" not in st.query_params:
            st.session_state[NEW] = True
        chosen, listed = choose_evaluation()
        is_new = not listed or st.session_state.get(NEW, False)
        with st.expander("New evaluation", icon=":material/add:", expanded=is_new):
            new_evaluation_form()
    if not listed:
        frame.note(
            "Choose a model and labelled samples, and press Evaluate: scores with intervals, "
            "confusions with their places, calibration, and comparisons stand here then, and "
            "are kept.",
            keep=True,
        )
        return
    show_chosen(chosen, listed, frame)


with open_frame("Evaluate") as frame:
    show_evaluate(frame)
