"""The choices on the Inspect page: an image, a part of it, and a layer of the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.imagery.header import Header
from core.imagery.raster import Raster
from ui.loaded.datasets import choose_dataset, choose_sample, open_chosen
from ui.loaded.images import IMAGE_TYPES, OpenImage, open_sample, open_upload
from ui.loaded.upload import choose_upload
from ui.shell.address import take_name, take_number
from ui.shell.errors import plain

if TYPE_CHECKING:
    from core.explain.layers import LayerInfo
    from core.explain.window import Window
    from core.models.card import ModelCard
    from core.models.store import ModelRef

__all__ = ["choose_image", "choose_layer", "choose_window", "layer_table"]

_DEMO_SIDE = 512  # pixels
_SOURCES = ("Dataset", "Upload", "Demo scene")
_LAST_SCENE = 9999


def choose_image() -> OpenImage | None:
    """An image from a dataset, an upload or a generated scene.

    Returns:
        The image, or None where there is none yet and the page says what to do.

    Raises:
        DatasetError, ImageError: the dataset or the image cannot be read.
    """
    take_name("image_from", _SOURCES, "source of the image")
    source = st.segmented_control(
        "Image from",
        _SOURCES,
        default="Dataset",
        required=True,
        key="image_from",
        bind="query-params",
        persist_state="session",
    )
    if source == "Dataset":
        return _choose_sample()
    if source == "Upload":
        file = choose_upload(
            "image", "Image (PNG, JPEG, TIFF or GeoTIFF)", IMAGE_TYPES, key="inspect_upload"
        )
        if file is None:
            st.info(
                "Upload an image to see what the layers make of it. It stays on this server.",
                icon=":material/upload:",
            )
            return None
        return open_upload(file)
    take_number("scene", 0, _LAST_SCENE, "scene number")
    seed = st.number_input("Scene number", 0, _LAST_SCENE, 0, key="scene", bind="query-params")
    return _demo_scene(int(seed))


def _choose_sample() -> OpenImage | None:
    ref = choose_dataset()
    if ref is None:
        st.caption("Or choose an upload or a demo scene above.")
        return None
    dataset = open_chosen(ref)
    return open_sample(dataset, choose_sample(dataset))


@st.cache_resource(max_entries=4, show_spinner="Drawing a demo scene …")
def _demo_scene(seed: int) -> OpenImage:
    from core.datasets.synthetic.dubai import generate_scene

    pixels, _ = generate_scene(_DEMO_SIDE, seed)
    header = Header(_DEMO_SIDE, _DEMO_SIDE, 3, "uint8", "PNG", None, None)
    raster = Raster(pixels, np.ones(pixels.shape[:2], bool), header)
    return OpenImage(f"demo scene {seed}", f"demo {_DEMO_SIDE} {seed}", raster, pixels)


def choose_window(image: OpenImage, card: ModelCard) -> Window:
    """The part of a large image that maps are made of; of a small one it is the whole."""
    from core.explain.window import LIMIT, Window, centre_window

    height, width = image.rgb.shape[:2]
    limit = min(LIMIT, card.spec.input_size or LIMIT)
    middle = centre_window(height, width, limit)
    if max(height, width) <= limit:
        return middle
    suffix = "" if limit == LIMIT else f".{limit}"  # another size of window, another place
    st.caption(
        f"The image has {width:,} × {height:,} px. Maps are made of a window of {middle.width:,} × "
        f"{middle.height:,} px, at full detail: choose where it lies."
    )
    column, row = middle.column, middle.row
    if width > middle.width:
        column = st.slider(
            "Left edge of the window, px", 0, width - middle.width, column, key=f"left{suffix}"
        )
    if height > middle.height:
        row = st.slider(
            "Top edge of the window, px", 0, height - middle.height, row, key=f"top{suffix}"
        )
    return Window(row, column, middle.height, middle.width)


@st.cache_resource(max_entries=8, show_spinner="Loading the model …")
def _layers(name: str, sha256: str) -> list[LayerInfo]:
    from core.explain.layers import list_layers
    from ui.loaded.models import open_model

    return list_layers(open_model(name)[0])


def choose_layer(ref: ModelRef, card: ModelCard) -> LayerInfo:
    """One of the model's layers that has maps; the choice stands in the page's URL as ``layer``."""
    layers = _layers(ref.name, card.sha256)
    maps = {layer.name: layer for layer in layers if layer.name in _with_maps(layers)}
    take_name("layer", list(maps), "layer")
    name = st.selectbox(
        "Layer",
        list(maps),
        key="layer",
        bind="query-params",
        persist_state="session",
        help="Type a part of a name to search. Layers are in the order the image passes them.",
    )
    layer = maps[name]
    st.caption(
        f"**{plain(layer.type)}** · {plain(layer.shape)} values (height × width × channels) for an "
        f"image of H × W px · {layer.parameters:,} parameters"
    )
    return layer


def layer_table(ref: ModelRef, card: ModelCard, selected: LayerInfo) -> None:
    """All layers of the model, folded; a click on one that has maps shows them."""
    layers = _layers(ref.name, card.sha256)
    with st.expander(f"Table of all {len(layers)} layers"):
        _layer_table(layers, _with_maps(layers), selected)


def _with_maps(layers: list[LayerInfo]) -> list[str]:
    """Names of those that can be shown; the input's own maps are the image."""
    return [layer.name for layer in layers if layer.viewable and layer.type != "InputLayer"]


def _layer_table(layers: list[LayerInfo], maps: list[str], selected: LayerInfo) -> None:
    import pandas as pd

    def button(layer: LayerInfo) -> str | None:
        if layer.name not in maps:
            return None
        return "Shown" if layer == selected else "Show"

    def show() -> None:
        layer = layers[st.session_state["show_layer"]["row"]]
        if layer.name in maps:
            st.session_state["layer"] = layer.name

    st.dataframe(
        pd.DataFrame(
            {
                "Maps": [button(layer) for layer in layers],
                "Layer": [layer.name for layer in layers],
                "Type": [layer.type for layer in layers],
                "Output for an image of H × W px": [layer.shape for layer in layers],
                "Parameters": [layer.parameters for layer in layers],
            }
        ),
        key="layer_table",
        hide_index=True,
        height=320,
        column_config={
            "Maps": st.column_config.ButtonColumn(
                alignment="left", key="show_layer", on_click=show
            ),
            "Parameters": st.column_config.NumberColumn(format="localized"),
        },
    )
