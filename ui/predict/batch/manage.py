"""What becomes of a batch: kept in the list, or deleted; and the list on the page's other views."""

from __future__ import annotations

import streamlit as st

from core.evaluation.batch.store import (
    MOST_BATCHES,
    MOST_BYTES,
    KeptBatch,
    delete_batch,
)
from core.formats import counted, decimal_size
from ui.predict.batch.opened import OpenBatch, dated, list_seen_batches
from ui.shell.errors import plain
from ui.shell.links import page_link

__all__ = ["manage_batch", "show_batch_history"]


def manage_batch(opened: OpenBatch, running: bool) -> None:
    """Say where the batch is kept and how long, with the buttons that change it.

    Args:
        opened: the batch.
        running: whether it goes on.
    """
    record = opened.record
    text = (
        f"It takes {decimal_size(opened.kept.size())} on the server. The last {MOST_BATCHES} "
        f"batches are kept, up to {MOST_BYTES // 1024**3} GiB; the oldest go first."
    )
    if not record.listed:
        text += (
            " Uploads are in nobody else's list: who has this page's address can open them, for a "
            "day."
        )
    st.caption(text)
    with st.container(horizontal=True):
        if not record.listed:
            st.button(
                "Keep it in the list for everybody",
                key="batch.keep",
                icon=":material/bookmark_add:",
                on_click=_list,
                args=(opened.kept,),
                help="With its images: all who reach this server can open it then.",
            )
        st.button(
            "Delete this batch",
            key=f"destroy-menu.batch.{opened.kept.id}",
            icon=":material/delete:",
            disabled=running,
            on_click=delete_batch,
            args=(opened.kept,),
            help="Its maps, results and uploaded images go.",
        )


def _list(kept: KeptBatch) -> None:
    kept.write_record(kept.record().model_copy(update={"listed": True}))


def show_batch_history() -> None:
    """The batches in an expander, each with a link that opens it."""
    listed = list_seen_batches()
    if not listed:
        return
    with st.expander(f"Earlier batches ({len(listed)})", icon=":material/playlist_play:"):
        for name, (kept, record) in listed.items():
            with st.container(horizontal=True, vertical_alignment="center", border=True):
                with st.container(width=420, gap=None):
                    st.markdown(plain(dated(record)))
                    st.caption(counted(len(record.images), "image"))
                page_link("predict", "Open", "layers", {"source": "Batch", "batch": name})
                st.button(
                    "Delete",
                    icon=":material/delete:",
                    key=f"destroy-menu.batch-entry.{name}",
                    on_click=delete_batch,
                    args=(kept,),
                )
