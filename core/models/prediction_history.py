"""Predictions of datasets' samples, kept in the workspace: how they were made, picture and map.

Each is three files in the workspace's ``predictions`` folder: ``ID.json``, ``ID.jpg`` for lists,
and ``ID.png``, whose three bands are the labels, confidence and entropy; where views were averaged
a fourth, ``ID.views.png``, with their disagreement. The first is written last and removed first, so
that what has it is whole. The oldest go where there are too many, or too many bytes.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from core.errors import ImageError, WorkspaceError
from core.imagery.output.write import png_bytes
from core.imagery.raster import read_raster
from core.locks import locked
from core.paths import disk_errors, workspace, write_bytes, write_json
from core.untrusted.text_file import read_text

__all__ = [
    "LARGEST_PICTURE",
    "MOST_BYTES",
    "MOST_PREDICTIONS",
    "KeptPrediction",
    "PredictionHistory",
    "delete_prediction",
    "find_prediction",
    "forget_predictions",
    "keep_prediction",
    "note_threshold",
    "prediction_history",
    "read_maps",
    "read_picture",
    "rename_in_predictions",
]

MOST_PREDICTIONS = 60
"""Predictions that are kept; the oldest goes first."""

MOST_BYTES = 512 * 1024**2
"""Bytes of all their files; the oldest go first, the last one never."""

LARGEST_PICTURE = 128 * 1024
"""Bytes of a picture."""

_CHANGING = threading.Lock()  # threads of one process share its locks on files
_TEXT = Annotated[str, Field(max_length=1024)]
_DIGEST = Annotated[str, Field(max_length=128)]
_RECORD = 64 * 1024  # bytes
_VIEWS = ".views.png"
_ENDINGS = (".json", ".jpg", ".png", _VIEWS)
_FORMER = "recent.json"  # of versions that kept eight pictures and no map


class KeptPrediction(BaseModel):
    """How a prediction of a dataset's sample was made.

    Attributes:
        model, dataset, sample: their names.
        weights, image: digests of the model's weights and of the image as it was used.
        symmetries, scales: over what it was averaged, as of
            `core.inference.averaging.Averaging`.
        overlap: of neighbouring tiles, in % of a tile.
        seconds: time that it took.
        made: when, in seconds since 1970.
        threshold: probability of class 1 of two classes at which it was looked at last; the maps
            are as they were predicted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[2] = 2
    model: _TEXT
    dataset: _TEXT
    sample: _TEXT
    weights: _DIGEST
    image: _DIGEST
    symmetries: bool = False
    scales: tuple[float, ...] = Field((1.0,), max_length=16)
    overlap: int = Field(ge=0, le=100)
    seconds: float = Field(0.0, ge=0)
    made: float = Field(default_factory=time.time)
    threshold: float = Field(0.5, ge=0, le=1)

    @property
    def id(self) -> str:
        """Names its files: the same for the same image, weights and settings."""
        return self.identity(self.weights, self.image, self.symmetries, self.scales, self.overlap)

    @staticmethod
    def identity(
        weights: str, image: str, symmetries: bool, scales: Sequence[float], overlap: int
    ) -> str:
        """The `id` of a prediction with these attributes."""
        parts = (weights, image, symmetries, [float(scale) for scale in scales], overlap)
        return hashlib.blake2b(json.dumps(parts).encode(), digest_size=12).hexdigest()


class PredictionHistory(NamedTuple):
    """What is kept.

    Attributes:
        predictions: the last one first; their datasets and models may be gone.
        damaged: files that cannot be read.
    """

    predictions: Sequence[KeptPrediction]
    damaged: Sequence[Path]


def prediction_history() -> PredictionHistory:
    """The predictions of this workspace, without their maps and pictures."""
    predictions: list[KeptPrediction] = []
    damaged: list[Path] = []
    for path in _folder().glob("*.json"):
        if path.name == _FORMER:
            continue
        try:
            predictions.append(_read(path))
        except FileNotFoundError:  # removed meanwhile
            continue
        except (OSError, ValueError):  # a ValidationError is a ValueError
            damaged.append(path)
    return PredictionHistory(sorted(predictions, key=lambda kept: -kept.made), sorted(damaged))


def find_prediction(identity: str) -> KeptPrediction | None:
    """The prediction of an id, as of `KeptPrediction.identity`; None where none can be read."""
    try:
        return _read(_file(identity, ".json"))
    except (OSError, ValueError):
        return None


def _read(path: Path) -> KeptPrediction:
    kept = KeptPrediction.model_validate_json(read_text(path, most=_RECORD))
    if kept.id != path.stem:
        raise ValueError("a record under another one's name")
    return kept


def read_picture(kept: KeptPrediction) -> bytes | None:
    """The small JPEG of a prediction; None where it is gone."""
    path = _file(kept.id, ".jpg")
    try:
        with path.open("rb") as file:
            picture = file.read(LARGEST_PICTURE + 1)
    except OSError:
        return None
    return picture if len(picture) <= LARGEST_PICTURE else None


def read_maps(kept: KeptPrediction) -> np.ndarray:
    """The maps of a prediction, as `keep_prediction` takes them: three or four.

    Raises:
        WorkspaceError: it is gone or damaged.
    """
    pixels = _read_map(_file(kept.id, ".png"), 3)
    views = _file(kept.id, _VIEWS)
    if not views.is_file():
        return pixels
    disagreement = _read_map(views, 1)
    if disagreement.shape[:2] != pixels.shape[:2]:
        raise _no_map(views)
    return np.concatenate([pixels, disagreement], axis=-1)


