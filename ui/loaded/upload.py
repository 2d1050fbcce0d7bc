"""Files that a person uploads, held by the session while other pages are looked at.

Streamlit lets go of an upload with the page that has the box for it. An image is looked at on
several pages, so its bytes stay with the session, under what the file is for; nobody else gets
them, and they go with the session.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import streamlit as st

from core.formats import counted, decimal_size, listed_first
from ui.shell.errors import plain

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

__all__ = [
    "Purpose",
    "Upload",
    "choose_upload",
    "choose_uploads",
    "forget_uploads",
    "held_upload",
    "held_uploads",
]

Purpose = Literal["image", "mask"]
"""What an upload is for: an image to look at, on any page, or the mask of that image."""


@dataclass(frozen=True)
class Upload:
    """An uploaded file.

    Attributes:
        name: as the browser gave it.
        data: its bytes.
        file_id: tells it from every other upload.
    """

    name: str
    data: bytes
    file_id: str


def held_upload(purpose: Purpose) -> Upload | None:
    """The session's file of that purpose, if there is one."""
    upload: Upload | None = st.session_state.get(_place(purpose))
    return upload


def choose_upload(
    purpose: Purpose, label: str, types: Sequence[str], *, key: str, help: str | None = None
) -> Upload | None:
    """A box for a file; one that was put into another page's box of that purpose stays.

    Args:
        purpose: what the file is for.
        label, help: as of ``st.file_uploader``.
        types: endings of the files that are taken.
        key: of the box.
    """
    file = st.file_uploader(
        label, type=list(types), key=key, help=help, on_change=_changed, args=(purpose, key)
    )
    held = held_upload(purpose)
    if file is not None and (held is None or held.file_id != file.file_id):
        held = Upload(file.name, file.getvalue(), file.file_id)
        st.session_state[_place(purpose)] = held
    if file is None and held is not None:
        with st.container(horizontal=True, vertical_alignment="center", key=f"{key}-held"):
            st.caption(
                f":material/draft: {plain(held.name)}, {decimal_size(len(held.data))}, from before."
            )
            st.button(
                "Remove",
                key=f"{key}.remove",
                icon=":material/close:",
                type="tertiary",
                help=f"Let go of {plain(held.name)}.",
                on_click=_remove,
                args=(purpose,),
            )
    return held


def _changed(purpose: Purpose, key: str) -> None:
    """A file came into the box, or was taken out of it."""
    if st.session_state[key] is None:
        _remove(purpose)
    elif purpose == "image":
        # A mask is one of an image: that in the box of this page is taken again below it.
        st.session_state.pop(_place("mask"), None)


def _remove(purpose: Purpose) -> None:
    st.session_state.pop(_place(purpose), None)
    if purpose == "image":
        st.session_state.pop(_place("mask"), None)


def _place(purpose: str) -> str:
    return f"upload.{purpose}"


def held_uploads(purpose: str) -> list[Upload]:
    """The session's files of a purpose of which there may be several, in their order."""
    held: dict[str, Upload] = st.session_state.get(_place(purpose), {})
    return list(held.values())


def choose_uploads(
    purpose: str, label: str, types: Sequence[str], *, help: str | None = None
) -> list[Upload]:
    """A box for any number of files; those that were put into it before another page was opened
    stay.

    Args:
        purpose: what they are for, a word of letters and dashes.
        label, help: as of ``st.file_uploader``.
        types: endings of the files that are taken.
    """
    key = _box(purpose)
    files = st.file_uploader(
        label,
        type=list(types),
        key=key,
        help=help,
        accept_multiple_files=True,
        on_change=_several_changed,
        args=(purpose, key),
    )
    held = _hold(purpose, files)
    shown = {file.file_id for file in files}
    st.session_state[f"{_place(purpose)}.shown"] = shown
    before = [upload for upload in held.values() if upload.file_id not in shown]
    if before:
        size = decimal_size(sum(len(upload.data) for upload in before))
        with st.container(horizontal=True, vertical_alignment="center", key=f"{key}-held"):
            st.caption(
                f":material/draft: {counted(len(before), 'file')}, {size}, from before: "
                f"{plain(listed_first([upload.name for upload in before], 3))}."
            )
            st.button(
                "Remove",
                key=f"{key}.remove",
                icon=":material/close:",
                type="tertiary",
                on_click=forget_uploads,
                args=(purpose,),
            )
    return list(held.values())


def forget_uploads(purpose: str) -> None:
    """Let go of the files of a purpose, and empty their box."""
    st.session_state.pop(_place(purpose), None)
    st.session_state.pop(f"{_place(purpose)}.shown", None)
    # A box of another key is empty, and Streamlit lets go of what was in the old one.
    st.session_state[f"{_place(purpose)}.box"] = st.session_state.get(_number(purpose), 0) + 1


def _number(purpose: str) -> str:
    return f"{_place(purpose)}.box"


def _box(purpose: str) -> str:
    return f"{purpose}-{st.session_state.get(_number(purpose), 0)}"


def _hold(purpose: str, files: Sequence[UploadedFile]) -> dict[str, Upload]:
    held: dict[str, Upload] = st.session_state.setdefault(_place(purpose), {})
    for file in files:
        if file.file_id not in held:
            held[file.file_id] = Upload(file.name, file.getvalue(), file.file_id)
    return held


def _several_changed(purpose: str, key: str) -> None:
    """Files came into the box, or were taken out of it."""
    files = st.session_state[key]
    held = _hold(purpose, files)
    now = {file.file_id for file in files}
    for gone in st.session_state.get(f"{_place(purpose)}.shown", set()) - now:
        held.pop(gone, None)
