"""Models in the server's memory, shared by all sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.imagery.tiles import OVERLAP
from core.inference.averaging import PLAIN, Averaging
from core.models.card import ModelCard
from core.models.store import (
    ModelRef,
    find_model,
    foreign_models,
    list_models,
    load_model,
    read_card,
)
from ui.shell.address import take_name
from ui.shell.errors import plain
from ui.shell.links import page_link

if TYPE_CHECKING:
    import keras

    from core.inference.predictor import Predictor

__all__ = ["choose_model", "open_model", "open_predictor"]


@st.cache_resource(max_entries=4, show_spinner="Loading the model …")
def _loaded(name: str, sha256: str) -> tuple[keras.Model, ModelCard]:
    # The hash is part of the key: a run's best checkpoint changes while it trains.
    return load_model(find_model(name).folder)


def open_model(name: str) -> tuple[keras.Model, ModelCard]:
    """The model of that name and its card; loaded once for all sessions.

    Raises:
        ModelError: there is none, or its files do not fit together.
    """
    return _loaded(name, read_card(find_model(name).folder).sha256)


@st.cache_resource(max_entries=4, show_spinner="Loading the model …")
def _predictor(
    name: str, sha256: str, averaging: Averaging, overlap: float
) -> tuple[Predictor, ModelCard]:
    from core.inference.predictor import Predictor

    model, card = _loaded(name, sha256)
    predictor = Predictor.of_card(
        model, card, tta=averaging.symmetries, scales=averaging.scales, overlap=overlap
    )
    return predictor, card


def open_predictor(
    name: str, *, averaging: Averaging = PLAIN, overlap: float = OVERLAP
) -> tuple[Predictor, ModelCard]:
    """A predictor for the model of that name and its card, which several sessions may share.

    Raises:
        ModelError: there is none, or its files do not fit together.
    """
    return _predictor(name, read_card(find_model(name).folder).sha256, averaging, overlap)


def choose_model(key: str, *, manage: bool = True) -> ModelRef | None:
    """A select box of all models; the choice stands in the page's URL as ``model``.

    Args:
        key: key of the widget.
        manage: whether a link leads to where models are imported, renamed and deleted.

    Returns:
        The chosen model, or None where there is none and the page says what to do.
    """
    models = {ref.name: ref for ref in list_models()}
    foreign = foreign_models()
    if not models:
        st.info("There is no model yet: train one on the Train page, or import one there.")
    for file, model in foreign.items():
        st.caption(f"Not usable, in the workspace's models: {plain(file)}, {plain(str(model))}.")
    if not models:
        return None
    take_name(key, list(models), "model", of_all=True)
    name = st.selectbox(
        "Model", list(models), key=key, bind="query-params", persist_state="session"
    )
    if manage:
        page_link("train", "Manage models", "inventory_2", {"view": "models", "model": name})
    return models[name]
