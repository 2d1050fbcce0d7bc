"""Samples that are selected in the gallery, and what can be done with all of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.datasets.dataset import Dataset
from core.datasets.tags import change_tags
from core.errors import DSIError
from core.formats import counted
from ui.data.prepare.draft import RecipeDraft
from ui.shell.errors import plain, show_error

__all__ = ["Selection", "selection_bar"]

_SELECTED, _TURN, _OF = "gallery.selected", "gallery.turn", "gallery.selected-of"
_TAGS, _REFUSED = "gallery.tags", "gallery.refused"
# Above the pictures while they scroll below it.
_STYLE = """<style>
.st-key-gallery-actions {
  position: sticky; top: 3.75rem; z-index: 80; padding: .375rem .75rem;
  border: 1px solid rgba(128,140,155,.5); border-radius: .375rem;
  backdrop-filter: blur(14px) saturate(.5);
}
</style>"""


class Selection:
    """The samples of a dataset that are selected, kept for the session.

    Args:
        dataset: samples of another one are not selected any more.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._known = {sample.id for sample in dataset.samples}
        state = st.session_state
        if state.get(_OF) != dataset.name:
            state[_OF], state[_SELECTED] = dataset.name, []
        state.setdefault(_TURN, 0)

    @property
    def samples(self) -> Sequence[str]:
        """Their ids, in the order they were selected."""
        return [s for s in st.session_state[_SELECTED] if s in self._known]

    @property
    def turn(self) -> int:
        """Number of the browser's last change that arrived here."""
        return int(st.session_state[_TURN])

    def take(self, sent: Any) -> None:
        """Take what the browser sends; to be used in a callback.

        Args:
            sent: ``{"turn": number of the change, "ids": all that is selected}``, checked here.
        """
        if not isinstance(sent, dict) or not isinstance(sent.get("ids"), list):
            return
        if not isinstance(sent.get("turn"), int):
            return
        st.session_state[_TURN] = sent["turn"]
        self.set([sample for sample in sent["ids"] if sample in self._known])

    def set(self, samples: Sequence[str]) -> None:
        """Select these and no others; to be used in callbacks."""
        st.session_state[_SELECTED] = list(dict.fromkeys(samples))


def selection_bar(
    selection: Selection,
    draft: RecipeDraft,
    visible: Sequence[str],
    tags: Mapping[str, tuple[str, ...]],
) -> None:
    """How many samples are selected, and buttons for all of them; nothing where none is.

    Args:
        selection: which.
        draft: the recipe that leaves samples out.
        visible: ids of the samples that the filters leave, on all pages.
        tags: tags of the samples.
    """
    if refused := st.session_state.pop(_REFUSED, None):
        show_error(refused)
    draft.show_refused()
    samples = selection.samples
    if not samples:
        return
    excluded = set(draft.value("exclude"))
    st.html(_STYLE)
    with st.container(horizontal=True, vertical_alignment="center", key="gallery-actions"):
        st.markdown(f"**{len(samples):,} selected**", width="content")
        if set(samples) - excluded:
            st.button(
                "Exclude",
                key="gallery.exclude",
                icon=":material/block:",
                help="The recipe leaves them out; the files stay as they are.",
                on_click=_exclude,
                args=(draft, samples, True),
            )
        if set(samples) & excluded:
            st.button(
                "Use again",
                key="gallery.include",
                icon=":material/undo:",
                on_click=_exclude,
                args=(draft, samples, False),
            )
        _tags(draft.ref.id, samples, tags)
        if set(visible) - set(samples):
            st.button(
                f"Select all {len(visible):,}",
                key="gallery.select-all",
                icon=":material/select_all:",
                on_click=selection.set,
                args=([*samples, *visible],),
            )
        st.button(
            "Clear",
            key="gallery.clear",
            icon=":material/close:",
            type="tertiary",
            help="Nothing is selected then.",
            on_click=selection.set,
            args=([],),
        )


def _exclude(draft: RecipeDraft, samples: Sequence[str], out: bool) -> None:
    if draft.leave_out(samples, out):
        words = "left out by the recipe" if out else "used again"
        st.toast(f"{counted(len(samples), 'sample')} {words}.", icon=":material/check:")


def _tags(dataset: str, samples: Sequence[str], tags: Mapping[str, tuple[str, ...]]) -> None:
    known = sorted({tag for own in tags.values() for tag in own})
    theirs = sorted({tag for sample in samples for tag in tags.get(sample, ())})
    with st.popover("Tags", icon=":material/label:", key="gallery.tags-menu"):
        st.multiselect(
            "Tags for the selected samples",
            known,
            key=_TAGS,
            accept_new_options=True,
            placeholder="Choose tags, or type a new one",
            help="They are kept in the workspace, not in the data.",
        )
        with st.container(horizontal=True):
            chosen = st.session_state[_TAGS]
            st.button(
                "Add",
                key="gallery.tag",
                type="primary",
                disabled=not chosen,
                on_click=_change_tags,
                args=(dataset, samples, chosen, ()),
            )
            st.button(
                "Remove",
                key="gallery.untag",
                disabled=not set(chosen) & set(theirs),
                on_click=_change_tags,
                args=(dataset, samples, (), chosen),
            )
        if theirs:
            st.caption(f"They have: {plain(', '.join(theirs))}")


def _change_tags(
    dataset: str, samples: Sequence[str], add: Sequence[str], remove: Sequence[str]
) -> None:
    try:
        change_tags(dataset, samples, add, remove)
    except DSIError as error:
        st.session_state[_REFUSED] = error
        return
    st.session_state[_TAGS] = []
