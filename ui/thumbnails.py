"""Small pictures of samples and their masks, made once a file and kept in the server's memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import streamlit as st

from core.classes import VOID, ClassTable
from core.datasets.dataset import Dataset, Sample
from core.errors import DSIError
from core.imagery.display import to_rgb
from ui.viewer.encode import display_size, downsample_image, downsample_labels

__all__ = ["THUMBNAIL", "Thumbnail", "overlaid", "thumbnails"]

THUMBNAIL = 320
"""Longest side in pixels."""

_MEMORY = 128 * 1024**2  # bytes kept, compressed


@dataclass(frozen=True)
class Thumbnail:
    """A sample made small.

    Attributes:
        image: a JPEG, or None where the file cannot be read.
        labels: a one-band PNG of class indices, 255 = void; None without a readable mask.
        width, height: of the image in the file, in pixels.
        problems: why one of the two is missing or doubtful, in words.
    """

    image: bytes | None
    labels: bytes | None
    width: int = 0
    height: int = 0
    problems: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        return len(self.image or b"") + len(self.labels or b"")


class _Shelf:
    """Thumbnails by file, size and time of writing; the longest unused go first."""

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
def _shelf() -> _Shelf:
    return _Shelf()


def thumbnails(dataset: Dataset, samples: Sequence[Sample]) -> Iterator[Thumbnail]:
    """Thumbnails of these samples in their order, each as soon as it is made, by two threads."""
    shelf = _shelf()

    def get(sample: Sample) -> Thumbnail:
        decided = f"{sample.turned}|{dataset.bands}|{dataset.windows.get(sample.id)}"
        read_as = f"{dataset.classes}|{dataset.coding}|{decided}"
        key = f"{_stamp(sample.image)}|{_stamp(sample.mask)}|{read_as}"
        found = shelf.take(key)
        if found is None:
            found = _make(dataset, sample)
            shelf.put(key, found)
        return found

    pool = ThreadPoolExecutor(max_workers=2)
    try:
        # Submitted all at once; what a rerun makes superfluous is cancelled below.
        yield from pool.map(get, samples)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _stamp(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        status = path.stat()
    except OSError:
        return str(path)
    return f"{path}:{status.st_size}:{status.st_mtime_ns}"


def _make(dataset: Dataset, sample: Sample) -> Thumbnail:
    problems: list[str] = []
    image, full = None, (0, 0)
    try:
        raster = dataset.load_image(sample)
    except (DSIError, OSError) as error:
        problems.append(f"The image cannot be read: {_reason(error)}.")
    else:
        full = raster.pixels.shape[:2]
        small = downsample_image(
            to_rgb(raster.pixels, raster.valid), *display_size(*full, THUMBNAIL)
        )
        quality = [cv2.IMWRITE_JPEG_QUALITY, 88]
        image = cv2.imencode(".jpg", small[..., ::-1], quality)[1].tobytes()
    labels = None
    if sample.mask is not None:
        try:
            mask = dataset.read_mask(sample)
        except (DSIError, OSError) as error:
            problems.append(f"The mask cannot be read: {_reason(error)}.")
        else:
            found, unknown = mask.labels, mask.unknown
            if image is not None and found.shape != full:
                size = f"{found.shape[1]} × {found.shape[0]}"
                problems.append(f"The mask is {size} pixels, the image {full[1]} × {full[0]}.")
            else:
                small = downsample_labels(found, *display_size(*found.shape, THUMBNAIL))
                labels = cv2.imencode(".png", small)[1].tobytes()
            if unknown:
                problems.append(f"{sum(unknown.values()):,} pixels of the mask are in no class.")
    return Thumbnail(image, labels, full[1], full[0], tuple(problems))


def _reason(error: DSIError | OSError) -> str:
    return error.what if isinstance(error, DSIError) else (error.strerror or type(error).__name__)


def overlaid(thumbnail: Thumbnail, classes: ClassTable, opacity: float) -> bytes | None:
    """The thumbnail with its mask over it, ready for ``st.image``.

    Args:
        thumbnail: which.
        classes: the colours.
        opacity: of the mask, 0 to 1; at 1 the class colours are exact. Void stays transparent.

    Returns:
        A JPEG without a mask, a PNG with one; None if there is no image.
    """
    if thumbnail.image is None or thumbnail.labels is None or opacity <= 0:
        return thumbnail.image
    image = cv2.imdecode(np.frombuffer(thumbnail.image, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    labels = cv2.imdecode(np.frombuffer(thumbnail.labels, np.uint8), cv2.IMREAD_GRAYSCALE)
    weight = np.where(labels == VOID, 0.0, opacity)[..., None]
    mixed = image * (1 - weight) + classes.colorize(labels) * weight
    blended = np.rint(mixed).astype(np.uint8)
    return cv2.imencode(".png", blended[..., ::-1])[1].tobytes()
