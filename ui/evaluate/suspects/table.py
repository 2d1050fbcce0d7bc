"""The list of suspect labels: filters, one that is shown, and what becomes of one or many."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.errors import DSIError
from core.evaluation.kept.results import OpenEvaluation
from core.evaluation.kept.store import KeptEvaluation
from core.evaluation.suspects.record import SuspectList
from core.evaluation.suspects.review import (
    Action,
    Review,
    State,
    decide,
    undo,
    write_review,
)
from core.formats import counted
from ui.shell.address import take_name, take_number
from ui.shell.errors import show_error

__all__ = ["choose_suspect", "filtered_suspects"]

_ANY = "Any class"
_SORTS = {"Weight": "Weight", "Area": "Pixels", "Confidence": "Confidence"}
_STATES: dict[State, str] = {
    "open": "",
    "void": "Void",
    "excluded": "Left out",
    "dismissed": "Label is right",
}
_SHOWN = ["To be decided", "All", "Accepted", "Dismissed"]
_OF_SHOWN: dict[str, tuple[State, ...]] = {
    "To be decided": ("open",),
    "Accepted": ("void", "excluded"),
    "Dismissed": ("dismissed",),
}
_SEEN = ["Not trained on", "Trained on", "All samples"]
_SCOPES = ["This region", "Ticked rows", "All listed"]
_REFUSED = "suspects.refused"


def choose_suspect(kept: KeptEvaluation, frame: pd.DataFrame, review: Review) -> int | None:
    """Choose a region, and decide about it or about many.

    Args:
        kept: the evaluation.
        frame: of `filtered_suspects`.
        review: what is decided so far.

    Returns:
        Its place in the list; None where there is none.
    """
    if error := st.session_state.pop(_REFUSED, None):
        show_error(error)
    if frame.empty:
        st.info("No region meets all of this: take a filter off.", icon=":material/info:")
        _decisions(kept, review, [], [], None)
        return None
    places = list(frame["place"])
    take_number("suspect", 1, len(places), "suspect label")
    if st.session_state.get("suspect", 1) > len(places):
        st.session_state["suspect"] = len(places)
    number = st.number_input(
        f"Region, 1 to {len(places):,}",
        min_value=1,
        max_value=len(places),
        step=1,
        key="suspect",
        bind="query-params",
    )
    place = places[int(number) - 1]
    ticked = _table(frame)
    _decisions(kept, review, places, [places[row] for row in ticked], place)
    return int(place)


def _rows(opened: OpenEvaluation, listed: SuspectList, decided: Sequence[State]) -> pd.DataFrame:
    names, samples = opened.names, opened.record.samples
    return pd.DataFrame(
        [
            {
                "place": place,
                "state": state,
                "seen": suspect.sample in listed.seen,
                "Label": names[suspect.label],
                "Model": names[suspect.suggestion],
                "Confidence": suspect.confidence,
                "Pixels": suspect.area,
                "Sample": samples[suspect.sample].id,
                "Decided": _STATES[state],
                "Weight": suspect.weight,
                "Quality": listed.quality[suspect.sample],
            }
            for place, (suspect, state) in enumerate(zip(listed.suspects, decided, strict=True))
        ]
    )


def filtered_suspects(
    opened: OpenEvaluation, listed: SuspectList, decided: Sequence[State]
) -> pd.DataFrame:
    """A row of filters, and the regions that meet them, in the order that is chosen.

    Args:
        opened: the evaluation.
        listed: its suspect labels.
        decided: `states` of them.

    Returns:
        A row a region; ``place`` is that in the list.
    """
    frame = _rows(opened, listed, decided)
    with st.container(horizontal=True):
        take_name("shown", _SHOWN, "kind of suspect labels")
        shown = st.selectbox("Show", _SHOWN, key="shown", bind="query-params", width=150)
        if 0 < len(listed.seen) < len(opened.record.samples):
            take_name("seen", _SEEN, "kind of samples")
            seen = st.selectbox("Samples", _SEEN, key="seen", bind="query-params", width=150)
            if seen != _SEEN[2]:
                frame = frame[frame["seen"] == (seen == _SEEN[1])]
        choices = [_ANY, *opened.names]
        take_name("given", choices, "label")
        given = st.selectbox("Label", choices, key="given", bind="query-params", width=150)
        take_name("suggested", choices, "class that the model suggests")
        wanted = st.selectbox("Model", choices, key="suggested", bind="query-params", width=150)
        take_number("sure", 0, 99, "least confidence in %")
        sure = st.number_input(
            "Least confidence, %", 0, 99, 0, 5, key="sure", bind="query-params", width=150
        )
        frame = frame[frame["Confidence"] >= sure / 100]
        take_name("rank", list(_SORTS), "order of suspect labels")
        by = st.selectbox("Sort by", list(_SORTS), key="rank", bind="query-params", width=150)
    if shown in _OF_SHOWN:
        frame = frame[frame["state"].isin(_OF_SHOWN[shown])]
    if given != _ANY:
        frame = frame[frame["Label"] == given]
    if wanted != _ANY:
        frame = frame[frame["Model"] == wanted]
    return frame.sort_values(_SORTS[by], ascending=False, kind="stable")


def _table(frame: pd.DataFrame) -> list[int]:
    """The rows that are ticked."""
    columns = ["Label", "Model", "Confidence", "Pixels", "Sample", "Decided", "Quality"]
    if not (frame["state"] != "open").any():
        columns.remove("Decided")
    picked = st.dataframe(
        frame[columns],
        hide_index=True,
        key=f"suspects.table.{hash(tuple(frame['place']))}",
        on_select="rerun",
        selection_mode="multi-row",
        height=300,
        column_config={
            "Confidence": st.column_config.NumberColumn(format="percent"),
            "Pixels": st.column_config.NumberColumn(format="localized"),
            "Quality": st.column_config.NumberColumn(
                format="%.3f", help="Of the whole sample: softmin of its labels' probabilities."
            ),
        },
        alt="Suspect labels; above, one can be chosen by its number",
    )
    rows: list[int] = picked["selection"]["rows"]
    return [row for row in rows if row < len(frame)]


def _decisions(
    kept: KeptEvaluation,
    review: Review,
    places: Sequence[int],
    ticked: Sequence[int],
    place: int | None,
) -> None:
    """Buttons for what becomes of the region, of ticked ones, or of all that are listed."""
    scope = st.segmented_control(
        "Decide on",
        _SCOPES,
        default=_SCOPES[0],
        required=True,
        key="suspects.scope",
        persist_state="session",
    )
    wanted = {
        _SCOPES[0]: [] if place is None else [place],
        _SCOPES[1]: list(ticked),
        _SCOPES[2]: list(places),
    }[scope]
    buttons: list[tuple[str, Action, str, str]] = [
        ("Accept as void", "void", "block", "The label is wrong: its pixels become void."),
        ("Leave the sample out", "exclude", "hide_image", "So much is wrong that it is no use."),
        ("Label is right", "dismiss", "check", "The model errs."),
        ("Decide later", "reopen", "undo", "Take back what was decided on these."),
    ]
    with st.container(horizontal=True, gap="small"):
        for text, action, icon, help in buttons:
            st.button(
                text,
                icon=f":material/{icon}:",
                key=f"suspects.{action}",
                disabled=not wanted,
                help=help,
                on_click=_keep,
                args=(kept, decide(review, action, wanted)),
            )
        st.button(
            "Undo",
            icon=":material/history:",
            key="suspects.undo",
            disabled=review.unsaved <= 0,
            help="Take back the last decision that is not saved.",
            on_click=_keep,
            args=(kept, undo(review)),
        )
    if len(wanted) > 1:
        st.caption(f"The buttons are about {counted(len(wanted), 'region')}.")


def _keep(kept: KeptEvaluation, review: Review) -> None:
    try:
        write_review(kept, review)
    except DSIError as error:
        st.session_state[_REFUSED] = error
