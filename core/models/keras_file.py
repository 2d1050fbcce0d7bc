"""A model as one `.keras` file, for Netron to draw."""

from __future__ import annotations

import re
import threading
from pathlib import Path

from core.errors import ModelError
from core.models.store import list_models, load_model, read_card
from core.paths import is_name, workspace, write_atomic

__all__ = ["graph_file"]

_DIGITS = 12  # of the weights' SHA-256, enough to tell the versions of one model apart
_lock = threading.Lock()


def graph_file(name: str) -> Path:
    """The graph of a model with its weights, built from its card and kept in the workspace.

    It is made on the first call and again when the weights have changed; TensorFlow is imported
    only then. Several threads may ask at once.

    Args:
        name: as the model store lists it, never a path: it may come from a URL.

    Raises:
        ModelError: there is no such model, or its files do not fit together.
        WorkspaceError: the workspace cannot be written.
    """
    models = {ref.name: ref for ref in list_models()} if is_name(name) else {}
    if name not in models:
        raise ModelError(
            f"there is no model {name!r}", remedy="choose one of the models on the Inspect page"
        )
    folder = models[name].folder
    with _lock:
        sha256 = read_card(folder).sha256
        path = _path(name, sha256)
        if not path.is_file():
            model, card = load_model(folder)
            # A training may have replaced the weights in the meantime.
            path = _path(name, card.sha256)
            write_atomic(path, lambda temporary: model.save(temporary))
            _forget_others(path, name)
        return path


def _path(name: str, sha256: str) -> Path:
    return workspace().exports / "graphs" / f"{name}-{sha256[:_DIGITS]}.keras"


def _forget_others(path: Path, name: str) -> None:
    """Remove the files of this model's earlier weights: a training would pile them up."""
    own = re.compile(rf"{re.escape(name)}-[0-9a-f]{{{_DIGITS}}}\.keras")
    for other in path.parent.iterdir():
        if other != path and own.fullmatch(other.name):
            other.unlink(missing_ok=True)
