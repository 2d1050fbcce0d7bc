"""The predictions that the workspace keeps, in a list: opened again, compared, deleted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import streamlit as st

from core.datasets.catalogue import list_datasets
from core.formats import counted
from core.inference.averaging import Averaging
from core.inference.certainty import HALF
from core.models.prediction_history import (
    KeptPrediction,
    delete_prediction,
    prediction_history,
    read_picture,
)
from core.models.store import list_models
from ui.predict.address import PredictionAddress
from ui.predict.settings import THRESHOLD
from ui.shell.errors import plain
from ui.shell.links import page_link
from ui.widgets.frame import Frame

__all__ = ["settings_text", "show_history"]

_A_PAGE = 12
_MORE = "predict.history-more"


def show_history(frame: Frame) -> None:
    """An expander with them; what stands in it is made when it is opened.

    Args:
        frame: of the page, which gets a note where files are damaged.
    """
    history = prediction_history()
    if history.damaged:
        names = ", ".join(path.name for path in history.damaged[:3])
        frame.note(
            f"{counted(len(history.damaged), 'kept prediction')} cannot be read: {plain(names)} in "
            f"{plain(str(history.damaged[0].parent))}. Delete the file; nothing else needs it.",
            warning=True,
        )
    if not history.predictions:
        return
    label = f"Earlier predictions ({len(history.predictions)})"
    box = st.expander(label, icon=":material/history:", key="predict.history", on_change="rerun")
    if box.open:
        with box:
            _list(history.predictions)


def settings_text(kept: KeptPrediction) -> str:
    """How it was made, in a few words."""
    averaging = str(Averaging(kept.symmetries, kept.scales))
    text = f"overlap {kept.overlap} %" + (f", the mean over {averaging}" if averaging else "")
    return text + (f", threshold {kept.threshold:.2f}" if kept.threshold != HALF else "")


def _list(predictions: Sequence[KeptPrediction]) -> None:
    st.caption(
        "Of samples of datasets; what was uploaded is never written. The map of a prediction is "
        "kept with it, so that it opens at once while the image and the model are what they were."
    )
    datasets = {ref.id for ref in list_datasets()}
    models = {ref.name for ref in list_models()}
    shown = st.session_state.get(_MORE, _A_PAGE)
    for kept in predictions[:shown]:
        gone = [
            f"the {noun} {name}"
            for noun, name, known in (
                ("dataset", kept.dataset, datasets),
                ("model", kept.model, models),
            )
            if name not in known
        ]
        _entry(kept, gone)
    if shown < len(predictions):
        st.button(
            f"Show more ({len(predictions) - shown})",
            key="predict.history-show-more",
            on_click=_show_more,
            args=(shown,),
        )


def _entry(kept: KeptPrediction, gone: Sequence[str]) -> None:
    with st.container(
        horizontal=True, vertical_alignment="center", border=True, key=f"history-{kept.id}"
    ):
        if picture := read_picture(kept):
            st.image(picture, width=220, alt=f"{kept.sample}, and its map by {kept.model}")
        made = datetime.fromtimestamp(kept.made, UTC).strftime("%Y-%m-%d %H:%M UTC")
        with st.container(width=320, gap=None):
            st.markdown(f"**{plain(kept.sample)}**, {plain(kept.dataset)}")
            st.caption(f"{plain(kept.model)}, {plain(settings_text(kept))}  \n{made}")
        with st.container(width="content", horizontal=True, vertical_alignment="center"):
            if gone:
                st.caption(f"Cannot be opened: {plain(' and '.join(gone))} is gone.")
            else:
                query = dict(PredictionAddress.of_kept(kept).query())
                if kept.threshold != HALF:
                    query[THRESHOLD] = f"{kept.threshold:g}"
                page_link("predict", "Open", "layers", query)
            st.button(
                "Delete",
                icon=":material/delete:",
                key=f"destroy-menu.prediction.{kept.id}",
                help="It can be made again.",
                on_click=_deletion(kept),
            )


def _deletion(kept: KeptPrediction) -> Callable[[], None]:
    return lambda: delete_prediction(kept)


def _show_more(shown: int) -> None:
    st.session_state[_MORE] = shown + _A_PAGE
