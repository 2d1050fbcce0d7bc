"""The queue of trainings on a page: its order, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from core.errors import DSIError
from core.training.queue.queue import move, remove
from core.training.runs.summary import RunSummary
from ui.shell.errors import plain, show_error

__all__ = ["queue_panel"]


def queue_panel(runs: Sequence[RunSummary]) -> bool:
    """Show the waiting runs, the next one first; nothing where none waits.

    Returns:
        Whether the queue was changed, so that what shows it must be drawn again.
    """
    waiting = sorted((run for run in runs if run.place is not None), key=lambda run: run.place or 0)
    if not waiting:
        return False
    now = next((run.name for run in runs if run.status.alive), None)
    changed = False
    with st.container(border=True, gap="xsmall", key="queue"):
        st.markdown(f"**In the queue: {len(waiting)}**")
        active = f"{plain(now)} is being trained" if now else "The next one is about to start"
        st.caption(f"{active}; one training at a time has the device.")
        for run in waiting:
            changed |= _line(run, len(waiting))
    return changed


def _line(run: RunSummary, count: int) -> bool:
    place = run.place or 1
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"{place}. {plain(run.name)}", width="stretch")
        earlier = _button(run, "Earlier", ":material/arrow_upward:", place == 1)
        later = _button(run, "Later", ":material/arrow_downward:", place == count)
        off = _button(run, "Take off", ":material/playlist_remove:", False)
    if earlier:
        return _apply(lambda: move(run.run, place - 1))
    if later:
        return _apply(lambda: move(run.run, place + 1))
    return off and _apply(lambda: remove(run.run))


def _button(run: RunSummary, label: str, icon: str, disabled: bool) -> bool:
    return st.button(
        label, icon=icon, key=f"queue.{label}.{run.name}", disabled=disabled, type="tertiary"
    )


def _apply(change: Callable[[], None]) -> bool:
    try:
        change()
    except DSIError as error:  # it has started meanwhile
        show_error(error)
        return False
    return True
