"""Feature maps on a page: the channels of a layer, and one of them over the image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from ui.loaded.images import OpenImage
from ui.shell.errors import plain
from ui.viewer.encode import png_base64
from ui.viewer.layers import Layer
from ui.viewer.viewer import viewer

if TYPE_CHECKING:
    from core.explain.activations import FeatureMaps, Strength, Window
    from core.explain.layers import LayerInfo
    from core.models.card import ModelCard
    from core.models.store import ModelRef

__all__ = ["Maps", "open_maps", "show_maps"]

_HERE = Path(__file__).parent
_TILE = 160  # pixels: longest side of a map sent for the grid
_PER_PAGE = 24
Ends = tuple[float, float]  # the values of the first and the last colour
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
    from ui.loaded.models import open_model

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
        st.session_state["channel_of"] = of
    left, right = st.columns([5, 6], gap="medium")
    with left:
        channel, ends = _channels(maps, order)
    with right:
        _enlarged(image, maps, channel, ends)


def _channels(maps: Maps, order: list[int]) -> tuple[int, Ends | None]:
    """The grid; returns the chosen channel and, where the layer shares one scale, its ends."""
    first, second = st.columns(2, vertical_alignment="bottom")
    channel = first.selectbox(
        "Channel, strongest first",
        order,
        key="channel",
        bind="query-params",
        persist_state="session",
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
        persist_state="session",
    )
    ends = _layer_ends(maps.key, _maps=maps) if scale == _SCALES[1] else None
    pages = -(-len(order) // _PER_PAGE)
    # Drawn below the grid, but its answer is needed for it. Another channel or layer makes it a
    # new one, which begins where the channel is.
    above, page = st.container(), order.index(channel) // _PER_PAGE + 1
    if pages > 1:
        page = st.pagination(pages, default=page, key=f"map_page {maps.found.layer} {channel}")
    shown = order[(page - 1) * _PER_PAGE : page * _PER_PAGE]
    content = repr((maps.key, ends, shown))
    with above:
        _grid(
            key="map_grid",
            data={
                "content": content,
                "label": f"Channels of {maps.found.layer}",
                "selected": channel,
                "tiles": _tiles(content, shown, ends, _maps=maps),
            },
            on_pick_change=_picked,
        )
    last = (page - 1) * _PER_PAGE + len(shown)
    st.caption(
        f"Channels {(page - 1) * _PER_PAGE + 1} to {last} of {len(order)}: number and standard "
        "deviation (no unit)."
    )
    return channel, ends


def _picked() -> None:
    channel = st.session_state["map_grid"].get("pick")
    if isinstance(channel, int):  # it comes from the browser; the select box checks the range
        st.session_state["channel"] = channel


@st.cache_data(max_entries=32, show_spinner=False)
def _layer_ends(key: tuple[Any, ...], _maps: Maps) -> Ends:
    from core.explain.heat import span

    maps = _maps.found.maps
    return span(maps.reshape(len(maps), -1))


@st.cache_data(max_entries=32, show_spinner=False)
def _tiles(
    content: str, channels: list[int], ends: Ends | None, _maps: Maps
) -> list[dict[str, Any]]:
    from core.explain.heat import colour, thumbnail, to_heat

    tiles = []
    for channel in channels:
        heat = to_heat(_maps.found.maps[..., channel], *(ends or ()))
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


def _enlarged(image: OpenImage, maps: Maps, channel: int, ends: Ends | None) -> None:
    from core.explain.heat import colour, enlarge, span, to_heat

    found, said = maps.found, maps.strength
    values = found.maps[..., channel]
    ends = ends or span(values)
    size = (found.window.height, found.window.width)
    heat = enlarge(colour(to_heat(values, *ends)), size, found.stride)
    viewer(
        np.ascontiguousarray(found.window.of(image.rgb)),
        [Layer("heat", f"Channel {channel}", "rgba", heat, 0.7)],
        [],
        key="maps_viewer",
        clickable=False,
    )
    low, high = float(said.low[channel]), float(said.high[channel])
    st.html(_colour_bar(ends, below=low < ends[0], above=high > ends[1]))
    rows, columns = values.shape
    st.caption(
        f"Channel {channel} of {found.layer}: {columns:,} × {rows:,} values, each over "
        f"{found.stride[1]:g} × {found.stride[0]:g} px; from {low:.3g} to {high:.3g}, mean "
        f"{said.mean[channel]:.3g}, standard deviation {said.std[channel]:.3g} (activations have "
        f"no unit). Seen: {found.note}, of {plain(image.name)}."
    )


def _colour_bar(ends: Ends, *, below: bool, above: bool) -> str:
    """What the colours mean, and whether values lie beyond the ends."""
    from core.explain.heat import colour

    stops = colour(np.linspace(0, 255, 17).astype(np.uint8)[None])[0]
    gradient = ", ".join(f"rgb({r} {g} {b})" for r, g, b in stops)
    low = f"{'≤ ' if below else ''}{ends[0]:.3g}"
    high = f"{'≥ ' if above else ''}{ends[1]:.3g}"
    return (
        f'<div role="img" aria-label="Colours: activation from {low} to {high}" '
        'style="font-size:.875rem;font-variant-numeric:tabular-nums">'
        '<div style="height:.75rem;border-radius:2px;'
        f'background:linear-gradient(90deg,{gradient})"></div>'
        '<div style="display:flex;justify-content:space-between">'
        f"<span>{low}</span><span>activation</span><span>{high}</span></div></div>"
    )
