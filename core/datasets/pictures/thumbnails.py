"""Small pictures of samples and their masks, made once and kept in files."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from core.classes import VOID
from core.datasets.dataset import Dataset, Sample
from core.datasets.pictures.large import SmallImage, small_image, small_mask
from core.errors import DSIError, WorkspaceError
from core.imagery.display import Bands, bands_of, to_rgb
from core.imagery.resample import resample_labels
from core.imagery.shrink import display_size, downsample_image
from core.paths import write_bytes

__all__ = ["SIDE", "Thumbnail", "ThumbnailFolder", "make_thumbnail", "thumbnail_key"]

SIDE = 320
"""Longest side in pixels."""

_VERSION = 3  # one more whenever pictures come out otherwise, so that no old one is shown
_SUFFIX = ".thumbnail"
_LIMIT = 512 * 1024**2  # bytes on disk: about 20,000 thumbnails
_RECOUNT = 500  # writes after which the folder is counted again: other servers may write too
_ABANDONED = 3600  # seconds after which a temporary file is nobody's any more


@dataclass(frozen=True)
class Thumbnail:
    """A sample made small.

    Attributes:
        image: a JPEG, or None where the file cannot be read.
        labels: a one-band PNG of class indices, 255 = void, also where the image has no data; None
            without a readable mask.
        width, height: of the image in the file, in pixels.
        problems: why one of the two is missing or doubtful, in words.
        lasting: whether it stays so while the files stay as they are. A file that could not be
            read may be readable later, with other rights or once a disk is back.
    """

    image: bytes | None
    labels: bytes | None
    width: int = 0
    height: int = 0
    problems: tuple[str, ...] = ()
    lasting: bool = True

    @property
    def size(self) -> int:
        """Bytes of both pictures."""
        return len(self.image or b"") + len(self.labels or b"")


def thumbnail_key(
    dataset: Dataset,
    sample: Sample,
    bands: Bands | None = None,
    clip: tuple[float, float] | None = None,
    decibel: bool = False,
) -> str:
    """A digest of all that a thumbnail depends on: the files as they are and how they are read.

    Args:
        dataset, sample: which.
        bands, clip, decibel: as in `core.imagery.display.to_rgb`.
    """
    read_as = f"{dataset.classes}|{dataset.coding}|{dataset.bands}|{dataset.windows.get(sample.id)}"
    read_as += f"|{dataset.nodata}|{bands}|{clip}|{decibel}"
    if region := dataset.void.get(sample.id):
        read_as += f"|{region.size}|{region.counts}"
    files = f"{_stamp(sample.image)}|{_stamp(sample.mask)}"
    text = f"{_VERSION}|{SIDE}|{files}|{sample}|{read_as}"
    return hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=16).hexdigest()


def _stamp(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        status = path.stat()
    except OSError:
        return str(path)  # reading says what is wrong
    return f"{path.absolute()}:{status.st_size}:{status.st_mtime_ns}"


def make_thumbnail(
    dataset: Dataset,
    sample: Sample,
    bands: Bands | None = None,
    clip: tuple[float, float] | None = None,
    decibel: bool = False,
) -> Thumbnail:
    """Read a sample and make it small; what cannot be read is said in its `problems`.

    Args:
        dataset, sample: which.
        bands, clip, decibel: as in `core.imagery.display.to_rgb`. An image that lacks one of the
            bands, among others that have it, is shown in its own usual way.
    """
    problems: list[str] = []
    lasting = True
    image, valid, height, width = None, None, 0, 0
    large: SmallImage | None = None
    try:
        large = small_image(dataset, sample, SIDE)
        raster = large or _whole_image(dataset, sample)
    except (DSIError, OSError) as error:
        problems.append(f"The image cannot be read: {_reason(error)}.")
        lasting = False
    else:
        valid, height, width = raster.valid, raster.height, raster.width
        if bands is not None and max(bands) >= raster.pixels.shape[-1]:
            bands, clip, decibel = None, None, False
        bands = bands or bands_of(raster.pixels, raster.named_bands)
        rgb = to_rgb(raster.pixels, valid, bands=bands, clip=clip, decibel=decibel)
        small = downsample_image(rgb, *display_size(valid.shape[0], valid.shape[1], SIDE))
        quality = [cv2.IMWRITE_JPEG_QUALITY, 88]
        image = cv2.imencode(".jpg", small[..., ::-1], quality)[1].tobytes()
    labels = None
    if sample.mask is not None:
        try:
            full, unknown = _labels(dataset, sample, large)
        except (DSIError, OSError) as error:
            problems.append(f"The mask cannot be read: {_reason(error)}.")
            lasting = False
        else:
            if valid is not None and full.shape != valid.shape:
                size = f"{full.shape[1]} × {full.shape[0]}"
                problems.append(f"The mask is {size} pixels, the image {width} × {height}.")
            else:
                if valid is not None:
                    full = np.where(valid, full, np.uint8(VOID))
                small = resample_labels(full, *display_size(full.shape[0], full.shape[1], SIDE))
                labels = cv2.imencode(".png", small)[1].tobytes()
            if unknown:
                problems.append(f"{unknown:,} pixels of the mask are in no class.")
    return Thumbnail(image, labels, width, height, tuple(problems), lasting)


def _whole_image(dataset: Dataset, sample: Sample) -> SmallImage:
    """The image in full."""
    raster = dataset.load_image(sample)
    height, width = raster.valid.shape
    return SmallImage(raster.pixels, raster.valid, height, width, raster.header.named_bands)


def _labels(dataset: Dataset, sample: Sample, large: SmallImage | None) -> tuple[np.ndarray, int]:
    """Labels of a sample's mask, and how many of its pixels are in no class."""
    if large is not None:
        return small_mask(dataset, sample, large), 0
    mask = dataset.read_mask(sample)
    return mask.labels, sum(mask.unknown.values())


