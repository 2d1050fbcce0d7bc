"""What results were made from, kept in their summary: whether the same is there already."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.imagery.source.sidecars import mask_beside, usable_data_mask
from core.inference.outputs.kinds import OutputKind, Wanted
from core.inference.predictor import Predictor
from core.provenance import is_own_file

__all__ = ["MadeFrom", "image_fingerprint", "same_results"]

_WHOLE = 512 * 1024**2  # bytes of a file of which all are looked at
_PIECES, _PIECE = 256, 64 * 1024  # of a larger one
_MEMBER = "made_from"
_WORDS = {
    "image": "the image has changed",
    "model": "they are of another model",
    "options": "they were made with other options",
    "files": "a file is missing, or not the one that was written",
}


@dataclass(frozen=True)
class MadeFrom:
    """What the results of an image depend on.

    Attributes:
        image: fingerprint of the image, see `image_fingerprint`.
        model: SHA-256 of the model's card.
        options: of the prediction and of its files.
        files: SHA-256 by name of the files that were written before the summary.
    """

    image: str
    model: str
    options: Mapping[str, Any]
    files: Mapping[str, str] | None = None

    @classmethod
    def of(cls, image: Path, predictor: Predictor, wanted: Wanted) -> MadeFrom:
        """Of an image that is to be predicted.

        Args:
            image: path of the image.
            predictor: of the model.
            wanted: which files, with the tolerance of their outlines in pixels.
        """
        options = {
            "tile": predictor.tile,
            "large_tile": predictor.large_tile,
            "overlap": predictor.overlap,
            "symmetries": predictor.averaging.symmetries,
            "scales": list(predictor.averaging.scales),
            "files": wanted.kinds(located=True),
            "min_area": wanted.outlines.min_area,
            "simplify": wanted.outlines.simplify,
            "bands": list(predictor.input.bands),
        }
        return cls(image_fingerprint(image), predictor.model_digest, options)

    def with_files(self, paths: Mapping[OutputKind, Path]) -> MadeFrom:
        """The same with the digests of files that are written.

        Args:
            paths: of all files; the summary is left out.
        """
        return replace(self, files=_digests(paths))

    def record(self) -> dict[str, Any]:
        """What stands in the summary."""
        values = {"image": self.image, "model": self.model, "options": dict(self.options)}
        return {_MEMBER: values | {"files": dict(self.files or {})}}


def same_results(paths: Mapping[OutputKind, Path], wanted: MadeFrom) -> tuple[bool, str]:
    """Whether the results are complete and made from the same.

    Args:
        paths: of all files.
        wanted: what they are to be made from.

    Returns:
        Whether they are; and in words why not, empty where there are none.
    """
    summary = paths["summary"]
    if not is_own_file(summary):
        return False, ""
    made: dict[str, Any] | None = json.loads(summary.read_text()).get(_MEMBER)
    if made is None:
        return False, "they do not say what they were made from"
    for member in ("image", "model", "options"):
        if made[member] != getattr(wanted, member):
            return False, _WORDS[member]
    missing = any(not path.is_file() for path in paths.values())
    if missing or made["files"] != _digests(paths):
        return False, _WORDS["files"]
    return True, ""


def _digests(paths: Mapping[OutputKind, Path]) -> dict[str, str]:
    digests = {}
    for kind, path in paths.items():
        if kind != "summary":
            with path.open("rb") as file:
                digests[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests


def image_fingerprint(path: Path) -> str:
    """SHA-256 of an image file, and of the masks and tags beside it.

    Of a file above 512 MiB its size, the time it was changed, its ends and pieces between are
    looked at: reading it whole could take as long as many rows of tiles.
    """
    digest = hashlib.sha256()
    beside = [path.with_name(f"{path.name}.aux.xml"), mask_beside(path), usable_data_mask(path)]
    beside += [path.with_suffix(suffix) for suffix in (".tfw", ".tifw", ".wld", ".prj")]
    for file in [path, *filter(None, beside)]:
        if not file.is_file():
            continue
        status = file.stat()
        digest.update(f"{file.name} {status.st_size}\n".encode())
        with file.open("rb") as content:
            if status.st_size <= _WHOLE:
                digest.update(hashlib.file_digest(content, "sha256").digest())
                continue
            digest.update(f"{status.st_mtime_ns}".encode())
            for number in range(_PIECES):
                content.seek((status.st_size - _PIECE) * number // (_PIECES - 1))
                digest.update(content.read(_PIECE))
    return digest.hexdigest()
