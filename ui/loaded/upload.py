"""Files that a person uploads, held by the session while other pages are looked at.

Streamlit lets go of an upload with the page that has the box for it. An image is looked at on
several pages, so its bytes stay with the session, under what the file is for; nobody else gets
them, and they go with the session.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from core.formats import decimal_size
from ui.shell.errors import plain

__all__ = ["Purpose", "Upload", "choose_upload", "held_upload"]

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


def _place(purpose: Purpose) -> str:
    return f"upload.{purpose}"
