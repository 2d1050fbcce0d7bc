"""The batches of a workspace: a folder each, listed, read, bounded and deleted."""

from __future__ import annotations

import json
import secrets
import shutil
import time
import uuid
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from pydantic import ValidationError

from core.errors import WorkspaceError
from core.evaluation.batch.record import BatchRecord, ImageResult
from core.folder_lock import hold_folder, release_folder, remove_held
from core.imagery.output.write import png_bytes
from core.inference.certainty import Certainty, most_bits
from core.models.card import ModelCard
from core.paths import disk_errors, is_name, workspace, write_bytes, write_json
from core.untrusted.folder import list_folder
from core.untrusted.text_file import read_text

__all__ = [
    "MOST_BATCHES",
    "MOST_BYTES",
    "UNLISTED_SECONDS",
    "ImageMaps",
    "KeptBatch",
    "delete_batch",
    "find_batch",
    "free_bytes",
    "held_batch",
    "list_batches",
    "make_room",
    "new_batch",
]

MOST_BATCHES = 30
"""Batches that are kept; the oldest goes first."""

MOST_BYTES = 8 * 1024**3
"""Bytes of all their files; the oldest go first, the last one never."""

UNLISTED_SECONDS = 24 * 3600.0
"""How long a batch of uploads is kept that is in no list."""

_RECORD, _CARD, _RESULTS = "batch.json", "model.json", "results.jsonl"
_REMEDY = "delete this batch, and predict the images again"
_MOST_TEXT = 64 * 1024**2  # bytes of a record or of all results


@dataclass(frozen=True)
class ImageMaps:
    """The maps of an image.

    Attributes:
        labels: (H, W) uint8, 255 = void.
        certainty: how sure each of them is.
    """

    labels: np.ndarray
    certainty: Certainty


