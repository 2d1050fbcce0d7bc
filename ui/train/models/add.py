"""A model from elsewhere: an uploaded ZIP, or a folder on the server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from core.errors import DSIError
from core.models.card import CARD_FILE
from core.models.exchange.incoming import import_archive, import_folder, server_models
from core.models.exchange.names import check_free, free_name
from ui.loaded.images import safe_stem
from ui.shell.errors import plain, show_error
from ui.shell.jobs import find_job, start_job, watch_job

__all__ = ["add_model", "watch_new_model"]

_JOB = "import-model"
_FILE, _FOLDER = "models.zip", "models.folder"
_NAMES = {_FILE: "models.zip-name", _FOLDER: "models.folder-name"}
_WANTED, _REFUSED, _TURN = "models.wanted", "models.refused", "models.turn"

_Work = Callable[[Callable[[int, int], None]], Path]


def watch_new_model(choose: Callable[[str], object]) -> None:
    """Show the progress of a model that comes in, and choose it when it is there.

    To be called before the box that chooses the model.

    Args:
        choose: called with its name.
    """
    job = watch_job(_JOB)
    if job is None or job.state == "running":
        return
    # Another session's model is not what this one waited for.
    if st.session_state.pop(_WANTED, None) == job.id and job.state == "done":
        choose(job.result.name)
        st.toast(f"{plain(job.result.name)} is in the workspace.", icon=":material/check:")


def add_model() -> None:
    """The two ways, a tab each."""
    # Once an import has begun these are new ones, closed and empty: no second click imports again.
    menu = f"models.import-{_turn()}"
    with st.popover("Import a model", icon=":material/upload:", key=menu):
        archive, server = st.tabs(["Upload a ZIP", "Folder on the server"])
        with archive:
            st.caption(
                f"A ZIP with {CARD_FILE} and the weights that it names, as “Download” here makes "
                "it. Nothing in it is run; weights that do not fit the card are refused."
            )
            file = st.file_uploader(
                "ZIP archive", type="zip", key=_file_key(), on_change=_name_file
            )
            _name_and_start(_FILE, file is None, _start_archive)
        with server:
            _folder_form()
        if refused := st.session_state.get(_REFUSED):
            show_error(refused)


def _folder_form() -> None:
    ids = [model.id for model in server_models()]
    if not ids:
        st.caption(
            f"There is none: put a folder with {CARD_FILE} and its weights below one of the "
            "server’s data folders, and reload."
        )
        return
    st.selectbox(
        "Folder", ids, index=None, placeholder="Choose one", key=_FOLDER, on_change=_name_folder
    )
    _name_and_start(_FOLDER, st.session_state.get(_FOLDER) is None, _start_folder)


def _name_and_start(source: str, missing: bool, start: Callable[[], None]) -> None:
    st.text_input("Name of the model", key=_NAMES[source])
    st.button(
        "Import",
        key=f"{source}-start",
        type="primary",
        icon=":material/download_done:",
        disabled=missing or _is_running(),
        on_click=start,
    )


def _turn() -> int:
    return int(st.session_state.get(_TURN, 0))


def _file_key() -> str:
    return f"{_FILE}-{_turn()}"  # what is in an uploader cannot be taken out of it


def _is_running() -> bool:
    job = find_job(_JOB)
    return job is not None and job.state == "running"


def _name_file() -> None:
    st.session_state[_REFUSED] = None
    if file := st.session_state.get(_file_key()):
        st.session_state[_NAMES[_FILE]] = free_name(safe_stem(file.name).lstrip("._-"))


def _name_folder() -> None:
    st.session_state[_REFUSED] = None
    if model := st.session_state.get(_FOLDER):
        st.session_state[_NAMES[_FOLDER]] = free_name(model.rpartition("/")[2])


def _start_archive() -> None:
    name, file = _wanted_name(_FILE), st.session_state.get(_file_key())
    if file is not None:
        _start(name, lambda progress: import_archive(file, name, progress))


def _start_folder() -> None:
    name, model = _wanted_name(_FOLDER), st.session_state.get(_FOLDER)
    if model is not None:
        _start(name, lambda progress: import_folder(model, name, progress))


def _wanted_name(source: str) -> str:
    return str(st.session_state.get(_NAMES[source]) or "").strip()


def _start(name: str, work: _Work) -> None:
    st.session_state[_REFUSED] = None
    try:
        check_free(name)
    except DSIError as error:
        st.session_state[_REFUSED] = error
        return
    running = find_job(_JOB)
    if running and running.state == "running":  # another session's
        st.toast(f"{plain(running.title)} is under way already.")
        return
    st.session_state[_WANTED] = start_job(_JOB, f"Importing {name}", "stages", work).id
    st.session_state[_TURN] = _turn() + 1
    st.session_state[_FOLDER] = None
    for field in _NAMES.values():
        st.session_state[field] = ""
