"""Manage a run: tags and notes, its settings for another training, and deleting it."""

from __future__ import annotations

import streamlit as st

from core.training.queue.delete import delete_run
from core.training.runs.notes import Notes, read_notes, tidy_tags, write_notes
from core.training.runs.run import Run
from core.training.runs.status import Status
from ui.shell.errors import plain
from ui.shell.links import CLONE
from ui.train.views import open_view

__all__ = ["manage_run", "tell_done"]

_DONE = "runs.done"


def manage_run(run: Run, status: Status, known_tags: list[str]) -> None:
    """Tags, notes, and buttons for one run.

    Args:
        run: chosen run.
        status: its status.
        known_tags: tags of all runs, to choose from.

    Raises:
        DSIError: the notes cannot be read or written, or it cannot be deleted.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "New training with these settings",
            icon=":material/content_copy:",
            key=f"runs.clone.{run.name}",
            on_click=_clone,
            args=(run.name,),
        )
        if not status.alive and status.state != "queued":
            _delete(run)
    _notes(run, known_tags)


def tell_done() -> None:
    """Say what was deleted, once, in the run of the page after it."""
    if text := st.session_state.pop(_DONE, None):
        st.toast(plain(text), icon=":material/delete:")


def _clone(name: str) -> None:
    open_view("new", **{CLONE: name})


def _delete(run: Run) -> None:
    with st.popover("Delete", icon=":material/delete:", key=f"destroy-menu.run.{run.name}"):
        st.markdown(
            f"This deletes the run **{plain(run.name)}** with its model, curves, time-lapse and "
            "log. It cannot be undone."
        )
        if st.button("Delete it", icon=":material/delete:", key=f"destroy.run.{run.name}"):
            delete_run(run)
            st.session_state[_DONE] = f"Deleted the run {run.name} with its model."
            if st.query_params.get("run") == run.name:
                del st.query_params["run"]
            st.rerun()


def _notes(run: Run, known_tags: list[str]) -> None:
    saved = read_notes(run)
    tags, text = f"runs.tags.{run.name}", f"runs.text.{run.name}"
    title = "Tags and notes" + (f": {plain(', '.join(saved.tags))}" if saved.tags else "")
    with st.expander(title, icon=":material/label:", key=f"runs.notes.{run.name}"):
        st.session_state.setdefault(tags, list(saved.tags))
        st.session_state.setdefault(text, saved.text)
        options = dict.fromkeys([*known_tags, *saved.tags, *st.session_state[tags]])
        chosen = st.multiselect(
            "Tags",
            list(options),
            key=tags,
            accept_new_options=True,
            placeholder="Choose tags, or type a new one",
            persist_state="session",
        )
        text_now = st.text_area("Notes", key=text, persist_state="session")
        now = Notes(tags=tidy_tags(chosen), text=(text_now or "").strip())
        pressed = st.button(
            "Save",
            icon=":material/save:",
            key=f"runs.save.{run.name}",
            disabled=now == saved,
        )
    if pressed:
        write_notes(run, now)
        st.rerun()
