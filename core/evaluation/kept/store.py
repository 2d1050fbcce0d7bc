"""The evaluations of a workspace: a folder each, listed, read, annotated and deleted."""

from __future__ import annotations

import os
import time
import uuid
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from core.errors import WorkspaceError
from core.evaluation.analysis import Analysis
from core.evaluation.kept.record import LONGEST_NOTE, EvaluationRecord
from core.folder_lock import remove_held
from core.imagery.output.write import png_bytes
from core.models.card import ModelCard
from core.paths import disk_errors, is_name, workspace, write_atomic, write_bytes, write_json
from core.untrusted.folder import list_folder
from core.untrusted.model_file import read_model_file

__all__ = [
    "KeptEvaluation",
    "delete_evaluation",
    "find_evaluation",
    "list_evaluations",
    "new_evaluation",
]

RECORD_FILE, CARD_FILE, COUNTS_FILE = "evaluation.json", "model.json", "counts.npz"
_REMEDY = "delete this evaluation, and evaluate again"


@dataclass(frozen=True)
class KeptEvaluation:
    """An evaluation's folder and what can be read from it."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    def record(self) -> EvaluationRecord:
        """What was evaluated, and how.

        Raises:
            WorkspaceError: the file is missing or damaged.
        """
        path = self.folder / RECORD_FILE
        return read_model_file(path, EvaluationRecord, "the evaluation", _REMEDY)

    def card(self) -> ModelCard:
        """The model's card, as it was then.

        Raises:
            WorkspaceError: the file is missing or damaged.
        """
        path = self.folder / CARD_FILE
        return read_model_file(path, ModelCard, "the model card of the evaluation", _REMEDY)

    def analysis(self) -> Analysis | None:
        """The counts of the samples scored so far; None before the first were kept.

        Raises:
            WorkspaceError: the file is damaged.
        """
        path = self.folder / COUNTS_FILE
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return Analysis.from_arrays(arrays)
        except FileNotFoundError:
            return None
        except (
            *(OSError, ValueError, KeyError, IndexError, TypeError),
            *(OverflowError, EOFError, zipfile.BadZipFile),
        ) as error:
            raise WorkspaceError(
                "the counts of the evaluation cannot be read", where=str(path), remedy=_REMEDY
            ) from error

    def labels(self, number: int) -> np.ndarray:
        """The labels that were predicted for a sample, (H, W) uint8, 255 = void.

        Args:
            number: of the sample, from 0.

        Raises:
            WorkspaceError: the file is missing or damaged.
        """
        path = self._labels_file(number)
        try:
            data = np.frombuffer(path.read_bytes(), np.uint8)
        except OSError as error:
            raise WorkspaceError(
                "the prediction of this sample is missing", where=str(path), remedy=_REMEDY
            ) from error
        labels = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
        if labels is None or labels.ndim != 2 or labels.dtype != np.uint8:
            raise WorkspaceError(
                "the prediction of this sample is damaged", where=str(path), remedy=_REMEDY
            )
        return labels

    def write_record(self, record: EvaluationRecord) -> None:
        """Replace what is known of it."""
        write_json(self.folder / RECORD_FILE, record.model_dump(mode="json"))

    def write_card(self, card: ModelCard) -> None:
        """Keep the model's card."""
        write_json(self.folder / CARD_FILE, card.model_dump(mode="json"))

    def write_analysis(self, analysis: Analysis) -> None:
        """Replace the counts."""

        def write(path: Path) -> None:
            with path.open("wb") as file:  # else NumPy adds an ending
                np.savez_compressed(file, **analysis.arrays())  # type: ignore[arg-type]

        write_atomic(self.folder / COUNTS_FILE, write)

    def write_labels(self, number: int, labels: np.ndarray) -> None:
        """Keep the labels (H, W) uint8 that were predicted for a sample."""
        write_bytes(self._labels_file(number), png_bytes(labels))

    def write_note(self, note: str) -> EvaluationRecord:
        """Replace a person's note.

        Raises:
            WorkspaceError: it is too long, or the evaluation is damaged or goes on.
        """
        if len(note) > LONGEST_NOTE:
            raise WorkspaceError(
                f"a note has at most {LONGEST_NOTE:,} characters, this one {len(note):,}",
                where=self.id,
                remedy="shorten it",
            )
        record = self.record().model_copy(update={"note": note})
        self.write_record(record)
        return record

    def _labels_file(self, number: int) -> Path:
        return self.folder / "labels" / f"{number:06}.png"


def list_evaluations(
    on_error: Callable[[WorkspaceError], None],
) -> dict[str, tuple[KeptEvaluation, EvaluationRecord]]:
    """The evaluations by id, the last first.

    Args:
        on_error: gets what is wrong with one that cannot be read.
    """
    home = workspace().evaluations
    listed = []
    for name in list_folder(home).folders:
        if is_name(name):
            kept = KeptEvaluation(home / name)
            try:
                listed.append((kept, kept.record()))
            except WorkspaceError as error:
                on_error(error)
    listed.sort(key=lambda pair: pair[1].made, reverse=True)
    return {kept.id: (kept, record) for kept, record in listed}


def find_evaluation(evaluation: str) -> KeptEvaluation:
    """The evaluation of an id.

    Raises:
        WorkspaceError: there is none.
    """
    folder = workspace().evaluations / evaluation
    if not is_name(evaluation) or not (folder / RECORD_FILE).is_file():
        raise WorkspaceError(
            f"there is no evaluation {evaluation!r}", remedy="choose one from the list"
        )
    return KeptEvaluation(folder)


def new_evaluation(record: EvaluationRecord, card: ModelCard) -> KeptEvaluation:
    """A new folder in the workspace for an evaluation that begins.

    Raises:
        WorkspaceError: the disk refuses.
    """
    stamp = time.strftime("%Y-%m-%d-%H%M%S", time.gmtime(record.made))
    kept = KeptEvaluation(workspace().evaluations / f"{stamp}-{os.urandom(2).hex()}")
    kept.write_card(card)
    kept.write_record(record)
    return kept


def delete_evaluation(kept: KeptEvaluation) -> None:
    """Delete an evaluation that does not go on.

    Raises:
        WorkspaceError: it is gone already, or the disk refuses.
    """
    if not kept.folder.is_dir():
        raise WorkspaceError(f"the evaluation {kept.id} is gone already", remedy="reload the page")
    # Off the list in one step; what is left of a deletion that is killed is hidden.
    hidden = kept.folder.with_name(f".deleted-{uuid.uuid4().hex}")
    with disk_errors(kept.folder):
        kept.folder.rename(hidden)
        remove_held(hidden)
