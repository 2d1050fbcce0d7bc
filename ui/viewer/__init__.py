"""The compare viewer: an image with label masks and heatmaps over it, in the browser.

Overlay, swipe and side by side; opacity, class toggles, pan and zoom all happen in the browser
without a rerun, and stay as they are when the script reruns with the same `key`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import streamlit as st

from ui.viewer.encode import Role, encode_picture

__all__ = ["Layer", "ViewerClass", "ViewerClick", "viewer"]

_HERE = Path(__file__).parent

_component = st.components.v2.component(
    "dsi_compare_viewer",
    css=(_HERE / "viewer.css").read_text(encoding="utf-8"),
    js=(_HERE / "viewer.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class ViewerClass:
    """A row of the class table: the index in the sequence is the label value."""

    name: str
    color: tuple[int, int, int]


@dataclass(frozen=True)
class Layer:
    """A picture that can be laid over the image.

    Attributes:
        key: names the layer in the browser; unique in a viewer and not "image".
        title: what the screen calls it.
        kind: "labels" for class indices, "rgba" for a picture such as an error map or heatmap.
        pixels: uint8, as high and wide as the image. "labels": (H, W), 255 = void, transparent.
            "rgba": (H, W, 3) or (H, W, 4) with straight alpha.
        opacity: 0 to 1, where the slider starts.
        visible: whether the layer is shown at first.
    """

    key: str
    title: str
    kind: Literal["labels", "rgba"]
    pixels: np.ndarray
    opacity: float = 0.55
    visible: bool = True


@dataclass(frozen=True)
class ViewerClick:
    """A clicked pixel of the full-resolution image: x to the right, y down, from 0."""

    x: int
    y: int


def viewer(
    image: np.ndarray,
    layers: Sequence[Layer],
    classes: Sequence[ViewerClass],
    *,
    key: str,
    height: int = 560,
    mode: Literal["overlay", "swipe", "side"] = "overlay",
    clickable: bool = True,
) -> ViewerClick | None:
    """Show the compare viewer and return a click made since the last run.

    What the user set in the browser wins over `mode` and a layer's `opacity` and `visible`, until
    the script passes another value than it did before. Images longer than `encode.DISPLAY_LIMIT`
    are sent smaller; all coordinates stay those of `image`.

    Args:
        image: (H, W, 3) uint8 RGB, stretched for display.
        layers: bottom first; may be empty.
        classes: names and colours of the label values; may be empty where no layer has labels.
        key: unique on the page, without "__"; the view is remembered under it.
        height: height of the picture area in CSS pixels (less on a narrow screen).
        mode: how to compare at first.
        clickable: whether a click reruns the script. Pass False where the answer is not used.

    Returns:
        The clicked pixel in the run that a click caused, else None.

    Raises:
        ValueError: for pixels of another shape or dtype than stated, or layer keys that are not
            unique.
    """
    _check("image", image, image.ndim == 3 and image.shape[2] == 3, "(H, W, 3)")
    keys = [layer.key for layer in layers]
    if len({"image", *keys}) != len(keys) + 1:
        raise ValueError(f"expected unique layer keys other than 'image', received {keys}")
    data = {
        "key": key,
        "size": [image.shape[1], image.shape[0]],
        "height": height,
        "mode": mode,
        "clickable": clickable,
        "image": _picture(image, "image"),
        "layers": [_layer(layer, image.shape[:2]) for layer in layers],
        "classes": [{"name": c.name, "color": [int(v) for v in c.color]} for c in classes],
    }
    result = _component(key=key, data=data, on_click_change=_rerun)
    return _click(result.get("click"), image.shape[:2])


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


def _layer(layer: Layer, size: tuple[int, int]) -> dict[str, Any]:
    what = f"layer {layer.key!r}"
    if layer.kind == "labels":
        _check(what, layer.pixels, layer.pixels.shape == size, f"{size}")
    else:
        shapes = ((*size, 3), (*size, 4))
        _check(what, layer.pixels, layer.pixels.shape in shapes, f"{shapes[0]} or {shapes[1]}")
    return {
        "key": layer.key,
        "title": layer.title,
        "kind": layer.kind,
        "opacity": min(1.0, max(0.0, float(layer.opacity))),
        "visible": bool(layer.visible),
        **_picture(layer.pixels, layer.kind),
    }


def _picture(pixels: np.ndarray, role: Role) -> dict[str, Any]:
    encoded = encode_picture(pixels, role)
    return {
        "digest": encoded.digest,
        "src": encoded.src,
        "width": encoded.width,
        "height": encoded.height,
    }


def _check(what: str, pixels: np.ndarray, shape_fits: bool, shape: str) -> None:
    if not shape_fits or pixels.dtype != np.uint8 or pixels.size == 0:
        raise ValueError(
            f"{what}: expected uint8 pixels of shape {shape}, "
            f"received {pixels.dtype} of shape {pixels.shape}"
        )