@dataclass(frozen=True)
class KeptBatch:
    """A batch's folder and what can be read from it."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def uploads(self) -> Path:
        """Where uploaded files lie."""
        return self.folder / "uploads"

    @property
    def zip_file(self) -> Path:
        """Where everything is packed for a download."""
        return self.folder / "results.zip"

    def scene_folder(self, number: int) -> Path:
        """Where the results of an image lie that was predicted by windows."""
        return self.folder / "scenes" / f"{number:06}"

    def record(self) -> BatchRecord:
        """What is predicted, and how.

        Raises:
            WorkspaceError: the file is missing or damaged.
        """
        path = self.folder / _RECORD
        try:
            status = path.stat()
            # A list of batches is read at every run of the page, and written now and then.
            return _record_at(path, status.st_mtime_ns, status.st_size, status.st_ino)
        except (OSError, ValueError, RecursionError) as error:
            raise _unreadable("the batch", path) from error

    def card(self) -> ModelCard:
        """The model's card, as it was then.

        Raises:
            WorkspaceError: the file is missing or damaged.
        """
        path = self.folder / _CARD
        try:
            return ModelCard.model_validate_json(read_text(path))
        except (OSError, ValueError, RecursionError) as error:
            raise _unreadable("the model card of the batch", path) from error

    def results(self) -> dict[int, ImageResult]:
        """What became of the images so far, by number; the last line of one counts.

        A line that a kill cut off is passed over: that image is predicted again.

        Raises:
            WorkspaceError: the file cannot be read.
        """
        path = self.folder / _RESULTS
        try:
            lines = read_text(path, most=_MOST_TEXT).splitlines()
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise _unreadable("the results of the batch", path) from error
        results = {}
        for line in lines:
            try:
                result = ImageResult.model_validate_json(line)
            except ValidationError:
                continue
            results[result.number] = result
        return dict(sorted(results.items()))

    def write_record(self, record: BatchRecord) -> None:
        """Replace what is known of it.

        Raises:
            WorkspaceError: the disk refuses.
        """
        write_json(self.folder / _RECORD, record.model_dump(mode="json"))

    def write_card(self, card: ModelCard) -> None:
        """Keep the model's card.

        Raises:
            WorkspaceError: the disk refuses.
        """
        write_json(self.folder / _CARD, card.model_dump(mode="json"))

    def add_result(self, result: ImageResult) -> None:
        """Keep what became of an image.

        Raises:
            WorkspaceError: the disk refuses.
        """
        path = self.folder / _RESULTS
        # Lines begin with a new one: what a kill left of the last is a line of its own then.
        text = f"\n{json.dumps(result.model_dump(mode='json'), separators=(',', ':'))}"
        with disk_errors(path), path.open("ab") as file:
            file.write(text.encode())

    def forget_failed(self) -> int:
        """Have the images that could not be predicted tried again; returns how many these are."""
        results = self.results()
        left = [result for result in results.values() if not result.failed]
        texts = [json.dumps(r.model_dump(mode="json"), separators=(",", ":")) for r in left]
        write_bytes(self.folder / _RESULTS, "\n".join(texts).encode())
        if failed := len(results) - len(left):
            self.write_record(self.record().model_copy(update={"finished": False}))
        return failed

    def write_maps(self, number: int, maps: ImageMaps) -> None:
        """Keep the maps of an image.

        Raises:
            WorkspaceError: the disk refuses.
        """
        sure = maps.certainty
        stack = np.dstack([maps.labels, sure.confidence, sure.entropy])
        write_bytes(self._maps_file(number), png_bytes(stack))
        if sure.disagreement is not None:
            write_bytes(self._maps_file(number, "-views"), png_bytes(sure.disagreement))

    def maps(self, number: int, classes: int) -> ImageMaps:
        """The maps of an image.

        Args:
            number: of the image.
            classes: number of the model's classes.

        Raises:
            WorkspaceError: they are missing or damaged.
        """
        path = self._maps_file(number)
        stack = _read_png(path, 3)[..., ::-1]
        labels, confidence, entropy = np.moveaxis(stack, -1, 0).copy()
        views = self._maps_file(number, "-views")
        disagreement = _read_png(views, 1) if views.is_file() else None
        sure = Certainty(confidence, entropy, most_bits(classes), disagreement)
        return ImageMaps(labels, sure)

    def scene_path(self, number: int) -> Path:
        """The GeoTIFF of labels of an image that was predicted by windows.

        Args:
            number: of the image.

        Raises:
            WorkspaceError: the file is missing.
        """
        path = next(iter(sorted(self.scene_folder(number).glob("*_labels.tif"))), None)
        if path is None:
            raise WorkspaceError("the map of this image is missing", where=self.id, remedy=_REMEDY)
        return path

    def _maps_file(self, number: int, ending: str = "") -> Path:
        return self.folder / "maps" / f"{number:06}{ending}.png"

    def size(self) -> int:
        """Bytes of all its files."""
        total = 0
        for path in self.folder.rglob("*"):
            with suppress(OSError):
                total += path.lstat().st_size
        return total


@lru_cache(maxsize=2 * MOST_BATCHES)
def _record_at(path: Path, *stamp: int) -> BatchRecord:
    return BatchRecord.model_validate_json(read_text(path, most=_MOST_TEXT))


def _unreadable(what: str, path: Path) -> WorkspaceError:
    return WorkspaceError(f"{what} cannot be read", where=str(path), remedy=_REMEDY)


def _read_png(path: Path, bands: int) -> np.ndarray:
    """(H, W) or (H, W, 3) uint8 BGR."""
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise WorkspaceError(
            "the map of this image is missing", where=str(path), remedy=_REMEDY
        ) from error
    pixels = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    shape = (2, None) if bands == 1 else (3, bands)
    if pixels is None or pixels.dtype != np.uint8 or pixels.ndim != shape[0]:
        raise WorkspaceError("the map of this image is damaged", where=str(path), remedy=_REMEDY)
    return np.asarray(pixels)


def _home() -> Path:
    return workspace().root / "predictions" / "batches"


def list_batches(
    on_error: Callable[[WorkspaceError], None], also: Container[str] = ()
) -> dict[str, tuple[KeptBatch, BatchRecord]]:
    """The batches that everybody may see, by id, the last first.

    Args:
        on_error: gets what is wrong with one that cannot be read.
        also: ids of those that are listed though they are of uploads and stay with who made them.
    """
    listed = []
    for name in list_folder(_home()).folders:
        kept = KeptBatch(_home() / name)
        if not is_name(name) or not (kept.folder / _RECORD).is_file():
            continue  # it is being begun
        try:
            record = kept.record()
        except WorkspaceError as error:
            on_error(error)
            continue
        if record.listed or name in also:
            listed.append((kept, record))
    listed.sort(key=lambda pair: pair[1].made, reverse=True)
    return {kept.id: (kept, record) for kept, record in listed}


def find_batch(batch: str) -> KeptBatch:
    """The batch of an id.

    Raises:
        WorkspaceError: there is none.
    """
    folder = _home() / batch
    if not is_name(batch) or not (folder / _RECORD).is_file():
        raise WorkspaceError(
            "there is no such batch of predictions",
            where=batch,
            remedy="choose one from the list; batches of uploads go after a day",
        )
    return KeptBatch(folder)


def new_batch() -> KeptBatch:
    """A new, empty folder for a batch; its name cannot be guessed.

    Raises:
        WorkspaceError: the disk refuses.
    """
    stamp = time.strftime("%Y-%m-%d-%H%M%S", time.gmtime())
    folder = _home() / f"{stamp}-{secrets.token_hex(16)}"
    with disk_errors(folder):
        folder.mkdir(parents=True)
    return KeptBatch(folder)


@contextmanager
def held_batch(kept: KeptBatch) -> Iterator[None]:
    """Hold a batch while it is predicted: no other process goes on with it or deletes it.

    Raises:
        WorkspaceError: another holds it, or it is gone.
    """
    with disk_errors(kept.folder):
        held = hold_folder(kept.folder)
    if held is None:
        raise WorkspaceError(
            "this batch is being predicted already", where=kept.id, remedy="wait, or stop it"
        )
    try:
        yield
    finally:
        release_folder(held)


def delete_batch(kept: KeptBatch) -> None:
    """Delete a batch that does not go on.

    Raises:
        WorkspaceError: it goes on, it is gone already, or the disk refuses.
    """
    if not kept.folder.is_dir():
        raise WorkspaceError("the batch is gone already", where=kept.id, remedy="reload the page")
    with held_batch(kept):
        # Off the list in one step; what is left of a deletion that is killed is hidden.
        hidden = kept.folder.with_name(f".deleted-{uuid.uuid4().hex}")
        with disk_errors(kept.folder):
            kept.folder.rename(hidden)
    with disk_errors(hidden):
        remove_held(hidden)


def make_room(last: KeptBatch) -> None:
    """Remove the oldest batches where there are too many, or too many bytes, and old unlisted ones.

    One that is being predicted stays.

    Args:
        last: the one that stays in any case.
    """
    now, left, number = time.time(), MOST_BYTES, 0
    for name in sorted(list_folder(_home()).folders, reverse=True):  # names begin with the time
        kept = KeptBatch(_home() / name)
        if not is_name(name):
            continue
        left, number = left - kept.size(), number + 1
        if kept.id == last.id:
            continue
        if left < 0 or number > MOST_BATCHES or _is_over(kept, now):
            with suppress(WorkspaceError):  # it goes on
                delete_batch(kept)


def _is_over(kept: KeptBatch, now: float) -> bool:
    """Whether a batch was of uploads that nobody asked to keep, or was never begun in full."""
    try:
        record = kept.record()
        return not record.listed and now - record.made > UNLISTED_SECONDS
    except WorkspaceError:
        with suppress(OSError):
            return now - kept.folder.stat().st_mtime > UNLISTED_SECONDS
        return False


def free_bytes(kept: KeptBatch) -> int:
    """Free bytes of the disk that a batch lies on.

    Raises:
        WorkspaceError: its place is gone.
    """
    with disk_errors(kept.folder):
        return shutil.disk_usage(kept.folder).free
