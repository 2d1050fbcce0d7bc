"""The last predictions of datasets' samples, small, kept in the workspace for all browsers."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.errors import WorkspaceError
from core.locks import locked
from core.paths import disk_errors, workspace, write_json
from core.untrusted.text_file import read_text

__all__ = [
    "LARGEST_PICTURE",
    "MOST_PREDICTIONS",
    "KeptPrediction",
    "forget_predictions",
    "keep_prediction",
    "kept_predictions",
    "rename_in_predictions",
]

MOST_PREDICTIONS = 8
"""Predictions that are kept; the oldest goes first."""

LARGEST_PICTURE = 128 * 1024
"""Bytes of a picture."""

_CHANGING = threading.Lock()  # threads of one process share its locks on files
_TEXT = Annotated[str, Field(max_length=1024)]
_ENCODED = 4 * (LARGEST_PICTURE + 2) // 3  # characters of a picture in base64
_MOST_BYTES = MOST_PREDICTIONS * (_ENCODED + 16 * 1024)


class KeptPrediction(BaseModel):
    """A prediction of a dataset's sample.

    Attributes:
        model, dataset, sample: their names.
        symmetries, scales: over what it was averaged, as of
            `core.inference.averaging.Averaging`.
        overlap: of neighbouring tiles, in % of a tile.
        picture: a small JPEG of it, in base64.
        made: when, in seconds since 1970.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: _TEXT
    dataset: _TEXT
    sample: _TEXT
    symmetries: bool = False
    scales: tuple[float, ...] = Field((1.0,), max_length=16)
    overlap: int = Field(ge=0, le=100)
    picture: str = Field(max_length=_ENCODED)
    made: float = Field(default_factory=time.time)

    @property
    def jpeg(self) -> bytes:
        """The picture as it is shown."""
        return base64.b64decode(self.picture)

    def is_again(self, other: KeptPrediction) -> bool:
        """Whether the other one is of the same sample, model and settings."""
        left_out = {"picture", "made"}
        return self.model_dump(exclude=left_out) == other.model_dump(exclude=left_out)


class _Kept(BaseModel):
    """The content of the file, the last prediction first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    predictions: tuple[KeptPrediction, ...] = Field((), max_length=MOST_PREDICTIONS)


def kept_predictions() -> Sequence[KeptPrediction]:
    """Those of this workspace, the last first; their datasets and models may be gone.

    Raises:
        WorkspaceError: the file is damaged.
    """
    return _read(_file())


def keep_prediction(prediction: KeptPrediction) -> None:
    """Keep a prediction as the last one; an earlier one of the same goes.

    Raises:
        ValueError: its picture has more than `LARGEST_PICTURE` bytes.
        WorkspaceError: the file is damaged, or the disk refuses.
    """
    if len(prediction.jpeg) > LARGEST_PICTURE:
        raise ValueError(f"expected at most {LARGEST_PICTURE} bytes, received a larger picture")
    with _held() as path:
        others = [kept for kept in _read(path) if not prediction.is_again(kept)]
        _write(path, [prediction, *others][:MOST_PREDICTIONS])


def forget_predictions(*, dataset: str = "", model: str = "") -> None:
    """Remove the predictions of a dataset or of a model.

    A damaged file goes as a whole: nobody knows what it holds of them.

    Args:
        dataset, model: names of those that are deleted.

    Raises:
        WorkspaceError: the disk refuses.
    """
    _change(lambda kept: None if kept.dataset == dataset or kept.model == model else kept)


def rename_in_predictions(name: str, new: str, kind: Literal["dataset", "model"]) -> None:
    """Have the predictions of a dataset or a model follow its new name.

    Args:
        name, new: names.
        kind: whose.

    Raises:
        WorkspaceError: the disk refuses.
    """
    _change(
        lambda kept: kept.model_copy(update={kind: new}) if getattr(kept, kind) == name else kept
    )


def _change(change: Callable[[KeptPrediction], KeptPrediction | None]) -> None:
    if not _file().exists():
        return
    with _held() as path:
        try:
            before = _read(path)
        except WorkspaceError:
            with disk_errors(path):
                path.unlink(missing_ok=True)
            return
        after = [changed for kept in before if (changed := change(kept)) is not None]
        if after != list(before):
            _write(path, after)


def _file() -> Path:
    return workspace().root / "predictions" / "recent.json"


@contextmanager
def _held() -> Iterator[Path]:
    path = _file()
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with _CHANGING, locked(path.with_suffix(".lock")):
        yield path


def _read(path: Path) -> Sequence[KeptPrediction]:
    try:
        return _Kept.model_validate_json(read_text(path, most=_MOST_BYTES)).predictions
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:  # a ValidationError is a ValueError
        raise WorkspaceError(
            "the last predictions cannot be read",
            where=str(path),
            remedy="delete the file; nothing else needs it",
        ) from error


def _write(path: Path, predictions: Sequence[KeptPrediction]) -> None:
    write_json(path, _Kept(predictions=tuple(predictions)).model_dump(mode="json"))
