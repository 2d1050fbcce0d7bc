"""Thumbnails on a page: from the server's memory, else from the workspace, else made now."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import streamlit as st

from core.classes import VOID, ClassTable
from core.datasets.dataset import Dataset, Sample
from core.datasets.pictures.thumbnails import (
    Thumbnail,
    ThumbnailFolder,
    make_thumbnail,
    thumbnail_key,
)
from core.paths import workspace
from ui.widgets.bands import Rendering

__all__ = ["mask_picture", "overlaid", "thumbnails"]

_MEMORY = 128 * 1024**2  # bytes kept, compressed


class _MemoryCache:
    """Thumbnails in memory; the longest unused go first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Thumbnail] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def take(self, key: str) -> Thumbnail | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: str, thumbnail: Thumbnail) -> None:
        with self._lock:
            if key in self._kept:
                return
            self._kept[key] = thumbnail
            self._bytes += thumbnail.size
            while self._bytes > _MEMORY and len(self._kept) > 1:
                self._bytes -= self._kept.popitem(last=False)[1].size


@st.cache_resource
def _memory() -> _MemoryCache:
    return _MemoryCache()


@st.cache_resource
def _folder(path: str) -> ThumbnailFolder:
    return ThumbnailFolder(Path(path))


def thumbnails(
    dataset: Dataset, samples: Sequence[Sample], look: Rendering | None = None
) -> Iterator[Thumbnail]:
    """Thumbnails of these samples in their order, each as soon as it is there, by two threads.

    Args:
        dataset, samples: which.
        look: bands and stretch; each image's usual ones by default.
    """
    shown = look._asdict() if look else {}
    memory = _memory()
    folder = _folder(str(workspace().root / "cache" / "thumbnails"))

    def get(sample: Sample) -> Thumbnail:
        key = thumbnail_key(dataset, sample, **shown)
        thumbnail = memory.take(key)
        if thumbnail is None:
            thumbnail = folder.take(key)
            if thumbnail is None:
                thumbnail = make_thumbnail(dataset, sample, **shown)
                folder.put(key, thumbnail)
            memory.put(key, thumbnail)
        return thumbnail

    pool = ThreadPoolExecutor(max_workers=2)
    try:
        # Submitted all at once; what a rerun makes superfluous is cancelled below.
        yield from pool.map(get, samples)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def overlaid(thumbnail: Thumbnail, classes: ClassTable, opacity: float) -> bytes | None:
    """The thumbnail with its mask over it.

    Args:
        thumbnail: which.
        classes: class table of its mask.
        opacity: of the mask, 0 to 1. Void stays transparent.

    Returns:
        A JPEG without a mask, a PNG with one; None if there is no image.
    """
    if thumbnail.image is None or thumbnail.labels is None:
        return thumbnail.image
    image = _decode(thumbnail.image, cv2.IMREAD_COLOR)[..., ::-1]
    labels = _decode(thumbnail.labels, cv2.IMREAD_GRAYSCALE)
    blended = classes.overlay(image, labels, opacity)
    return cv2.imencode(".png", blended[..., ::-1])[1].tobytes()


def mask_picture(thumbnail: Thumbnail, classes: ClassTable) -> bytes | None:
    """The thumbnail's mask in class colours, to be laid over its image.

    Returns:
        A PNG with void transparent; None without an image or a mask.
    """
    if thumbnail.image is None or thumbnail.labels is None:
        return None
    labels = _decode(thumbnail.labels, cv2.IMREAD_GRAYSCALE)
    alpha = np.where(labels == VOID, 0, 255).astype(np.uint8)
    picture = np.dstack([classes.colorize(labels)[..., ::-1], alpha])
    return cv2.imencode(".png", picture)[1].tobytes()


def _decode(encoded: bytes, flags: int) -> np.ndarray:
    return np.asarray(cv2.imdecode(np.frombuffer(encoded, np.uint8), flags))
