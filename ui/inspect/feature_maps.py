"""Feature maps on a page: the channels of a layer, and one of them over the image."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from ui.loaded.images import OpenImage
from ui.shell.address import take_name
from ui.shell.errors import plain
from ui.viewer.band_values import bands_of_raster
from ui.viewer.encode import png_base64
from ui.viewer.places import Rectangle, drawn_rectangle
from ui.viewer.values import ValueLayer
from ui.viewer.viewer import viewer

if TYPE_CHECKING:
    from core.explain.activations import ChannelStatistics, FeatureMaps
    from core.explain.heat import Ends
    from core.explain.layers import LayerInfo
    from core.explain.window import Window
    from core.models.card import ModelCard
    from core.models.store import ModelRef

__all__ = ["OpenMaps", "open_maps", "show_maps"]

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
class OpenMaps:
    """A layer's maps in the server's memory; shared by sessions, so never written to.

    Attributes:
        key: names the content; caches are keyed on it.
        features: the maps.
        statistics: statistics of every channel.
    """

    key: tuple[str, str, str, Window]
    features: FeatureMaps
    statistics: ChannelStatistics


def open_maps(
    ref: ModelRef, card: ModelCard, image: OpenImage, layer: LayerInfo, window: Window
) -> OpenMaps:
    """The maps of that layer alone, computed once for all sessions.

    Raises:
        ImageError, ModelError: the image does not fit the model.
    """
    return _maps(card.sha256, image.digest, layer.name, window, ref.name, _image=image)


# A resource, not data: maps of 100 MB would be copied on every rerun. They are read-only.
@st.cache_resource(max_entries=3, show_spinner="Computing the maps of this layer …")
def _maps(
    sha256: str, digest: str, layer: str, window: Window, name: str, _image: OpenImage
) -> OpenMaps:
    from core.explain.activations import channel_statistics, feature_maps
    from ui.loaded.models import open_model

    model, card = open_model(name)
    features = feature_maps(model, card, _image.raster, layer, part=window)
    key = (sha256, digest, layer, window)
    return OpenMaps(key, features, channel_statistics(features.maps))


def show_maps(image: OpenImage, maps: OpenMaps) -> None:
    """The channels from the strongest on, and the chosen one over the image."""
    order = maps.statistics.order
    sha256, _, layer, _ = maps.key
    # A channel's number means nothing in another layer; one that came with the URL is kept.
    if st.session_state.setdefault("channel_of", (sha256, layer)) != (sha256, layer):
        st.session_state["channel"] = order[0]
        st.session_state["channel_of"] = (sha256, layer)
    left, right = st.columns([5, 6], gap="medium")
    with left:
        channel, ends = _choose_channel(maps, order)
    with right:
        _enlarged(image, maps, channel, ends)


def _choose_channel(maps: OpenMaps, order: list[int]) -> tuple[int, Ends | None]:
    """The grid of channels.

    Args:
        maps: maps of the layer.
        order: channels, the strongest first.

    Returns:
        The chosen channel and, where the layer shares one colour scale, its ends.
    """
    first, second = st.columns(2, vertical_alignment="bottom")
    take_name("channel", order, "channel")
    channel = first.selectbox(
        "Channel, strongest first",
        order,
        key="channel",
        bind="query-params",
        persist_state="session",
        help="The strength of a channel is the standard deviation of its values over the map: what "
        "is the same everywhere tells nothing about the image.",
    )
    take_name("scale", _SCALES, "colour scale")
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
        page = st.pagination(pages, default=page, key=f"map_page {maps.features.layer} {channel}")
    channels = order[(page - 1) * _PER_PAGE : page * _PER_PAGE]
    content = repr((maps.key, ends, channels))
    with above:
        _grid(
            key="map_grid",
            data={
                "content": content,
                "label": f"Channels of {maps.features.layer}",
                "selected": channel,
                "tiles": _tiles(content, channels, ends, _maps=maps),
            },
            on_pick_change=_on_pick,
        )
    last = (page - 1) * _PER_PAGE + len(channels)
    st.caption(
        f"Channels {(page - 1) * _PER_PAGE + 1} to {last} of {len(order)}: number and standard "
        "deviation (no unit)."
    )
    return channel, ends


def _on_pick() -> None:
    channel = st.session_state["map_grid"].get("pick")
    if isinstance(channel, int):  # it comes from the browser; the select box checks the range
        st.session_state["channel"] = channel


@st.cache_data(max_entries=32, show_spinner=False)
def _layer_ends(key: tuple[Any, ...], _maps: OpenMaps) -> Ends:
    from core.explain.heat import span

    maps = _maps.features.maps
    return span(maps.reshape(len(maps), -1))


@st.cache_data(max_entries=32, show_spinner=False)
def _tiles(
    content: str, channels: list[int], ends: Ends | None, _maps: OpenMaps
) -> list[dict[str, Any]]:
    from core.explain.heat import colour, thumbnail, to_heat

    tiles = []
    for channel in channels:
        heat = to_heat(_maps.features.maps[..., channel], ends)
        if max(heat.shape) > _TILE:
            heat = thumbnail(heat, _TILE)
        tiles.append(
            {
                "channel": channel,
                "strength": f"{_maps.statistics.std[channel]:.3g}",
                "src": f"data:image/png;base64,{png_base64(colour(heat))}",
            }
        )
    return tiles


def _enlarged(image: OpenImage, maps: OpenMaps, channel: int, ends: Ends | None) -> None:
    from core.explain.heat import enlarge, span, to_codes

    features, statistics = maps.features, maps.statistics
    values = features.maps[..., channel]
    low, high = float(statistics.low[channel]), float(statistics.high[channel])
    size = (features.window.height, features.window.width)
    layer = ValueLayer(
        "heat",
        f"Channel {channel}",
        enlarge(to_codes(values, low, high), size, features.stride),
        low,
        high if high > low else low + 1,
        ends=ends or span(values),
    )
    viewer(
        np.ascontiguousarray(features.window.crop(image.rgb)),
        [layer],
        [],
        key="maps_viewer",
        clickable=False,
        bands=bands_of_raster(image.raster, features.window.slices),
        rectangle=True,
    )
    mean, std = float(statistics.mean[channel]), float(statistics.std[channel])
    rows, columns = values.shape
    st.caption(
        f"Channel {channel} of {plain(features.layer)}: {columns:,} × {rows:,} values, each over "
        f"{features.stride[1]:g} × {features.stride[0]:g} px; from {low:.3g} to {high:.3g}, mean "
        f"{mean:.3g}, standard deviation {std:.3g} (activations have no unit). Seen: "
        f"{plain(features.note)}, of {plain(image.name)}."
    )
    if (rectangle := drawn_rectangle("maps_viewer")) is not None:
        _within(rectangle, channel, values, features.stride)


def _within(
    rectangle: Rectangle, channel: int, values: np.ndarray, stride: tuple[float, float]
) -> None:
    """What the channel holds where a rectangle was drawn."""
    rows, columns = (
        slice(int(start / step), max(int(start / step) + 1, math.ceil(stop / step)))
        for start, stop, step in (
            (rectangle.y0, rectangle.y1, stride[0]),
            (rectangle.x0, rectangle.x1, stride[1]),
        )
    )
    part = values[rows, columns]
    x0, y0, x1, y1 = rectangle
    st.caption(
        f"Rectangle, columns {x0:,} to {x1 - 1:,} and rows {y0:,} to {y1 - 1:,} of what is shown: "
        f"{part.size:,} values of channel {channel}, from {part.min():.3g} to {part.max():.3g}, "
        f"mean {part.mean():.3g}, standard deviation {part.std():.3g}."
    )
