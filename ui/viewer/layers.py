"""What the compare viewer is given: pictures, layers over them, layers of many frames.

Each layer knows what the browser is sent of it, its `payload`; the kinds that the browser can draw
are in `frontend/layers/kinds.js`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ui.viewer.encode import DISPLAY_LIMIT, Role, encode_picture
from ui.viewer.tiles.arrays import tiled_array
from ui.viewer.tiles.sources import Tiled

__all__ = [
    "Frame",
    "FrameLayer",
    "Layer",
    "Served",
    "ViewerClass",
    "ViewerClick",
    "check_pixels",
    "picture_payload",
]


@dataclass(frozen=True)
class ViewerClass:
    """A row of the class table: the index in the sequence is the label value."""

    name: str
    color: tuple[int, int, int]


@dataclass(frozen=True)
class ViewerClick:
    """A clicked pixel of the full-resolution image: x to the right, y down, from 0."""

    x: int
    y: int


@dataclass(frozen=True)
class Served:
    """A picture that the browser fetches itself.

    Attributes:
        url: on this server.
        digest: names its content; what has another content has another digest.
        width, height: of the picture in full resolution; what is served may be smaller.
    """

    url: str
    digest: str
    width: int
    height: int


@dataclass(frozen=True)
class Layer:
    """A picture that can be laid over the image.

    Attributes:
        key: names the layer in the browser; unique in a viewer and not "image".
        title: what the screen calls it.
        kind: "labels" for class indices, "rgba" for a picture such as a heatmap.
        pixels: uint8, as high and wide as the image. "labels": (H, W), 255 = void, transparent.
            "rgba": (H, W, 3) or (H, W, 4) with straight alpha.
        opacity: 0 to 1, where the slider starts.
        visible: whether the layer is shown at first.
        note: what its colours mean; the panel says it while the layer is shown.
    """

    key: str
    title: str
    kind: Literal["labels", "rgba"]
    pixels: np.ndarray | Served | Tiled
    opacity: float = 0.55
    visible: bool = True
    note: str = ""

    def payload(self, size: tuple[int, int], tiled: bool = False) -> dict[str, Any]:
        """What the browser is sent.

        Args:
            size: height and width of the image.
            tiled: whether it goes as tiles however small it is, as other layers do.

        Raises:
            ValueError: for pixels of another shape or dtype than stated.
        """
        if isinstance(self.pixels, Tiled) and (self.pixels.height, self.pixels.width) != size:
            raise ValueError(
                f"layer {self.key!r}: expected tiles of {size}, "
                f"received {(self.pixels.height, self.pixels.width)}"
            )
        if isinstance(self.pixels, np.ndarray):
            shapes = [size] if self.kind == "labels" else [(*size, 3), (*size, 4)]
            expected = " or ".join(str(shape) for shape in shapes)
            check_pixels(f"layer {self.key!r}", self.pixels, self.pixels.shape in shapes, expected)
        picture = picture_payload(self.pixels, self.kind, tiled)
        return {**_look(self), "kind": self.kind, "note": self.note, **picture}


@dataclass(frozen=True)
class Frame:
    """One of the pictures of a `FrameLayer`.

    Attributes:
        number: by which it is remembered when others come and go.
        text: what stands beside the slider.
    """

    number: int
    text: str
    picture: Served


@dataclass(frozen=True)
class FrameLayer:
    """Label masks of which a slider in the browser shows one at a time.

    At first the newest is shown, and stays the newest when more come; one that was chosen stays.

    Attributes:
        key, title, opacity, visible: as of a `Layer`.
        unit: what the slider counts.
        frames: at least one, by rising number.
    """

    key: str
    title: str
    unit: str
    frames: Sequence[Frame]
    opacity: float = 0.55
    visible: bool = True

    def payload(self, size: tuple[int, int], tiled: bool = False) -> dict[str, Any]:
        """What the browser is sent; of each frame only its address."""
        frames = [
            {"number": f.number, "text": f.text, **picture_payload(f.picture, "labels")}
            for f in self.frames
        ]
        return {**_look(self), "kind": "labels", "unit": self.unit, "frames": frames}


def picture_payload(
    pixels: np.ndarray | Served | Tiled, role: Role, tiled: bool = False
) -> dict[str, Any]:
    """Digest and address of a picture, or where its tiles are.

    Args:
        pixels: those of a small picture are encoded into the address.
        role: how the browser reads them.
        tiled: whether an array goes as tiles however small it is.
    """
    if isinstance(pixels, np.ndarray) and (tiled or max(pixels.shape[:2]) > DISPLAY_LIMIT):
        pixels = tiled_array(pixels, role)
    if isinstance(pixels, Tiled):
        return {"digest": pixels.id, "tiles": pixels.payload}
    if isinstance(pixels, Served):
        return {"digest": f"{role}-{pixels.digest}", "src": pixels.url}
    encoded = encode_picture(pixels, role)
    return {"digest": encoded.digest, "src": encoded.src}


def check_pixels(name: str, pixels: np.ndarray, shape_fits: bool, shape: str) -> None:
    """Raise ValueError unless the pixels are uint8, not empty, and of the shape expected."""
    if not shape_fits or pixels.dtype != np.uint8 or pixels.size == 0:
        raise ValueError(
            f"{name}: expected uint8 pixels of shape {shape}, "
            f"received {pixels.dtype} of shape {pixels.shape}"
        )


def _look(layer: Layer | FrameLayer) -> dict[str, Any]:
    return {
        "key": layer.key,
        "title": layer.title,
        "opacity": min(1.0, max(0.0, float(layer.opacity))),
        "visible": bool(layer.visible),
    }