def _read_map(path: Path, bands: int) -> np.ndarray:
    try:
        pixels = read_raster(path, values="stored").pixels
    except ImageError as error:
        raise WorkspaceError(
            "the map of this prediction cannot be read",
            where=str(path),
            remedy="delete the prediction, and make it again",
        ) from error
    if pixels.dtype != np.uint8 or pixels.shape[-1] != bands:
        raise _no_map(path)
    return pixels


def _no_map(path: Path) -> WorkspaceError:
    return WorkspaceError(
        "this is no map of a prediction",
        where=str(path),
        remedy="delete the prediction, and make it again",
    )


def keep_prediction(kept: KeptPrediction, maps: np.ndarray, picture: bytes) -> None:
    """Keep a prediction as the last one; an earlier one of the same goes.

    Args:
        kept: how it was made.
        maps: (H, W, 3) uint8: labels with 255 = void, and the codes of confidence and entropy, as
            in `core.inference.certainty.Certainty`; with a fourth band, of disagreement too.
        picture: a small JPEG of it.

    Raises:
        ValueError: the picture has more than `LARGEST_PICTURE` bytes.
        WorkspaceError: the disk refuses.
    """
    if len(picture) > LARGEST_PICTURE:
        raise ValueError(f"expected at most {LARGEST_PICTURE} bytes, received a larger picture")
    png = png_bytes(np.ascontiguousarray(maps[..., :3]))
    views = png_bytes(maps[..., 3]) if maps.shape[-1] > 3 else None
    with _held() as folder:
        record = _file(kept.id, ".json")
        with disk_errors(folder):
            record.unlink(missing_ok=True)
        write_bytes(_file(kept.id, ".png"), png)
        if views is not None:
            write_bytes(_file(kept.id, _VIEWS), views)
        write_bytes(_file(kept.id, ".jpg"), picture)
        write_json(record, kept.model_dump(mode="json"))
        _make_room(kept)


def note_threshold(identity: str, threshold: float) -> None:
    """Keep the threshold at which a prediction is looked at; nothing where it is not kept.

    Args:
        identity: as of `KeptPrediction.identity`.
        threshold: probability of class 1 of two classes.

    Raises:
        WorkspaceError: the disk refuses.
    """
    if (there := find_prediction(identity)) is None or there.threshold == threshold:
        return
    with _held():
        if kept := find_prediction(identity):
            moved = kept.model_copy(update={"threshold": threshold})
            write_json(_file(kept.id, ".json"), moved.model_dump(mode="json"))


def delete_prediction(kept: KeptPrediction) -> None:
    """Remove a prediction.

    Raises:
        WorkspaceError: the disk refuses.
    """
    with _held():
        _remove(kept.id)


def forget_predictions(*, dataset: str = "", model: str = "") -> None:
    """Remove the predictions of a dataset or of a model.

    Damaged ones go too: nobody knows what they hold of them.

    Args:
        dataset, model: names of those that are deleted.

    Raises:
        WorkspaceError: the disk refuses.
    """
    if not _folder().exists():
        return
    with _held() as folder:
        predictions, damaged = prediction_history()
        for kept in predictions:
            if kept.dataset == dataset or kept.model == model:
                _remove(kept.id)
        for path in damaged:
            _remove(path.stem)
        with disk_errors(folder):
            (folder / _FORMER).unlink(missing_ok=True)


def rename_in_predictions(name: str, new: str, kind: Literal["dataset", "model"]) -> None:
    """Have the predictions of a dataset or a model follow its new name.

    Args:
        name, new: names.
        kind: whose.

    Raises:
        WorkspaceError: the disk refuses.
    """
    if not _folder().exists():
        return
    with _held():
        for kept in prediction_history().predictions:
            if getattr(kept, kind) == name:
                renamed = kept.model_copy(update={kind: new})
                write_json(_file(kept.id, ".json"), renamed.model_dump(mode="json"))


def _make_room(last: KeptPrediction) -> None:
    """Remove the oldest, and files that belong to none."""
    left, number = MOST_BYTES, 0
    known = set()
    for kept in prediction_history().predictions:
        size = 0
        for ending in _ENDINGS:
            with suppress(OSError):
                size += _file(kept.id, ending).stat().st_size
        left, number = left - size, number + 1
        if kept.id != last.id and (left < 0 or number > MOST_PREDICTIONS):
            _remove(kept.id)
        else:
            known.add(kept.id)
    for path in _folder().iterdir():
        ours = path.suffix in (".jpg", ".png") and not path.name.startswith(".")
        identity = path.name.partition(".")[0]
        if ours and identity not in known and not _file(identity, ".json").exists():
            with disk_errors(path):
                path.unlink(missing_ok=True)


def _remove(identity: str) -> None:
    for ending in _ENDINGS:
        path = _file(identity, ending)
        with disk_errors(path):
            path.unlink(missing_ok=True)


def _folder() -> Path:
    return workspace().root / "predictions"


def _file(identity: str, ending: str) -> Path:
    return _folder() / f"{identity}{ending}"


@contextmanager
def _held() -> Iterator[Path]:
    folder = _folder()
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with _CHANGING, locked(folder / "history.lock"):
        yield folder
