"""Images too large to be read whole: looked at made smaller, and in parts at full detail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st

from core.imagery.display import default_bands, to_rgb
from core.imagery.header import Header, read_header
from core.imagery.raster import MAX_BYTES
from core.imagery.scene.overview import Overview, read_overview, read_whole_overview
from core.imagery.scene.scene import Scene, obstacle, open_scene
from ui.loaded.images import file_stamp
from ui.loaded.sized_cache import SizedCache
from ui.shell.jobs import start_job

__all__ = ["LargeScene", "open_large_scene", "open_part", "read_whole_scene", "scene_key"]

_SIDE = 2304  # pixels along the longer side of a scene made smaller: what the viewer is sent


@dataclass(frozen=True)
class LargeScene:
    """A scene made smaller.

    Attributes:
        header: of the whole scene.
        rgb: (h, w, 3) uint8, the scene for the screen.
        complete: see `core.imagery.scene.overview.Overview`.
    """

    header: Header
    rgb: np.ndarray
    complete: bool


_scenes: SizedCache[LargeScene] = SizedCache(128 * 1024**2, 3600, lambda scene: scene.rgb.nbytes)
_parts: SizedCache[np.ndarray] = SizedCache(64 * 1024**2, 3600, lambda rgb: rgb.nbytes)


def open_large_scene(path: Path) -> LargeScene | None:
    """A scene that is too large to be read whole; None for an image that is not.

    Args:
        path: of the image.

    Raises:
        ImageError: it cannot be read, or is too large and of a format that is not read by windows.
    """
    header = read_header(path)
    if header.bytes <= MAX_BYTES:
        return None
    if error := obstacle(path, header):
        raise error
    if whole := _scenes.kept(scene_key(path)):
        return whole
    with st.spinner("Reading the scene …"):
        return _scenes.get(file_stamp(path), lambda: _made_smaller(path, read_overview))


def scene_key(path: Path) -> str:
    """Names the picture of a scene for which all of the file is read, and the job that does it."""
    return f"scene-{file_stamp(path)}"


def read_whole_scene(path: Path) -> None:
    """Begin to read all of a scene for a complete picture, in the background."""

    def work(progress: Callable[[int, int], None]) -> None:
        read = partial(read_whole_overview, progress=progress)
        _scenes.get(scene_key(path), lambda: _made_smaller(path, read))

    start_job(scene_key(path), f"Reading all of {path.name}", "parts", work)


def _made_smaller(path: Path, read: Callable[[Scene, int], Overview]) -> LargeScene:
    with open_scene(path, sampled=True) as scene:
        small = read(scene, _SIDE)
        rgb = _shown(scene, small.pixels, small.valid)
        return LargeScene(scene.header, rgb, small.complete)


def open_part(path: Path, rows: slice, columns: slice) -> np.ndarray:
    """A part of a scene at full detail.

    Args:
        path: of the image.
        rows, columns: within it.

    Returns:
        (h, w, 3) uint8, for the screen.

    Raises:
        ImageError: it cannot be read.
    """

    def read() -> np.ndarray:
        with open_scene(path, sampled=True) as scene:
            return _shown(scene, *scene.part(rows, columns))

    return _parts.get(f"{file_stamp(path)} {rows} {columns}", read)


def _shown(scene: Scene, pixels: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """(h, w, 3) uint8 of a part, with the bands that the file names or its kind suggests."""
    bands = default_bands(scene.bands, str(pixels.dtype), scene.header.named_bands)
    return to_rgb(pixels, valid, bands=bands)
