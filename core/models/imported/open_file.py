"""A file from elsewhere, looked into within bounds: what network it holds, and what it lacks."""

from __future__ import annotations

import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import ModelError
from core.formats import binary_size
from core.models.foreign import foreign_model
from core.models.imported.checks.network_check import (
    MAX_TEXT,
    CheckedNetwork,
    check_network,
    of_any_size,
)
from core.models.imported.facts import NetworkFacts
from core.models.spec import ModelSpec
from core.paths import disk_errors
from core.untrusted.archive import ArchiveError, Limits, extract
from core.untrusted.bounded import Bounded, OutOfBounds, Refused
from core.untrusted.text_file import parse_json, read_text

__all__ = ["LIMITS", "OpenFile", "open_file", "try_weights"]

LIMITS = Limits(files=50, total=2 * 1024**3, single=2 * 1024**3, ratio=20.0)
"""What a `.keras` file may hold; 2 GiB is also the limit of other files."""

_MEMORY = 8 * 1024**3  # bytes of address space, of which TensorFlow takes 3
_COPIES = 4  # of the weights, while they are read and built
_SECONDS = 180.0
_AGAIN = "save the model again with model.save of Keras, and give the whole file"


@dataclass(frozen=True)
class OpenFile:
    """A file that can become a model.

    Attributes:
        name: of the file.
        weights: where its weights lie.
        network: its layers; None for weights alone.
        facts: what was found when it was built; None for weights alone.
        version: of Keras that wrote it; empty where unknown.
    """

    name: str
    weights: Path
    network: CheckedNetwork | None = None
    facts: NetworkFacts | None = None
    version: str = ""


def open_file(path: Path, folder: Path) -> OpenFile:
    """Look into a file: a whole Keras model is checked as data, then built in a process of its own.

    Args:
        path: ``.keras``, ``.h5`` of a whole model or of weights, or ``.safetensors``.
        folder: an empty folder for what is unpacked, which has to stay as long as the result.

    Raises:
        ModelError: it is another kind of file, damaged, too large, or a layer is refused.
    """
    if not path.is_file():
        if path.is_dir():
            raise _foreign(path)
        raise ModelError("there is no such file", where=str(path), remedy="check the path")
    size = path.stat().st_size
    if size > LIMITS.single:
        raise ModelError(
            f"the file has {binary_size(size)}, and {binary_size(LIMITS.single)} is the limit",
            where=path.name,
            remedy="give a smaller model",
        )
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(b"\x89HDF"):
        text, version = _in_process("read_hdf5", str(path.resolve()), size=size, where=path.name)
        if not text:
            return OpenFile(path.name, path, version=version)
        return _described(path.name, text, version, path)
    if start.startswith(b"PK") and _is_keras(path):
        text, version = _unpacked(path, folder)
        return _described(path.name, text, version, folder / "model.weights.h5")
    if path.suffix.lower() == ".safetensors":
        return OpenFile(path.name, path)
    raise _foreign(path)


def try_weights(file: OpenFile, spec: ModelSpec, output: str) -> None:
    """See that weights alone fit a network that is built here, in a process of its own.

    Raises:
        ModelError: they do not.
    """
    content, weights = spec.model_dump(mode="json"), str(file.weights.resolve())
    size = file.weights.stat().st_size
    _in_process("try_weights", content, weights, output, size=size, where=file.name)


def _foreign(path: Path) -> ModelError:
    foreign = foreign_model(path)
    return ModelError(
        f"the file cannot be imported: it is {foreign.what}",
        where=path.name,
        remedy=foreign.remedy,
    )


def _is_keras(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "config.json" in archive.namelist()
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return path.suffix.lower() == ".keras"  # `extract` says what is wrong with it


def _unpacked(path: Path, folder: Path) -> tuple[str, str]:
    """Configuration and version of a `.keras` file, whose weights come to lie in the folder."""
    with disk_errors(folder):
        try:
            with path.open("rb") as file:
                extract(file, folder, (".json", ".h5"), limits=LIMITS)
        except ArchiveError as error:
            raise ModelError(error.what, where=path.name, remedy=error.remedy) from error
    if not (folder / "model.weights.h5").is_file():
        raise ModelError("there are no weights in the file", where=path.name, remedy=_AGAIN)
    try:
        text = read_text(folder / "config.json", most=MAX_TEXT)
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            "the network's description in the file cannot be read", where=path.name, remedy=_AGAIN
        ) from error
    return text, _version(folder / "metadata.json")


def _version(path: Path) -> str:
    try:
        content = parse_json(read_text(path))
    except (OSError, ValueError):
        return ""
    version = content.get("keras_version") if isinstance(content, dict) else None
    return version[:40] if isinstance(version, str) else ""


def _described(name: str, text: str, version: str, weights: Path) -> OpenFile:
    network: CheckedNetwork = _at(name, lambda: check_network(text, version))
    if network.shape[0] != network.shape[1]:  # tiles are square
        with suppress(ModelError):  # which the network as it is has too, or better words for
            return _built(name, of_any_size(network), version, weights)
    return _built(name, network, version, weights)


def _built(name: str, network: CheckedNetwork, version: str, weights: Path) -> OpenFile:
    size = weights.stat().st_size
    facts = _in_process("describe", network.text, str(weights.resolve()), size=size, where=name)
    return OpenFile(name, weights, network, NetworkFacts(**facts), version)


def _at(name: str, work: Any) -> Any:
    """What a check returns; its error names the file."""
    try:
        return work()
    except ModelError as error:
        raise ModelError(error.what, where=error.where or name, remedy=error.remedy) from error


def _in_process(function: str, *arguments: Any, size: int, where: str) -> Any:
    bounded = Bounded(
        "core.models.imported.check_process",
        _MEMORY + _COPIES * size,
        {"CUDA_VISIBLE_DEVICES": "-1"},
    )
    try:
        what, inside, remedy, value = bounded.call(function, *arguments, seconds=_SECONDS)
    except OutOfBounds as error:
        raise ModelError(
            f"the network takes more than it may while it is built: {error}",
            where=where,
            remedy="give a smaller network",
        ) from error
    except Refused as error:
        reason = str(error).partition("\n")[0]
        raise ModelError(
            f"the file cannot be read: {reason[:300]}", where=where, remedy=_AGAIN
        ) from error
    finally:
        bounded.close()
    if what:
        place = where if not inside or Path(inside).name == where else f"{where}, {inside}"
        raise ModelError(what, where=place, remedy=remedy)
    return value
