"""What the compare viewer is given: pictures, layers over them, layers of many frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

__all__ = ["Frame", "FrameLayer", "Layer", "Served", "ViewerClass", "ViewerClick"]


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
        kind: "labels" for class indices, "rgba" for a picture such as an error map or heatmap.
        pixels: uint8, as high and wide as the image. "labels": (H, W), 255 = void, transparent.
            "rgba": (H, W, 3) or (H, W, 4) with straight alpha.
        opacity: 0 to 1, where the slider starts.
        visible: whether the layer is shown at first.
    """

    key: str
    title: str
    kind: Literal["labels", "rgba"]
    pixels: np.ndarray | Served
    opacity: float = 0.55
    visible: bool = True


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
