"""Inspect: feature maps of an image in every layer of a network, and the network as a graph."""

from __future__ import annotations

import streamlit as st

from core.models.store import ModelRef, read_card
from ui.inspect.feature_maps import open_maps, show_maps
from ui.inspect.layers import choose_image, choose_layer, choose_window, layer_table
from ui.loaded.models import choose_model
from ui.routes.netron import netron_url
from ui.shell.address import take_name
from ui.shell.errors import page_errors
from ui.shell.links import page_link
from ui.widgets.bands import render_as_chosen
from ui.widgets.frame import Frame, open_frame

VIEWS = ["Feature maps", "Graph"]


def feature_maps(ref: ModelRef, frame: Frame) -> None:
    """From an image and a layer to the maps of its channels."""
    with frame.choices:
        image = choose_image()
        if image is None:
            return
        image = render_as_chosen(image, "inspect")
        card = read_card(ref.folder)
        window = choose_window(image, card)
        layer = choose_layer(ref, card)
    frame.facts([image.name, layer.name])
    show_maps(image, open_maps(ref, card, image, layer, window))
    predict_link(ref)
    layer_table(ref, card, layer)


def predict_link(ref: ModelRef) -> None:
    """A link to the model's map of the same image; a demo scene is on this page alone."""
    state = st.session_state
    query = {"model": ref.name, "source": state["image_from"]}
    if query["source"] == "Dataset":
        query |= {"dataset": state["dataset"], "sample": state["sample"]}
    if query["source"] in ("Dataset", "Upload"):
        page_link("predict", "Map this image", "layers", query)


def graph(ref: ModelRef) -> None:
    """The network as Netron draws it, from this server."""
    st.caption(
        "The layers from input to output, drawn by Netron. Click a layer for its settings and "
        "weights; turn the wheel or pinch to zoom, drag to move."
    )
    st.iframe(netron_url(ref.name, st.context.theme.type), height=700)


def show_inspect(frame: Frame) -> None:
    with frame.choices:
        ref = choose_model("model")
    if ref is None:
        page_link("train", "Train a model", "model_training")
        return
    take_name("view", VIEWS, "view")
    maps_tab, graph_tab = st.tabs(VIEWS, key="view", bind="query-params")
    if graph_tab.open:
        with graph_tab:
            graph(ref)
    # Also while the graph is shown, after it, so that nothing chosen or uploaded here is lost.
    with maps_tab, page_errors():
        feature_maps(ref, frame)


with open_frame("Inspect") as frame:
    show_inspect(frame)
