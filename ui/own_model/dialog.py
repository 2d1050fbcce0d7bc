"""“Bring your own model”: from a file to a model of the workspace, in one dialog."""

from __future__ import annotations

import streamlit as st

from core.errors import DSIError, ImageError
from core.formats import count, counted
from core.models.exchange.imported_card import card_of, detected_output
from core.models.exchange.keras_incoming import keep_model
from core.models.exchange.names import check_free, free_name
from core.models.imported.open_file import OpenFile
from ui.loaded.images import safe_stem
from ui.own_model.questions import ask
from ui.own_model.trial import try_on_image
from ui.own_model.upload import forget_upload, network_of, open_network
from ui.shell.errors import plain, show_error

__all__ = ["own_model_button", "take_kept_model"]

_OPEN, _TURN, _NEXT = "own-model.open", "own-model.turn", "own-model.kept"


def take_kept_model(key: str) -> None:
    """Choose the model that was just kept; to be called before the box that chooses a model.

    Args:
        key: key of that box.
    """
    if name := st.session_state.pop(_NEXT, None):
        st.session_state[key] = name
        st.toast(f"{plain(name)} is in the workspace.", icon=":material/check:")


def own_model_button() -> None:
    """The button that opens the dialog, and the dialog as long as it is open."""
    st.button(
        "Bring your own model",
        key="own-model.button",
        icon=":material/upload_file:",
        type="tertiary",
        on_click=_open,
        help="A Keras file (.keras or .h5) from a notebook, or weights alone.",
    )
    if st.session_state.get(_OPEN):
        _dialog()


def _open() -> None:
    st.session_state[_OPEN] = True


def _close() -> None:
    st.session_state.pop(_OPEN, None)
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
    forget_upload()


@st.dialog("Bring your own model", width="large", icon=":material/upload_file:", on_dismiss=_close)
def _dialog() -> None:
    if not st.session_state.get(_OPEN):
        st.rerun()
    turn = st.session_state.get(_TURN, 0)
    upload = st.file_uploader(
        "Model file (.keras, .h5, .weights.h5 or .safetensors)", key=f"own-model.file-{turn}"
    )
    if upload is None:
        st.caption(
            "Nothing in the file is run: its layers are read as data, only Keras' own are built, "
            "and first in a process of its own. What the file does not say is asked next, and "
            "tried on an image before the model is kept."
        )
        return
    try:
        file = open_network(upload)
        _facts(file)
        _describe(file, turn)
    except DSIError as error:
        show_error(error)


def _facts(file: OpenFile) -> None:
    if file.facts is None or file.network is None:
        return
    facts = file.facts
    size = f"tiles of {facts.side} × {facts.side} px" if facts.side else "images of any size"
    wrote = f", written by Keras {file.version}" if file.version else ""
    st.caption(
        plain(
            f"It takes {size} with {counted(facts.bands, 'band')} and puts out "
            f"{counted(facts.channels, 'channel')} ({detected_output(file)}): "
            f"{count(facts.parameters)} parameters{wrote}."
        )
    )
    if facts.enlarge > 1:
        st.info(
            f"Its output is {facts.enlarge} times smaller than the image: it is enlarged linearly.",
            icon=":material/zoom_out_map:",
        )
    for note in file.network.notes:
        st.info(plain(note), icon=":material/info:")


def _describe(file: OpenFile, turn: int) -> None:
    """The questions, the trial, and the button that keeps the model."""
    description, output = ask(file)
    card = card_of(file, "trial", description)
    network = network_of(file, card, output)
    with st.container(border=True):
        try:
            try_on_image(card, network)
        except ImageError as error:
            # The model can be kept all the same: another image may be of its kind.
            st.info(plain(error.sentences), icon=":material/image_not_supported:")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        # Asked for once: what is free changes when it is kept.
        default = st.session_state.setdefault(
            f"own-model.default-{turn}", free_name(safe_stem(file.name).lstrip("._-"))
        )
        name = st.text_input("Name of the model", default, key=f"own-model.name-{turn}").strip()
        keep = st.button(
            "Keep the model", type="primary", icon=":material/check:", key="own-model.keep"
        )
    if not keep:
        return
    check_free(name)
    with st.spinner("Writing the model …"):
        keep_model(file, card.model_copy(update={"name": name}), network)
    st.session_state[_NEXT] = name
    _close()
    st.rerun()
