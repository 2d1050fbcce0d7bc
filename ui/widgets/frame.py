"""The frame of every page: what is chosen in the sidebar, the title in one row, notes that go away.

The main area is the pictures'. What is chosen (dataset, model, image, settings) stands in the
sidebar, which is a drawer on a telephone. Notes are boxes above the pictures where they warn, and
rest behind a button in the title's row where they inform, or were put away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.formats import counted
from ui.shell.address import TITLE, page_title, shown_names, unknown_names
from ui.shell.errors import plain

__all__ = ["Frame", "open_frame"]

_TURNED = "notes.turned"  # keys of the notes that are not where their kind is by default


@dataclass(frozen=True)
class _Note:
    text: str
    warning: bool
    icon: str
    keep: bool = False

    @property
    def key(self) -> str:
        text = f"{self.warning} {self.text}"
        return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()

    @property
    def open(self) -> bool:
        """Whether it stands above the pictures: warnings until put away, others once asked for."""
        turned = self.key in st.session_state.get(_TURNED, ())
        return self.keep or self.warning != turned

    def show(self) -> None:
        box = st.warning if self.warning else st.info
        box(self.text, icon=self.icon)


@dataclass
class Frame:
    """A page's parts, in which it puts what it shows.

    Attributes:
        choices: container in the sidebar for what is chosen.
        state: container at the sidebar's end, for what goes on in the background.
        main: container in the main area below the notes, for what is made amid the choices.
        tab: name of the page, for the browser's tab.
        shown: what it shows, for the title of the browser's tab; by default the dataset, sample
            and model that are chosen.
    """

    choices: DeltaGenerator
    state: DeltaGenerator
    main: DeltaGenerator
    tab: str
    _facts: DeltaGenerator
    _button: DeltaGenerator
    _boxes: DeltaGenerator
    shown: list[str] = field(default_factory=list)
    _notes: list[_Note] = field(default_factory=list)

    def facts(self, facts: Sequence[str]) -> None:
        """Say in the title's row what is looked at, as in ``12 samples · 3 scenes``.

        Args:
            facts: short texts that are shown as they are.
        """
        self._facts.caption(" · ".join(plain(fact) for fact in facts))

    def note(self, text: str, *, warning: bool = False, icon: str = "", keep: bool = False) -> None:
        """Add a note, which is shown when the frame ends.

        Args:
            text: Markdown; what comes from data passes through `plain` first.
            warning: whether it stands above the pictures until it is put away.
            icon: as Streamlit names it; by default one for its kind.
            keep: whether it cannot be put away, as what there is to do first.
        """
        default = ":material/warning:" if warning else ":material/info:"
        self._notes.append(_Note(text, warning, icon or default, keep))

    def close(self) -> None:
        """Show the notes, and name the browser's tab."""
        title = page_title(self.tab, self.shown or shown_names())
        st.session_state[TITLE] = self.tab, title
        st.set_page_config(page_title=title)
        for text in unknown_names():
            self.note(text, warning=True, icon=":material/link_off:")
        notes = list(dict.fromkeys(self._notes))
        self._notes.clear()
        if not notes:
            return
        for note in notes:
            if note.open:
                with self._boxes.container(
                    horizontal=True, vertical_alignment="center", key=f"note-box-{note.key}"
                ):
                    note.show()
                    if not note.keep:
                        _switch(note)
        away = [note for note in notes if not note.open]
        if not away:
            return
        warns = any(note.warning for note in away)
        with self._button.popover(
            counted(len(away), "note"),
            icon=":material/warning:" if warns else ":material/info:",
        ):
            for note in away:
                note.show()
                _switch(note)


def _switch(note: _Note) -> None:
    """The button that puts a note away, or brings it back above the pictures."""
    away = note.open
    st.button(
        "Put away" if away else "Keep in view",
        key=f"note.{note.key}.{'away' if away else 'shown'}",
        icon=":material/close:" if away else ":material/push_pin:",
        type="tertiary",
        help="It stays under the button in the title's row." if away else None,
        on_click=_turn,
        args=(note.key,),
    )


def _turn(key: str) -> None:
    st.session_state.setdefault(_TURNED, set()).symmetric_difference_update({key})


@contextmanager
def open_frame(title: str, tab: str = "") -> Iterator[Frame]:
    """The frame of a page, around all that it shows; its notes come when it ends or stops.

    Args:
        title: the page's heading of the first order.
        tab: its name in the browser's tab; by default the heading.
    """
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", key="frame-heading"
    ):
        st.title(title, width="content", anchor=False)
        facts = st.container(width="stretch", key="frame-facts")
        button = st.container(width="content")
    boxes = st.container(gap="xxsmall")
    frame = Frame(
        choices=st.sidebar.container(),
        state=st.sidebar.container(),
        main=st.container(),
        tab=tab or title,
        _facts=facts,
        _button=button,
        _boxes=boxes,
    )
    try:
        yield frame
    finally:
        frame.close()
