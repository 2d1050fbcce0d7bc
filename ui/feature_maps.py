"""Feature maps on a page: the channels of a layer, and one of them over the image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from ui.images import OpenImage
from ui.viewer import Layer, viewer
from ui.viewer.encode import png_base64

if TYPE_CHECKING:
    from core.explain.activations import FeatureMaps, Strength, Window
    from core.explain.layers import LayerInfo
    from core.models.card import ModelCard
    from core.models.store import ModelRef

__all__ = ["Maps", "open_maps", "show_maps"]

_HERE = Path(__file__).parent
_TILE = 160  # pixels: longest side of a map sent for the grid
_PER_PAGE = 24
_SCALES = ("Each channel", "Whole layer")

_grid = st.components.v2.component(
    "dsi_feature_grid",
    css=(_HERE / "feature_grid.css").read_text(encoding="utf-8"),
    js=(_HERE / "feature_grid.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class Maps:
    """A layer's maps with their statistics, shared by sessions.

    Attributes:
        key: names the content; what is made of it is kept under it.
    """

    key: tuple[Any, ...]
    found: FeatureMaps
    strength: Strength


def open_maps(
    ref: ModelRef, card: ModelCard, image: OpenImage, layer: LayerInfo, window: Window
) -> Maps:
    """The maps of that layer alone, computed once for all sessions.

    Raises:
        ImageError, ModelError: the image does not fit the model.
    """
    key = (card.sha256, image.digest, layer.name, window)
    return _maps(*key, ref.name, _image=image)


# A resource, not data: maps of 100 MB would be copied on every rerun. They are read-only.
@st.cache_resource(max_entries=3, show_spinner="Computing the maps of this layer …")
def _maps(
    sha256: str, digest: str, layer: str, window: Window, name: str, _image: OpenImage
) -> Maps:
    from core.explain.activations import feature_maps, strength
    from ui.models import open_model

    model, card = open_model(name)
    found = feature_maps(model, card, _image.raster, layer, window=window)
    return Maps((sha256, digest, layer, window), found, strength(found.maps))


def show_maps(image: OpenImage, maps: Maps) -> None:
    """The channels from the strongest on, and the chosen one over the image."""
    order = maps.strength.order
    of = (maps.key[0], maps.found.layer)
    # A channel's number means nothing in another layer; one that came with the URL is kept.
    if st.session_state.setdefault("channel_of", of) != of:
        st.session_state["channel"] = order[0]
        st.session_state["map_page"] = 1
        st.session_state["channel_of"] = of
    left, right = st.columns([5, 6], gap="medium")
    with left:
        channel, low, high = _channels(maps, order)
    with right:
        _enlarged(image, maps, channel, low, high)


def _channels(maps: Maps, order: list[int]) -> tuple[int, float | None, float | None]:
    """The grid; returns the chosen channel and, where the layer shares one scale, its ends."""
    first, second = st.columns(2, vertical_alignment="bottom")
    channel = first.selectbox(
        "Channel, strongest first",
        order,
        key="channel",
        bind="query-params",
        help="The strength of a channel is the standard deviation of its values over the map: what "
        "is the same everywhere tells nothing about the image.",
    )
    scale = second.segmented_control(
        "Colour scale of",
        _SCALES,
        default=_SCALES[0],
        required=True,
        key="scale",
        bind="query-params",
    )
    shared = scale == _SCALES[1]
    low = float(maps.strength.low.min()) if shared else None
    high = float(maps.strength.high.max()) if shared else None
    pages = -(-len(order) // _PER_PAGE)
    # Drawn below the grid, but its answer is needed for it.
    above = st.container()
    page = 1
    if pages > 1:
        page = st.pagination(pages, key="map_page", bind="query-params")
    shown = order[(page - 1) * _PER_PAGE : page * _PER_PAGE]
    content = repr((maps.key, low, high, shown))
    with above:
        _grid(
            key="map_grid",
            data={
                "content": content,
                "label": f"Channels of {maps.found.layer}",
                "selected": channel,
                "tiles": _tiles(content, shown, low, high, _maps=maps),
            },
            on_pick_change=_picked,
        )
    last = (page - 1) * _PER_PAGE + len(shown)
    st.caption(
        f"Channels {(page - 1) * _PER_PAGE + 1} to {last} of {len(order)}: number and standard "
        "deviation (no unit)."
    )
    return channel, low, high


def _picked() -> None:
    channel = st.session_state["map_grid"].get("pick")
    if isinstance(channel, int):  # it comes from the browser; the select box checks the range
        st.session_state["channel"] = channel


@st.cache_data(max_entries=32, show_spinner=False)
def _tiles(
    content: str, channels: list[int], low: float | None, high: float | None, _maps: Maps
) -> list[dict[str, Any]]:
    from core.explain.heat import colour, thumbnail, to_heat

    tiles = []
    for channel in channels:
        heat = to_heat(_maps.found.maps[..., channel], low, high)
        if max(heat.shape) > _TILE:
            heat = thumbnail(heat, _TILE)
        tiles.append(
            {
                "channel": channel,
                "strength": f"{_maps.strength.std[channel]:.3g}",
                "src": f"data:image/png;base64,{png_base64(colour(heat))}",
            }
        )
    return tiles


def _enlarged(
    image: OpenImage, maps: Maps, channel: int, low: float | None, high: float | None
) -> None:
    from core.explain.heat import colour, enlarge, to_heat

    found, said = maps.found, maps.strength
    heat = colour(to_heat(found.maps[..., channel], low, high))
    size = (found.window.height, found.window.width)
    viewer(
        np.ascontiguousarray(found.window.of(image.rgb)),
        [Layer("heat", f"Channel {channel}", "rgba", enlarge(heat, size, found.stride), 0.7)],
        [],
        key="maps_viewer",
        clickable=False,
    )
    st.html(
        _colour_bar(
            float(said.low[channel]) if low is None else low,
            float(said.high[channel]) if high is None else high,
        )
    )
    rows, columns = found.maps.shape[:2]
    st.caption(
        f"Channel {channel} of {found.layer}: {columns} × {rows} values, each over "
        f"{found.stride[1]:g} × {found.stride[0]:g} px; mean {said.mean[channel]:.3g}, standard "
        f"deviation {said.std[channel]:.3g} (activations have no unit). Seen: {found.note} of "
        f"{image.name}."
    )


def _colour_bar(low: float, high: float) -> str:
    from core.explain.heat import colour

    stops = colour(np.linspace(0, 255, 17).astype(np.uint8)[None])[0]
    gradient = ", ".join(f"rgb({r} {g} {b})" for r, g, b in stops)
    return (
        f'<div role="img" aria-label="Colour bar: activation from {low:.4g} to {high:.4g}" '
        'data-testid="colour-bar" style="font-size:.875rem;font-variant-numeric:tabular-nums">'
        '<div style="height:.75rem;border-radius:2px;'
        f'background:linear-gradient(90deg,{gradient})"></div>'
        '<div style="display:flex;justify-content:space-between">'
        f"<span>{low:.4g}</span><span>activation</span><span>{high:.4g}</span></div></div>"
    )
