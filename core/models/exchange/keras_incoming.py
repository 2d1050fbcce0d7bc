"""A network from elsewhere is tried, and becomes a model of the workspace."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ModelError
from core.models.architectures.imported import NETWORK_FILE, ImportedSpec
from core.models.card import ModelCard
from core.models.exchange.names import check_free
from core.models.imported.assign import assign_weights
from core.models.imported.network import build_network, logits_of
from core.models.imported.open_file import OpenFile, open_file, try_weights
from core.models.imported.own_network import own_network
from core.models.store import save_model
from core.paths import disk_errors, new_folder, workspace, write_atomic

if TYPE_CHECKING:
    import keras

__all__ = ["built_model", "check_weights", "keep_model", "opened_file", "usable_model"]


@contextmanager
def opened_file(path: Path) -> Iterator[OpenFile]:
    """A file looked into (`core.models.imported.open_file`), with a folder as long as it is used.

    Raises:
        ModelError: it is refused.
    """
    with tempfile.TemporaryDirectory(prefix="dsi-import-") as folder:
        yield open_file(path, Path(folder))


def check_weights(file: OpenFile, card: ModelCard, output: str = "") -> None:
    """See in a process of its own that weights alone fit the card's network.

    Args:
        file: the file; nothing is done for a whole model, which was built when it was opened.
        card: its card.
        output: ``sigmoid`` where its head has one channel for two classes.

    Raises:
        ModelError: they do not.
    """
    if file.facts is None:
        try_weights(file, card.spec, output)


def built_model(file: OpenFile, card: ModelCard, output: str = "") -> keras.Model:
    """The network with its weights, without its output made logits; built in this process.

    Args:
        file: the file, which was built in another process before.
        card: its card.
        output: as for `check_weights`.

    Raises:
        ModelError: file and card do not fit together.
    """
    if not isinstance(card.spec, ImportedSpec):
        return own_network(card.spec, file.weights, output)
    if file.network is None:
        raise ModelError("the file holds weights alone", where=file.name, remedy="name a network")
    model = build_network(file.network.text)
    assign_weights(model, file.weights)
    return model


def keep_model(file: OpenFile, card: ModelCard, model: keras.Model) -> Path:
    """Write a model into ``models/NAME`` of the workspace.

    Args:
        file: the file that it came in.
        card: its card, with the model's name; digests and the number of weights are put in.
        model: from `built_model`.

    Returns:
        Its folder.

    Raises:
        ModelError: the name is taken.
        WorkspaceError: it cannot be a name, or the disk refuses.
    """
    check_free(card.name)
    with new_folder(workspace().models / card.name) as partial:
        changed: dict[str, object] = {"parameters": int(model.count_params())}
        if isinstance(card.spec, ImportedSpec) and file.network is not None:
            text = file.network.text
            digest = hashlib.sha256(text.encode()).hexdigest()
            changed["spec"] = card.spec.model_copy(update={"sha256": digest})
            with disk_errors(partial):
                write_atomic(
                    partial / NETWORK_FILE,
                    lambda temporary: temporary.write_text(text, encoding="utf-8"),
                )
        save_model(
            model,
            partial,
            card.weights,
            lambda sha256: card.model_copy(update=changed | {"sha256": sha256}),
        )
    return workspace().models / card.name


def usable_model(card: ModelCard, model: keras.Model) -> keras.Model:
    """The network as `core.models.store.load_model` gives it: to logits of the card's classes."""
    return logits_of(model, card.spec) if isinstance(card.spec, ImportedSpec) else model
