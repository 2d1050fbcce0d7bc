"""The image's own values at a pixel, for the viewer's readout: what is drawn is stretched to 8 bit.

The browser asks for one pixel at a time (`ui.routes.band_values`), by a token that only this
process can make. Of images in memory nothing is kept here: they are there as long as the caches
that hold them.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import weakref
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from core.errors import ImageError
from core.imagery.header import Header
from core.imagery.raster import Raster
from core.imagery.scene.scene import open_scene
from ui.loaded.images import file_stamp

__all__ = [
    "BandReader",
    "BandValues",
    "MemoryBands",
    "SceneBands",
    "band_names",
    "band_values",
    "bands_of_raster",
    "bands_payload",
    "value_text",
]

_MOST = 512  # images that can be asked about; the last ones
_SECRET = secrets.token_bytes(32)
_DIGITS = {"u1": 3, "i1": 4, "u2": 5, "i2": 6, "b1": 1}
_LONGEST = 12


class BandValues(NamedTuple):
    """What an image holds at a pixel.

    Attributes:
        values: of each band, in words.
        has_data: whether the pixel has data.
    """

    values: tuple[str, ...]
    has_data: bool


class BandReader(Protocol):
    """What can tell the values of an image.

    Attributes:
        key: names the content; what has another content has another key.
        names: of the bands.
        digits: characters that a value takes at most, about.
    """

    key: str
    names: tuple[str, ...]
    digits: int

    def read(self, x: int, y: int) -> BandValues | None:
        """The values at a pixel of the picture that is shown; None where there is none, or the
        image is not at hand any more."""


class MemoryBands:
    """The values of an image that something else keeps in memory.

    Args:
        pixels: (H, W, C), not written to any more.
        valid: (H, W) bool, where there is data.
        names: of the C bands.
        part: rows and columns that are shown; None for all.
    """

    def __init__(
        self,
        pixels: np.ndarray,
        valid: np.ndarray,
        names: Sequence[str],
        part: tuple[slice, slice] | None = None,
    ) -> None:
        rows, columns = part or (slice(0, pixels.shape[0]), slice(0, pixels.shape[1]))
        self.key = f"{_name_of(pixels)} {rows.start} {rows.stop} {columns.start} {columns.stop}"
        self.names = tuple(names)
        self.digits = _DIGITS.get(pixels.dtype.str[1:], _LONGEST)
        self._rows, self._columns = rows, columns
        # Weak: an image of a gigabyte is not to stay because somebody once looked at it.
        self._pixels, self._valid = weakref.ref(pixels), weakref.ref(valid)

    def read(self, x: int, y: int) -> BandValues | None:
        pixels, valid = self._pixels(), self._valid()
        row, column = self._rows.start + y, self._columns.start + x
        inside = y >= 0 and x >= 0 and row < self._rows.stop and column < self._columns.stop
        if pixels is None or valid is None or not inside:
            return None
        return BandValues(tuple(map(value_text, pixels[row, column])), bool(valid[row, column]))


_lock = threading.Lock()
_readers: OrderedDict[str, BandReader] = OrderedDict()
_arrays: dict[int, tuple[weakref.ref[np.ndarray], str]] = {}


def bands_of_raster(raster: Raster, part: tuple[slice, slice] | None = None) -> MemoryBands:
    """The values of a raster that is kept in memory.

    Args:
        raster: the image.
        part: rows and columns that are shown; None for all.
    """
    names = band_names(raster.header, raster.pixels.shape[-1])
    return MemoryBands(raster.pixels, raster.valid, names, part)


def _name_of(array: np.ndarray) -> str:
    """Tells an array from all others that there are or were."""
    with _lock:
        known = _arrays.get(id(array))
        if known is None or known[0]() is not array:
            known = _arrays[id(array)] = weakref.ref(array), secrets.token_hex(8)
            for old in [number for number, (ref, _) in _arrays.items() if ref() is None]:
                del _arrays[old]
        return known[1]


class SceneBands:
    """The values of a GeoTIFF that is read by windows, however large it is.

    Args:
        path: of the file.
        stamp: names its content.

    Raises:
        ImageError: it cannot be read, or not by windows.
    """

    def __init__(self, path: Path, stamp: str) -> None:
        self.key = f"scene {stamp}"
        self._path, self._stamp = path, stamp
        self.names, self.digits = _scene_bands(path, stamp)

    def read(self, x: int, y: int) -> BandValues | None:
        if file_stamp(self._path) != self._stamp:
            return None  # another file lies there now, and the page shows the one before
        try:
            with open_scene(self._path, sampled=True) as scene:
                if not (0 <= x < scene.header.width and 0 <= y < scene.header.height):
                    return None
                pixels, valid = scene.part(slice(y, y + 1), slice(x, x + 1))
        except ImageError:
            return None
        return BandValues(tuple(map(value_text, pixels[0, 0])), bool(valid[0, 0]))


@lru_cache(maxsize=64)
def _scene_bands(path: Path, stamp: str) -> tuple[tuple[str, ...], int]:
    with open_scene(path, sampled=True) as scene:
        kind = np.dtype(scene.header.dtype).str[1:]
        return band_names(scene.header, scene.bands), _DIGITS.get(kind, _LONGEST)


def band_names(header: Header, count: int) -> tuple[str, ...]:
    """What the bands of an image in memory are called: by the file, else by number from 1.

    Args:
        header: of the image.
        count: bands in memory.
    """
    described, colors = header.band_names, header.color_interpretation
    names = []
    for band in range(count):
        name = described[band].strip() if band < len(described) else ""
        if not name and band < len(colors) and colors[band] in ("red", "green", "blue", "gray"):
            name = colors[band].capitalize()
        names.append(name or f"Band {band + 1}")
    if count > 1 and header.color_interpretation == ("palette",):
        return ("Red", "Green", "Blue")[:count]
    return tuple(names)


def value_text(value: Any) -> str:
    """A value with the digits that tell it from the next one of its type."""
    if isinstance(value, np.bool_ | bool):
        return str(int(value))
    if isinstance(value, np.integer | int):
        return str(int(value))
    if isinstance(value, np.complexfloating | complex):
        return f"{value.real:.5g}{value.imag:+.5g}i"
    if not np.isfinite(value):
        return "NaN" if np.isnan(value) else ("∞" if value > 0 else "−∞")
    if value == 0 or 1e-4 <= abs(value) < 1e7:
        return np.format_float_positional(value, unique=True, trim="-")
    return np.format_float_scientific(value, unique=True, trim="-")


def bands_payload(reader: BandReader | None) -> dict[str, Any] | None:
    """What the browser is sent: address, names and digits; None where nothing can be asked."""
    if reader is None:
        return None
    token = hashlib.blake2b(reader.key.encode(), key=_SECRET, digest_size=16).hexdigest()
    with _lock:
        _readers[token] = reader
        _readers.move_to_end(token)
        while len(_readers) > _MOST:
            _readers.popitem(last=False)
    return {"url": f"/values/{token}", "names": list(reader.names), "digits": reader.digits}


def band_values(token: str, x: int, y: int) -> BandValues | None:
    """The values at a pixel; None where the token is unknown, or the pixel not there."""
    with _lock:
        reader = _readers.get(token)
    return reader.read(x, y) if reader else None
