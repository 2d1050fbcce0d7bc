"""Which bands of an image are shown as red, green and blue, and how they are stretched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import streamlit as st

from core.imagery.display import CLIP, Bands, default_bands, presets, to_rgb
from core.imagery.raster import Raster
from ui.loaded.images import OpenImage
from ui.loaded.sized_cache import SizedCache

__all__ = [
    "Rendering",
    "choose_rendering",
    "choose_rendering_for",
    "default_rendering",
    "render",
    "render_as_chosen",
]

_OWN = "Other bands"


class Rendering(NamedTuple):
    """Arguments of `to_rgb`: bands as red, green and blue, percentiles of the stretch, decibel."""

    bands: Bands
    clip: tuple[float, float] | None
    decibel: bool = False


def render_as_chosen(image: OpenImage, key: str) -> OpenImage:
    """The image with the bands and the stretch that are chosen in a popover above it.

    Plain pictures (8 bit, up to three bands) are shown as they are, without a popover.
    """
    return render(image, choose_rendering_for(image.raster, key))


def render(image: OpenImage, rendering: Rendering) -> OpenImage:
    """The image in this rendering; as it is where it lacks one of the bands."""
    count, dtype = image.raster.pixels.shape[-1], str(image.raster.pixels.dtype)
    usual = default_rendering(count, dtype, image.raster.header.named_bands)
    if rendering == usual or max(rendering.bands) >= count:
        return image
    with st.spinner("Stretching the bands …"):
        rgb = _stretched.get(
            f"{image.digest} {rendering}", lambda: _stretch(image.raster, rendering)
        )
    return replace(image, rgb=rgb)


# By bytes: four pictures of the largest images would be more than the images.
_stretched: SizedCache[np.ndarray] = SizedCache(512 * 1024**2, 3600, lambda rgb: rgb.nbytes)


def _stretch(raster: Raster, rendering: Rendering) -> np.ndarray:
    bands, clip, decibel = rendering
    return to_rgb(raster.pixels, raster.valid, bands=bands, clip=clip, decibel=decibel)


def default_rendering(count: int, dtype: str, named: Sequence[str] = ()) -> Rendering:
    """How images of so many bands of a type are shown unless something else is chosen.

    Args:
        count, dtype: number of bands of the images, and their type.
        named: what their files call the bands, see `Header.named_bands`.
    """
    plain = np.dtype(dtype) in (np.uint8, np.bool_)
    return Rendering(default_bands(count, dtype, named), None if plain else CLIP, decibel=False)


def choose_rendering_for(raster: Raster, key: str) -> Rendering:
    """Choose bands and stretch; the choice is kept for images of the same bands and type.

    Args:
        raster: image.
        key: prefix of the widgets' keys, one for each place that shows images.
    """
    count, dtype = raster.pixels.shape[-1], str(raster.pixels.dtype)
    return choose_rendering(count, dtype, key, named=raster.header.named_bands)


def choose_rendering(
    count: int, dtype: str, key: str, stretch: bool = True, named: Sequence[str] = ()
) -> Rendering:
    """Choose bands and stretch for images of so many bands of a type.

    Args:
        count, dtype: number of bands of the images, and their type.
        key: prefix of the widgets' keys.
        stretch: whether the contrast can be chosen too, not the bands alone.
        named: what the images' files call their bands, see `Header.named_bands`.
    """
    usual = default_rendering(count, dtype, named)
    if usual.clip is None and count in (1, 3):
        return usual
    if not stretch and count == 1:
        return usual
    key = f"{key}-{count}-{dtype}"
    with st.popover("Bands and contrast" if stretch else "Bands", icon=":material/tune:"):
        bands = _bands(count, dtype, key, named)
        if not stretch:
            return usual._replace(bands=bands)
        clip, decibel = usual.clip, False
        if usual.clip is None:
            if st.toggle("Stretch the contrast", key=f"{key}-stretch", persist_state="page"):
                clip = _clip(key)
        else:
            clip = _clip(key)
            if np.dtype(dtype).kind in "fc":
                decibel = st.toggle(
                    "In decibel",
                    key=f"{key}-decibel",
                    persist_state="page",
                    help="For radar stored as intensity or complex amplitude: 10 log₁₀ of the "
                    "intensity. Leave it off where the file holds dB already.",
                )
    return Rendering(bands, clip, decibel)


def _bands(count: int, dtype: str, key: str, named: Sequence[str]) -> Bands:
    ready = presets(count, dtype, named)
    choice = st.selectbox("Show", [*ready, _OWN], key=f"{key}-preset", persist_state="page")
    if choice != _OWN:
        return ready[choice]
    chosen = []
    for column, color, at in zip(
        st.columns(3), ("Red", "Green", "Blue"), default_bands(count, dtype, named), strict=True
    ):
        chosen.append(
            column.selectbox(
                color,
                range(count),
                at,
                format_func=lambda band: f"Band {band + 1}",
                key=f"{key}-{color}",
                persist_state="page",
            )
        )
    return chosen[0], chosen[1], chosen[2]


def _clip(key: str) -> tuple[float, float]:
    low, high = st.slider(
        "Stretch between these percentiles",
        0.0,
        100.0,
        CLIP,
        0.5,
        key=f"{key}-clip",
        persist_state="page",
    )
    # Both handles in one place would leave nothing between them.
    return (low, high) if high > low else CLIP
