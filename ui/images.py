"""Images on a page: opened once, from an upload or a dataset's file, and named by their content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.imagery.display import to_rgb
from core.imagery.raster import Raster, read_raster

__all__ = ["IMAGE_TYPES", "OpenImage", "open_file", "open_upload", "safe_stem"]

IMAGE_TYPES = ["png", "jpg", "jpeg", "tif", "tiff"]


@dataclass(frozen=True)
class OpenImage:
    """An image in the server's memory; shared by sessions, so never written to.

    Attributes:
        digest: names its content; caches are keyed on it.
        rgb: (H, W, 3) uint8 for the screen.
    """

    name: str
    digest: str
    raster: Raster
    rgb: np.ndarray


@st.cache_resource(max_entries=3, ttl="1h", show_spinner="Reading the image …")
def _from_bytes(digest: str, name: str, _data: bytes) -> OpenImage:
    raster = read_raster(_data, name=name)
    return OpenImage(name, digest, raster, to_rgb(raster.pixels, raster.valid))


@st.cache_resource(max_entries=3, ttl="1h", show_spinner="Reading the image …")
def _from_file(digest: str, path: str) -> OpenImage:
    raster = read_raster(Path(path))
    return OpenImage(Path(path).name, digest, raster, to_rgb(raster.pixels, raster.valid))


def open_upload(upload: UploadedFile) -> OpenImage:
    """Read an uploaded image.

    Raises:
        ImageError: it is damaged, too large or no image.
    """
    data = upload.getvalue()
    digest = hashlib.blake2b(data, digest_size=16).hexdigest()
    return _from_bytes(digest, upload.name, data)


def open_file(path: Path) -> OpenImage:
    """Read an image file; read again when the file changes.

    Raises:
        ImageError: it is missing, damaged, too large or no image.
    """
    try:
        status = path.stat()
        stamp = f"{path}\0{status.st_size}\0{status.st_mtime_ns}"
    except OSError:
        stamp = str(path)  # read_raster says what is wrong
    digest = hashlib.blake2b(stamp.encode(), digest_size=16).hexdigest()
    return _from_file(digest, str(path))


def safe_stem(name: str) -> str:
    """A file name without its ending, fit for a download; browsers send any name they like."""
    stem = Path(name.replace("\\", "/")).stem
    kept = "".join(c if c.isalnum() or c in " ._-" else "_" for c in stem).strip(" .")
    return kept[:80] or "image"
