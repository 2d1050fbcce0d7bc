"""An uploaded file of a network, looked into once and kept as long as its dialog is open."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import DSIError
from core.models.card import ModelCard
from core.models.exchange.keras_incoming import built_model, check_weights
from core.models.imported.open_file import OpenFile, open_file

if TYPE_CHECKING:
    import keras

__all__ = ["Upload", "forget_upload", "network_of", "open_network"]

_KEPT = "own-model.upload"
_building = threading.Lock()  # Keras names layers by counters that all sessions share


@dataclass
class Upload:
    """A file and what was found in it.

    Attributes:
        digest: of its content.
        folder: where it lies; gone with this object.
        file: what is in it; None where it was refused.
        error: why it was refused.
        networks: built ones, by what they were built for.
    """

    digest: str
    folder: tempfile.TemporaryDirectory[str]
    file: OpenFile | None = None
    error: DSIError | None = None
    networks: dict[str, keras.Model] = field(default_factory=dict)


def open_network(upload: UploadedFile) -> OpenFile:
    """What is in an uploaded file; read once, in a process of its own.

    Raises:
        DSIError: it is refused.
    """
    data = upload.getvalue()
    digest = hashlib.blake2b(data, digest_size=16).hexdigest()
    kept: Upload | None = st.session_state.get(_KEPT)
    if kept is None or kept.digest != digest:
        kept = st.session_state[_KEPT] = Upload(digest, tempfile.TemporaryDirectory("-dsi-upload"))
        with st.spinner(
            "Looking into the file: it is checked, then built in a process of its own …"
        ):
            try:
                kept.file = _opened(data, upload.name, Path(kept.folder.name))
            except DSIError as error:
                kept.error = error
    if kept.file is None:
        raise kept.error or DSIError("the file was not read", remedy="choose it again")
    return kept.file


def _opened(data: bytes, name: str, folder: Path) -> OpenFile:
    # Browsers send any name they like: of it only what says the kind of file becomes a path.
    shown = name.replace("\\", "/").rpartition("/")[2][:100] or "model"
    ending = Path(shown).suffix.lower()
    plain = ending if ending[1:].isalnum() and ending.isascii() else ""
    path = folder / f"{'model.weights' if '.weights.' in shown else 'model'}{plain}"
    path.write_bytes(data)
    unpacked = folder / "unpacked"
    unpacked.mkdir()
    opened = open_file(path, unpacked)
    return OpenFile(shown, opened.weights, opened.network, opened.facts, opened.version)


def network_of(file: OpenFile, card: ModelCard, output: str) -> keras.Model:
    """The network of the open file with its weights, built once in this process.

    Raises:
        ModelError: weights alone, and they do not fit the card's network.
    """
    kept: Upload = st.session_state[_KEPT]
    key = "" if file.facts else f"{card.spec.model_dump_json()} {output}"
    if key not in kept.networks:
        with st.spinner("Building the network …"):
            check_weights(file, card, output)
            with _building:
                kept.networks[key] = built_model(file, card, output)
    return kept.networks[key]


def forget_upload() -> None:
    """Let go of the file and of what was built."""
    st.session_state.pop(_KEPT, None)
