"""The compare viewer: an image with label masks and heatmaps over it, in the browser.

Overlay, swipe and side by side; opacity, class toggles, pan and zoom all happen in the browser
without a rerun, and stay as they are when the script reruns with the same `key`.

The browser code is `frontend/`; see its README. Streamlit takes one script and one style sheet, so
what is served is the bundle in `frontend/dist`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import streamlit as st

from core.imagery.header import Georeference
from ui.viewer.band_values import BandReader, bands_payload
from ui.viewer.ground import ground_payload
from ui.viewer.layers import (
    FrameLayer,
    Layer,
    Served,
    ViewerClass,
    ViewerClick,
    check_pixels,
    picture_payload,
)
from ui.viewer.places import Place, Ring, rectangle_payload
from ui.viewer.tiles.sources import Tiled
from ui.viewer.values import ValueLayer

__all__ = ["Mode", "viewer"]

Mode = Literal["overlay", "swipe", "side", "blink", "difference"]
"""How to compare: the modes of `frontend/modes/table.js`."""

_BUNDLE = Path(__file__).parent / "frontend" / "dist"

_component = st.components.v2.component(
    "dsi_compare_viewer",
    css=(_BUNDLE / "viewer.css").read_text(encoding="utf-8"),
    js=(_BUNDLE / "viewer.js").read_text(encoding="utf-8"),
)


def viewer(
    image: np.ndarray | Served | Tiled,
    layers: Sequence[Layer | FrameLayer | ValueLayer],
    classes: Sequence[ViewerClass],
    *,
    key: str,
    height: int = 560,
    mode: Mode = "overlay",
    clickable: bool = True,
    georeference: Georeference | None = None,
    bands: BandReader | None = None,
    at: Place | None = None,
    outlines: Sequence[Ring] = (),
    rectangle: bool = False,
    linked: bool = False,
) -> ViewerClick | None:
    """Show the compare viewer and return a click made since the last run.

    What the user set in the browser wins over `mode` and a layer's `opacity` and `visible`, until
    the script passes another value than it did before. Images longer than `encode.DISPLAY_LIMIT`
    go as tiles, with all layers over them.

    Args:
        image: (H, W, 3) uint8 RGB, stretched for display; or where the browser finds it, or its
            tiles.
        layers: bottom first; may be empty.
        classes: names and colours of the label values; may be empty where no layer has labels.
        key: unique on the page, without "__"; the view is remembered under it.
        height: height of the picture area in CSS pixels (less on a narrow screen).
        mode: how to compare at first.
        georeference: where the image lies, for map coordinates and a scale bar; None: neither.
        clickable: whether a click reruns the script. Pass False where the answer is not used.
        bands: tells the image's own values for the readout; None: it does not name them.
        at: what is to be seen at first; another place than in the run before moves the view.
        outlines: lines that are drawn over every pane.
        rectangle: whether a rectangle can be drawn; `drawn_rectangle` says which was.
        linked: whether the page goes to the place in its address (`ui.widgets.place`), so that the
            viewer offers to copy one.

    Returns:
        The clicked pixel in the run that a click caused, else None.

    Raises:
        ValueError: for pixels of another shape or dtype than stated, or layer keys that are not
            unique.
    """
    if isinstance(image, np.ndarray):
        check_pixels("image", image, image.ndim == 3 and image.shape[2] == 3, "(H, W, 3)")
        size = image.shape[:2]
    else:
        size = (image.height, image.width)
    keys = [layer.key for layer in layers]
    if len({"image", *keys}) != len(keys) + 1:
        raise ValueError(f"expected unique layer keys other than 'image', received {keys}")
    pictures = [image, *(layer.pixels for layer in layers if isinstance(layer, Layer))]
    tiled = any(isinstance(picture, Tiled) for picture in pictures)
    picture = picture_payload(image, "image", tiled)
    data = {
        "key": key,
        "size": [size[1], size[0]],
        "height": height,
        "mode": mode,
        "clickable": clickable,
        "ground": ground_payload(georeference, size[1], size[0]),
        "at": at.payload() if at else None,
        "outlines": [[[float(x), float(y)] for x, y in ring] for ring in outlines],
        "linked": linked,
        "rectangle": rectangle_payload(key, picture["digest"], size) if rectangle else None,
        "bands": bands_payload(bands),
        "image": picture,
        "layers": [layer.payload(size, tiled) for layer in layers],
        "classes": [{"name": c.name, "color": [int(v) for v in c.color]} for c in classes],
    }
    result = _component(key=key, data=data, on_click_change=_rerun, on_rectangle_change=_rerun)
    return _click(result.get("click"), size)


def _rerun() -> None:
    """Naming a callback is what makes Streamlit hand the click over; nothing else to do."""


def _click(value: Any, size: tuple[int, int]) -> ViewerClick | None:
    # It comes from the browser and may be about a picture that has been replaced since.
    if not isinstance(value, dict):
        return None
    x, y = value.get("x"), value.get("y")
    if not isinstance(x, int) or not isinstance(y, int):
        return None
    return ViewerClick(x, y) if 0 <= x < size[1] and 0 <= y < size[0] else None
