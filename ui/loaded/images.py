"""Images on a page: opened once, from an upload or a dataset's file, and named by their content."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from core.datasets.dataset import Dataset, Sample
from core.imagery.display import bands_of, to_rgb
from core.imagery.raster import Raster, read_raster
from ui.loaded.own_file import keep_own_file
from ui.loaded.sized_cache import SizedCache
from ui.loaded.upload import Upload

__all__ = [
    "IMAGE_TYPES",
    "OpenImage",
    "file_stamp",
    "open_raster",
    "open_sample",
    "open_upload",
    "safe_stem",
]

IMAGE_TYPES = ["png", "jpg", "jpeg", "tif", "tiff", "jp2"]
_OWN_SIDE = 8192  # pixels: larger ones go as tiles


@dataclass(frozen=True)
class OpenImage:
    """An image in the server's memory; shared by sessions, so never written to.

    Attributes:
        digest: digest of its content; caches are keyed on it.
        rgb: (H, W, 3) uint8 for the screen.
    """

    name: str
    digest: str
    raster: Raster
    rgb: np.ndarray


def _opened(name: str, digest: str, raster: Raster, file: Callable[[], bytes]) -> OpenImage:
    rgb = to_rgb(
        raster.pixels, raster.valid, bands=bands_of(raster.pixels, raster.header.named_bands)
    )
    if raster.header.driver == "JPEG" and max(rgb.shape) <= _OWN_SIDE:
        keep_own_file(rgb, file())
    return OpenImage(name, digest, raster, rgb)


def _bytes(image: OpenImage) -> int:
    return int(image.raster.pixels.nbytes + image.raster.valid.nbytes + image.rgb.nbytes)


_images: SizedCache[OpenImage] = SizedCache(1024**3, 3600, _bytes)


def _kept(
    name: str, digest: str, read: Callable[[], Raster], file: Callable[[], bytes] = bytes
) -> OpenImage:
    with st.spinner("Reading the image …"):
        return _images.get(f"{digest} {name}", lambda: _opened(name, digest, read(), file))


def open_raster(name: str, content: str, read: Callable[[], Raster]) -> OpenImage:
    """An image that is read otherwise, kept as the others are.

    Args:
        name: what it is called.
        content: names its content.
        read: reads it; what it raises passes.
    """
    return _kept(name, _digest(content.encode()), read)


def open_upload(upload: Upload) -> OpenImage:
    """Read an uploaded image.

    Raises:
        ImageError: it is damaged, too large or no image.
    """
    data = upload.data
    return _kept(
        upload.name, _digest(data), lambda: read_raster(data, name=upload.name), lambda: data
    )


def open_sample(dataset: Dataset, sample: Sample) -> OpenImage:
    """Read a dataset's image as it is used: turned, cut, with the bands of the recipe.

    Raises:
        ImageError: it is missing, damaged, too large or no image.
    """
    used = f"{sample.turned}|{dataset.bands}|{dataset.windows.get(sample.id)}"
    digest = _digest(f"{file_stamp(sample.image)}|{used}".encode())
    is_plain = not (sample.turned or dataset.bands or sample.id in dataset.windows)
    file = sample.image.read_bytes if is_plain else bytes
    return _kept(sample.image.name, digest, lambda: dataset.load_image(sample), file)


def file_stamp(path: Path) -> str:
    """Tells one content of a file from another, by its size and time."""
    try:
        status = path.stat()
    except OSError:
        return str(path)  # reading says what is wrong
    return f"{path}\0{status.st_size}\0{status.st_mtime_ns}"


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def safe_stem(name: str) -> str:
    """A file name without its ending, fit for a download; browsers send any name they like."""
    stem = Path(name.replace("\\", "/")).stem
    plain = "".join(c if c.isalnum() or c in " ._-" else "_" for c in stem).strip(" .")
    return plain[:80] or "image"
