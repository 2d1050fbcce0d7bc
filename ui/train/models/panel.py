"""The models that there are: where each comes from, taking it along, renaming and deleting it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.errors import DSIError
from core.formats import MISSING, counted, millions, score
from core.models.card import ModelCard
from core.models.exchange.names import delete_model, rename_model
from core.models.exchange.outgoing import model_archive
from core.models.network import network_title
from core.models.store import ModelRef, list_models, read_card
from ui.loaded.models import choose_model
from ui.shell.errors import page_errors, plain, show_error
from ui.shell.links import page_link
from ui.train.models.add import add_model, watch_new_model
from ui.widgets.frame import Frame
from ui.widgets.wide_table import wide_table

__all__ = ["models_panel"]

_CHOSEN, _TABLE, _DONE, _NEXT = "model", "models.table", "models.done", "models.next"
_TURN = "models.turn"
# Pixels: name and scores are seen on a telephone too; the other columns come after them.
_WIDTHS = {
    "Model": 150,
    "Val mean IoU": 74,
    "Test mean IoU": 74,
    "Network": 110,
    "From": 120,
    "Trained on": 140,
}
_FROM = {"bundled": "the program", "workspace": "the workspace", "run": "a training"}


def models_panel(frame: Frame) -> None:
    """All models in a table, and the chosen one with what can be done with it."""
    watch_new_model(_choose)
    if text := st.session_state.pop(_DONE, None):
        st.toast(plain(text), icon=":material/check:")
    refs = list_models()
    if following := st.session_state.pop(_NEXT, None):
        _choose(following)
    with frame.choices:
        ref = choose_model(_CHOSEN, manage=False)
    left, right = st.columns([6, 8])
    with left:
        add_model()
        _table(refs, ref.name if ref else "")
    if ref is None:
        return
    with right, st.container(border=True), page_errors():
        _model(ref)


def _table(refs: Sequence[ModelRef], chosen: str) -> None:
    cards = [_card(ref) for ref in refs]
    names = [ref.name for ref in refs]
    frame = pd.DataFrame(
        {
            "Model": names,
            "Val mean IoU": _scores(cards, "val"),
            "Test mean IoU": _scores(cards, "test"),
            "Network": [network_title(card.spec) if card else MISSING for card in cards],
            "From": [_FROM.get(ref.source, ref.source) for ref in refs],
            "Trained on": [card.training.dataset if card else MISSING for card in cards],
        }
    )
    rows = [names.index(chosen)] if chosen in names else []
    # What is ticked in a table cannot be set: that of another model or other rows is a new one.
    key = f"{_TABLE}.{hash((chosen, st.session_state.get(_TURN, 0), *names))}"
    with wide_table("models", _WIDTHS):
        st.dataframe(
            frame,
            hide_index=True,
            key=key,
            on_select=lambda: _choose_row(key, names),
            selection_mode="single-row",
            selection_default={"selection": {"rows": rows, "columns": [], "cells": []}},
            column_config=_columns(),
            placeholder=MISSING,
            alt="Models with their scores; beside it, one can be chosen from a list",
        )


def _columns() -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    columns: dict[str, Any] = {name: text(width=width) for name, width in _WIDTHS.items()}
    for side, where in (("Val", "validation"), ("Test", "test")):
        columns[f"{side} mean IoU"] = number(
            f"{side} IoU",
            format="%.3f",
            width=_WIDTHS[f"{side} mean IoU"],
            help=f"Mean IoU, pooled over the {where} images of its training.",
        )
    return columns


def _scores(cards: Sequence[ModelCard | None], side: str) -> pd.Series:
    known = [card.training.scores.get(side, {}) if card else {} for card in cards]
    return pd.Series([scores.get("mean_iou") for scores in known], dtype="Float64")


def _card(ref: ModelRef) -> ModelCard | None:
    try:
        return read_card(ref.folder)
    except DSIError:
        return None  # said where it is chosen


def _choose_row(key: str, names: list[str]) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    if rows and rows[0] < len(names):
        _choose(names[rows[0]])
    else:  # its tick was taken away, and it is still the chosen one
        st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1


def _choose(name: str) -> None:
    st.session_state[_CHOSEN] = name


def _model(ref: ModelRef) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(plain(ref.name), anchor=False, width="content")
        st.badge(f"from {_FROM.get(ref.source, ref.source)}", color="gray")
    card = read_card(ref.folder)
    st.markdown("\n".join(["| What it is | |", "|:--|:--|", *_facts(card)]))
    with st.container(horizontal=True, vertical_alignment="center"):
        page_link("predict", "Predict with it", "layers", {"model": ref.name})
        page_link("evaluate", "Evaluate it", "analytics", {"model": ref.name})
        page_link("inspect", "Inspect it", "account_tree", {"model": ref.name})
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Download",
            lambda: model_archive(ref),
            f"{ref.name}.zip",
            "application/zip",
            key=f"models.download.{ref.name}",
            icon=":material/download:",
            on_click="ignore",
            help="A ZIP of its card and weights, which “Import a model” takes.",
        )
        if ref.source == "workspace":
            _rename(ref)
            _delete(ref)
    if ref.source == "run":
        page_link("train", "Its training", "monitoring", {"view": "runs", "run": ref.name})
        st.caption("It is renamed and deleted with its training.")


def _facts(card: ModelCard) -> list[str]:
    facts = {
        "Network": network_title(card.spec),
        "Parameters": millions(card.parameters),
        "Input": f"{counted(card.spec.bands, 'band')} of {card.dtype}",
        "Classes": ", ".join(card.classes.names),
        "Trained on": card.training.dataset,
    }
    for side, title in (("val", "Validation mean IoU"), ("test", "Test mean IoU")):
        if side in card.training.scores:
            facts[title] = score(card.training.scores[side].get("mean_iou"))
    return [f"| {name} | {plain(value)} |" for name, value in facts.items()]


def _rename(ref: ModelRef) -> None:
    # A form, so that Enter in the name renames.
    with (
        st.popover("Rename", icon=":material/edit:", key=f"models.rename.{ref.name}"),
        st.form(f"models.rename-form.{ref.name}", border=False),
    ):
        name = st.text_input("New name", ref.name, key=f"models.new-name.{ref.name}").strip()
        if st.form_submit_button("Rename it", key=f"models.renamed.{ref.name}"):
            try:
                rename_model(ref, name)
            except DSIError as error:
                show_error(error)
                return
            st.session_state[_DONE] = f"Renamed the model {ref.name} to {name}."
            st.session_state[_NEXT] = name
            st.rerun()


def _delete(ref: ModelRef) -> None:
    with st.popover("Delete", icon=":material/delete:", key=f"destroy-menu.model.{ref.name}"):
        st.markdown(
            f"This deletes the model **{plain(ref.name)}**, its card and weights. It cannot be "
            "undone; download it first to keep it."
        )
        if st.button("Delete it", icon=":material/delete:", key=f"destroy.model.{ref.name}"):
            delete_model(ref)
            st.session_state[_DONE] = f"Deleted the model {ref.name}."
            st.rerun()