def _reason(error: DSIError | OSError) -> str:
    return error.what if isinstance(error, DSIError) else (error.strerror or type(error).__name__)


class ThumbnailFolder:
    """Thumbnails in a folder, a file each; beyond a limit the longest unused ones are removed.

    Several threads and several servers may share it: files are put in place whole, and a file that
    is missing or damaged is only a thumbnail to be made again. A folder that cannot be written
    keeps nothing; nobody's work depends on it.

    Args:
        folder: made when the first one is kept.
        limit: bytes in all; exceeded for a while where several servers write.
    """

    def __init__(self, folder: Path, limit: int = _LIMIT) -> None:
        self._folder = folder
        self._limit = limit
        self._lock = threading.Lock()
        self._used = 0
        self._writes = 0

    def take(self, key: str) -> Thumbnail | None:
        """The thumbnail kept under a key of `thumbnail_key`, or None."""
        path = self._path(key)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        thumbnail = _unpacked(data)
        with suppress(OSError):
            if thumbnail is None:
                path.unlink()
            else:
                os.utime(path)  # it was used just now
        return thumbnail

    def put(self, key: str, thumbnail: Thumbnail) -> None:
        """Keep it if it is lasting and the disk allows."""
        if not thumbnail.lasting:
            return
        data = _packed(thumbnail)
        try:
            write_bytes(self._path(key), data)
        except (WorkspaceError, OSError):  # full or read-only: the picture is shown all the same
            return
        with self._lock:
            self._used += len(data)
            self._writes += 1
            if self._used > self._limit or self._writes % _RECOUNT == 1:
                self._trim()

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}{_SUFFIX}"

    def _trim(self) -> None:
        """Count what is there; if it is too much, remove the longest unused down to 90 %."""
        files = []
        try:
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    with suppress(OSError):  # removed by another server meanwhile
                        status = entry.stat()
                        files.append((status.st_mtime, status.st_size, entry.path))
        except OSError:
            return
        self._used = sum(size for _, size, _ in files)
        over = self._used > self._limit
        for written, size, name in sorted(files):
            path = Path(name)
            if path.name.startswith("."):
                remove = time.time() - written > _ABANDONED
            else:
                remove = over and self._used > 0.9 * self._limit
            if remove:
                with suppress(OSError):
                    path.unlink(missing_ok=True)
                    self._used -= size


def _packed(thumbnail: Thumbnail) -> bytes:
    """A line of JSON, then the two pictures."""
    image, labels = thumbnail.image or b"", thumbnail.labels or b""
    header = {
        "image": len(image),
        "labels": len(labels),
        "width": thumbnail.width,
        "height": thumbnail.height,
        "problems": thumbnail.problems,
        "digest": _digest(image + labels),
    }
    return json.dumps(header).encode() + b"\n" + image + labels


def _unpacked(data: bytes) -> Thumbnail | None:
    """What `_packed` wrote, or None where it is not whole."""
    line, _, body = data.partition(b"\n")
    try:
        header = json.loads(line)
        at, size = int(header["image"]), int(header["labels"])
        if len(body) != at + size or header["digest"] != _digest(body):
            return None
        return Thumbnail(
            image=body[:at] or None,
            labels=body[at:] or None,
            width=int(header["width"]),
            height=int(header["height"]),
            problems=tuple(str(problem) for problem in header["problems"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()
