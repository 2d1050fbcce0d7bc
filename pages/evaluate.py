"""Evaluate: how good a model is on labelled samples, where it errs, and how sure it is."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.evaluation.kept.results import OpenEvaluation
from core.formats import counted, duration
from ui.evaluate.buildings import buildings_view
from ui.evaluate.calibration import calibration_view
from ui.evaluate.compare import compare_view
from ui.evaluate.confusion import confusion_view
from ui.evaluate.follow_up.before_after import before_after_view
from ui.evaluate.follow_up.splits import splits_view
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
VIEWS: dict[str, Callable[[OpenEvaluation, Listed], None]] = {
    "Scores": lambda opened, _: scores_view(opened),
    "Confusion": lambda opened, _: confusion_view(opened),
    "Samples": lambda opened, _: samples_view(opened),
    "Calibration": lambda opened, _: calibration_view(opened),
    "Slices": lambda opened, _: slices_view(opened),
    "Buildings": lambda opened, _: buildings_view(opened),
    "Suspects": lambda opened, _: suspects_view(opened),
    "Compare": compare_view,
    "Before and after": before_after_view,
    "Splits": splits_view,
}


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
    names = list(VIEWS)
    take_name("view", names, "view")
    view = st.segmented_control(
        "View",
        names,
        default=names[0],
        required=True,
        key="view",
        bind="query-params",
        label_visibility="collapsed",
    )
    VIEWS[view or names[0]](opened, listed)
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
