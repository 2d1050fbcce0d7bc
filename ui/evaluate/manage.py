"""What can be done with an evaluation: a note, a report, going on with it, deleting it."""

from __future__ import annotations

import streamlit as st

from core.evaluation.kept.record import LONGEST_NOTE, EvaluationRecord
from core.evaluation.kept.results import OpenEvaluation
from core.evaluation.kept.store import KeptEvaluation, delete_evaluation
from core.evaluation.report.report import evaluation_report
from core.training.runs.report_curves import training_curves
from ui.evaluate.form import go_on, is_evaluating
from ui.evaluate.opened import CHOSEN
from ui.loaded.images import safe_stem
from ui.shell.errors import plain

__all__ = ["manage_evaluation", "tell_deleted", "unfinished"]

_DONE = "evaluate.done"


def tell_deleted() -> None:
    """Say what was deleted, once, in the run of the page after it."""
    if text := st.session_state.pop(_DONE, None):
        st.toast(plain(text), icon=":material/delete:")


def unfinished(kept: KeptEvaluation, record: EvaluationRecord) -> None:
    """An evaluation that was stopped: go on with it, or delete it."""
    if is_evaluating():
        st.info("It is evaluated, or waits for the one that is.", icon=":material/hourglass_top:")
        return
    st.info(
        "It was stopped before its end, and goes on where it was.", icon=":material/stop_circle:"
    )
    with st.container(horizontal=True):
        st.button(
            "Go on",
            icon=":material/resume:",
            type="primary",
            key="evaluate.go-on",
            on_click=go_on,
            args=(kept.id,),
        )
        _delete(kept, record)


def manage_evaluation(opened: OpenEvaluation) -> None:
    """The note, the report, and the button that deletes."""
    record = opened.record
    with st.expander("Note" + (f": {plain(record.note)[:80]}" if record.note else "")):
        key = f"evaluate.note.{opened.kept.id}"
        st.session_state.setdefault(key, record.note)
        text = st.text_area("Note", key=key, max_chars=LONGEST_NOTE, persist_state="session")
        now = (text or "").strip()
        pressed = st.button(
            "Save",
            icon=":material/save:",
            key=f"evaluate.save.{opened.kept.id}",
            disabled=now == record.note,
        )
    if pressed:
        opened.kept.write_note(now)
        st.rerun()
    with st.container(horizontal=True):
        st.download_button(
            "Report (HTML)",
            lambda: evaluation_report(opened, training_curves(record.model)).encode(),
            f"{safe_stem(record.title.replace('/', ' '))}.html",
            "text/html",
            key=f"evaluate.report.{opened.kept.id}",
            on_click="ignore",
            icon=":material/download:",
            help="One file with all figures in it, for readers without this program.",
        )
        _delete(opened.kept, record)


def _delete(kept: KeptEvaluation, record: EvaluationRecord) -> None:
    with st.popover("Delete", icon=":material/delete:", key=f"destroy-menu.evaluation.{kept.id}"):
        st.markdown(
            f"This deletes the evaluation **{plain(record.title)}** with its scores and its "
            "predictions. It cannot be undone."
        )
        if st.button("Delete it", icon=":material/delete:", key=f"destroy.evaluation.{kept.id}"):
            delete_evaluation(kept)
            st.session_state[_DONE] = f"Deleted the evaluation {record.title}."
            st.session_state.pop(CHOSEN, None)
            st.query_params.pop("evaluation", None)
            st.rerun()
