"""The process that builds a network from elsewhere first: ``python -m`` of this module."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.errors import DSIError
from core.models.imported.checks.network_check import MAX_TEXT
from core.untrusted.bounded_child import serve

Answer = tuple[str, str, str, Any]
"""What is wrong, where, and what to do about it, all empty where nothing is; and the answer."""


def read_hdf5(path: str) -> Answer:
    """The configuration in an HDF5 file and the version of Keras; both empty for weights alone."""

    def read() -> tuple[str, str]:
        h5py: Any = importlib.import_module("h5py")
        with h5py.File(path, "r") as file:
            text = _attribute(file.attrs, "model_config", MAX_TEXT)
            return text, _attribute(file.attrs, "keras_version", 100)

    return _answer(read)


def describe(text: str, weights: str) -> Answer:
    """Build a checked network, give it its weights, and try it.

    Args:
        text: from `core.models.imported.checks.network_check.check_network`.
        weights: path of the weights.

    Returns:
        The fields of a `NetworkFacts`.
    """

    def build() -> dict[str, Any]:
        from core.models.imported.assign import assign_weights
        from core.models.imported.facts import network_facts
        from core.models.imported.network import build_network

        model = build_network(text)
        assign_weights(model, Path(weights))
        return asdict(network_facts(model))

    with _temporary(weights):
        return _answer(build)


def try_weights(spec: dict[str, Any], weights: str, output: str) -> Answer:
    """Give the network of a spec the weights of a file."""

    def build() -> None:
        from core.models.families import parse_spec
        from core.models.imported.own_network import own_network

        own_network(parse_spec(spec), Path(weights), output)

    with _temporary(weights):
        return _answer(build)


@contextmanager
def _temporary(beside: str) -> Iterator[None]:
    # Libraries look for a place for temporary files by writing one, which this process may not.
    before, tempfile.tempdir = tempfile.tempdir, str(Path(beside).parent)
    try:
        yield
    finally:
        tempfile.tempdir = before


def _answer(work: Callable[[], Any]) -> Answer:
    try:
        return "", "", "", work()
    except DSIError as error:
        return error.what, error.where, error.remedy, None
    except Exception as error:
        # TensorFlow's own for memory that is not there; its name, as TensorFlow may not be loaded.
        if type(error).__name__ == "ResourceExhaustedError":
            raise MemoryError from error
        raise


def _attribute(attributes: Any, name: str, most: int) -> str:
    """A text of an HDF5 file; empty where there is none, or it is longer than it may be."""
    if name not in attributes or attributes.get_id(name).get_storage_size() > most:
        return ""
    value = attributes[name]
    value = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return value if len(value) <= most else ""


if __name__ == "__main__":
    serve({"read_hdf5": read_hdf5, "describe": describe, "try_weights": try_weights})
