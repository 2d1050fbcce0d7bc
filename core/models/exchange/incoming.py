"""A model from elsewhere, as a ZIP or a folder on the server, becomes one of the workspace.

Only a card (`model.json`), the weights that it names and, for a network from elsewhere, its layers
as data are taken: no code. Before the model appears it was built and given its weights once, in a
process of its own, so that a file that is made to break the reader of HDF5 takes nobody along.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.errors import ModelError
from core.formats import binary_size
from core.models.architectures.imported import NETWORK_FILE, ImportedSpec
from core.models.card import CARD_FILE, ModelCard
from core.models.exchange.names import check_free
from core.models.imported.network import read_network
from core.models.store import read_card
from core.paths import disk_errors, labelled_data_roots, new_folder, workspace, write_json
from core.untrusted.archive import ArchiveError, Limits, extract
from core.untrusted.bounded import Bounded, OutOfBounds, Refused
from core.untrusted.folder import list_folder

__all__ = ["LIMITS", "ServerModel", "import_archive", "import_folder", "server_models"]

Progress = Callable[[int, int], None]

LIMITS = Limits(files=100, total=2 * 1024**3, single=2 * 1024**3, ratio=20.0)
"""What a ZIP of a model may hold."""

_KEPT = (".json", ".h5")
_DEPTH = 2  # levels below an allow-listed root that are searched for models
_BYTES = 4  # of a weight, as a float32
_STAGES = 3  # read, checked, in place
_MEMORY = 32 * 1024**3  # bytes of address space, of which TensorFlow uses a small part
_SECONDS = 300.0


@dataclass(frozen=True)
class ServerModel:
    """A model's folder below an allow-listed folder of the server.

    Attributes:
        id: what the browser sends back: ``server/…``.
        folder: where it lies.
    """

    id: str
    folder: Path


def server_models() -> list[ServerModel]:
    """Folders with a model card below the server's data folders (``$DSI_DATA_ROOTS``)."""
    return [
        ServerModel("/".join(("server", label, *folder.relative_to(root).parts)), folder)
        for label, root in labelled_data_roots()
        for folder in _below(root, _DEPTH)
        # A link may lead out of what the server's owner has allowed.
        if folder.resolve().is_relative_to(root)
    ]


def _below(folder: Path, depth: int) -> list[Path]:
    if (folder / CARD_FILE).is_file():
        return [folder]
    if depth == 0:
        return []
    return [m for name in list_folder(folder).folders for m in _below(folder / name, depth - 1)]


def import_archive(source: BinaryIO | Path, name: str, progress: Progress | None = None) -> Path:
    """Take a model out of a ZIP into ``models/NAME`` of the workspace.

    Args:
        source: the ZIP, as a file or open for reading, with one card in it, at any depth.
        name: free name (`core.models.exchange.names.free_name`).
        progress: called with (stages done, stages in all).

    Returns:
        Its folder.

    Raises:
        ModelError: the archive is refused (`core.untrusted.archive.extract`), holds no card or
            several, or the model is refused as by `import_folder`.
        WorkspaceError: the name is not allowed, or the disk refuses.
    """
    check_free(name)
    with new_folder(workspace().models / name) as partial:
        unpacked = partial / ".unpacked"
        with disk_errors(unpacked):
            unpacked.mkdir()
        try:
            if isinstance(source, Path):
                with source.open("rb") as file:
                    extract(file, unpacked, _KEPT, limits=LIMITS)
            else:
                extract(source, unpacked, _KEPT, limits=LIMITS)
        except ArchiveError as error:
            raise ModelError(error.what, where=error.where, remedy=error.remedy) from error
        _take(_model_folder(unpacked), partial, name, progress)
        shutil.rmtree(unpacked)
    return workspace().models / name


def import_folder(model: str, name: str, progress: Progress | None = None) -> Path:
    """Copy a model from a folder of the server into ``models/NAME`` of the workspace.

    Args:
        model: id, as `server_models` lists it.
        name: free name.
        progress: called with (stages done, stages in all).

    Returns:
        Its folder.

    Raises:
        ModelError: there is no such folder, the card does not fit, the weights are missing, too
            large or too small, of another SHA-256, or hold values that are no numbers.
        WorkspaceError: the name is not allowed, or the disk refuses.
    """
    check_free(name)
    folder = next((m.folder for m in server_models() if m.id == model), None)
    if folder is None:
        raise ModelError(f"there is no model folder {model!r}", remedy="choose one of the list")
    with new_folder(workspace().models / name) as partial:
        _take(folder, partial, name, progress)
    return workspace().models / name


def _model_folder(unpacked: Path) -> Path:
    cards = sorted(unpacked.rglob(CARD_FILE))
    if len(cards) != 1:
        raise ModelError(
            f"the archive holds {'several model cards' if cards else f'no {CARD_FILE}'}",
            remedy="pack one model: its model.json with the weights that it names",
        )
    return cards[0].parent


def _take(folder: Path, target: Path, name: str, progress: Progress | None) -> None:
    """Copy card and weights, and see that they are a model."""

    def report(done: int) -> None:
        if progress:
            progress(done, _STAGES)

    report(0)
    card = read_card(folder).model_copy(update={"name": name})
    weights = folder / card.weights
    _check_size(card, weights)
    with disk_errors(target):
        shutil.copyfile(weights, target / card.weights)
        if isinstance(card.spec, ImportedSpec):
            read_network(folder, card.spec)  # checked as data before a process builds it
            shutil.copyfile(folder / NETWORK_FILE, target / NETWORK_FILE)
    write_json(target / CARD_FILE, card.model_dump(mode="json"))
    report(1)
    _check(target)
    report(2)


def _check_size(card: ModelCard, weights: Path) -> None:
    if not weights.is_file():
        raise ModelError(
            "the model's weights are missing",
            where=card.weights,
            remedy="give the file that the card names beside it",
        )
    size = weights.stat().st_size
    if size > LIMITS.single:
        raise ModelError(
            f"the weights have {binary_size(size)}, and {binary_size(LIMITS.single)} is the limit",
            where=card.weights,
            remedy="give a smaller model",
        )
    # Packed numbers could be any amount of memory, and so could the network they are said to fit.
    if size < _BYTES * card.parameters:
        raise ModelError(
            f"the weights have {binary_size(size)}, too little for the {card.parameters:,} "
            "parameters of the card",
            where=card.weights,
            remedy="save them without compression, as save_weights of Keras does",
        )


def _check(folder: Path) -> None:
    bounded = Bounded("core.models.exchange.check_process", _MEMORY, {"CUDA_VISIBLE_DEVICES": "-1"})
    try:
        what, remedy = bounded.call("check", str(folder), seconds=_SECONDS)
    except OutOfBounds as error:
        raise ModelError(
            f"the model takes more than it may: {error}", remedy="give a smaller model"
        ) from error
    except Refused as error:
        raise ModelError(
            "the model cannot be read",
            where=str(error).partition("\n")[0],
            remedy="save it again, as a training here does",
        ) from error
    finally:
        bounded.close()
    if what:
        raise ModelError(what, remedy=remedy)
