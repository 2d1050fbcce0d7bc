"""Models by name: bundled ones, those of runs, those in the workspace; saved and loaded by card."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import ValidationError

from core.device import tensorflow
from core.errors import ModelError
from core.models.architectures.imported import ImportedSpec
from core.models.card import CARD_FILE, ModelCard, file_sha256
from core.models.foreign import ForeignModel, foreign_model
from core.models.imported.network import build_network, logits_of, read_network
from core.models.network import build_model, cost
from core.models.weights.numbers import check_numbers
from core.paths import BUNDLED_MODELS, is_name, workspace, write_atomic, write_json
from core.untrusted.folder import list_folder
from core.untrusted.text_file import read_text

if TYPE_CHECKING:
    import keras

__all__ = [
    "DEMO_MODEL",
    "ModelRef",
    "find_model",
    "foreign_models",
    "list_models",
    "load_model",
    "read_card",
    "save_model",
]

DEMO_MODEL = "demo-unet"
"""The bundled model for generated scenes."""

Source = Literal["bundled", "workspace", "run", "folder"]


@dataclass(frozen=True)
class ModelRef:
    """A model that can be chosen: its name, its folder and the kind of place it lies in."""

    name: str
    folder: Path
    source: Source


def _places() -> list[tuple[Source, Path]]:
    space = workspace()
    return [("bundled", BUNDLED_MODELS), ("workspace", space.models), ("run", space.runs)]


def list_models() -> list[ModelRef]:
    """All models with a card: bundled ones, the workspace's, then those of runs, newest first.

    The first is what a page chooses by itself, so of the bundled ones the demo's comes last: it
    knows generated scenes alone.
    """
    models: dict[str, ModelRef] = {}
    for source, place in _places():
        folders = (place / name for name in list_folder(place).folders)
        cards = [card for f in folders if (card := f / CARD_FILE).is_file()]
        newest = source == "run"
        if newest:
            cards.sort(key=lambda p: -p.stat().st_mtime)
        else:
            cards.sort(key=lambda p: (p.parent.name == DEMO_MODEL, p.parent.name))
        for card in cards:
            # The first of a name is the one `find_model` opens.
            models.setdefault(card.parent.name, ModelRef(card.parent.name, card.parent, source))
    return list(models.values())


def find_model(model: str) -> ModelRef:
    """A model by its name, or by a folder that holds a card (command line only).

    Raises:
        ModelError: there is none; what is there instead, such as a Keras file, is named.
    """
    if is_name(model):
        for source, place in _places():
            if (place / model / CARD_FILE).is_file():
                return ModelRef(model, place / model, source)
    folder = Path(model)
    if (folder / CARD_FILE).is_file():
        return ModelRef(folder.resolve().name, folder.resolve(), "folder")
    places = [place / model for _, place in _places()] if is_name(model) else []
    there = next((path for path in (folder, *places) if model and path.exists()), None)
    if there is not None:
        foreign = foreign_model(there)
        raise ModelError(
            f"{model!r} cannot be used as a model: it is {foreign.what}", remedy=foreign.remedy
        )
    names = ", ".join(ref.name for ref in list_models()) or "none yet"
    raise ModelError(f"there is no model {model!r}", remedy=f"known models: {names}")


def foreign_models() -> dict[str, ForeignModel]:
    """What lies in the workspace's folder of models without a card, by its name there."""
    home = workspace().models
    listing = list_folder(home)
    places = [home / name for name in sorted((*listing.folders, *listing.files))]
    lacking = [path for path in places if not (path / CARD_FILE).is_file()]
    foreign = {path.name: foreign_model(path) for path in lacking}
    return {name: model for name, model in foreign.items() if model.network}


def read_card(folder: Path) -> ModelCard:
    """The card in a model's folder.

    Raises:
        ModelError: it is missing or does not fit.
    """
    path = folder / CARD_FILE
    try:
        return ModelCard.model_validate_json(read_text(path))
    except (OSError, UnicodeDecodeError, ValidationError, RecursionError) as error:
        raise ModelError(
            f"the model card cannot be read{_first_reason(error)}",
            where=str(path),
            remedy="restore the folder from where it came from, or train the model again",
        ) from error


def _first_reason(error: Exception) -> str:
    """What is wrong in a card, as ": normalisation.mean.0: …"; empty for a file that is no card."""
    if not isinstance(error, ValidationError):
        return ""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])[:80]
    words = first["msg"].removeprefix("Value error, ")[:200]
    return f": {place}: {words}" if place else f": {words}"


def load_model(folder: Path) -> tuple[keras.Model, ModelCard]:
    """Build the model of a card and give it its weights.

    Raises:
        ModelError: the weights are missing, or are not those the card was written for.
    """
    card = read_card(folder)
    weights = folder / card.weights
    if not weights.is_file() and (again := read_card(folder)).weights != card.weights:
        # A training has put better weights in place between our two looks.
        card, weights = again, folder / again.weights
    if not weights.is_file():
        raise ModelError(
            "the model's weights are missing",
            where=str(weights),
            remedy="put the file back, or train the model again",
        )
    if file_sha256(weights) != card.sha256:
        raise ModelError(
            "the weights do not match the SHA-256 in the model card",
            where=str(weights),
            remedy="the file is damaged or belongs to another model: restore both from one source",
        )
    model = _build(card, folder)
    try:
        with warnings.catch_warnings():
            # Keras only warns of layers the file does not have, and leaves them random.
            warnings.filterwarnings("error", "Skipping nested container")
            check_numbers(weights)
            model.load_weights(weights)
    except (ValueError, OSError, KeyError, RuntimeError, UserWarning) as error:
        raise ModelError(
            "the weights do not fit the architecture in the model card",
            where=str(weights),
            remedy="restore the folder from where it came from, or train the model again",
        ) from error
    for layer in model.layers:
        if not all(np.isfinite(values).all() for values in layer.get_weights()):
            raise ModelError(
                f"the weights hold values that are no numbers, in the layer {layer.name}",
                where=str(weights),
                remedy="its training went wrong: train the model again with a lower learning rate",
            )
    return (logits_of(model, card.spec) if isinstance(card.spec, ImportedSpec) else model), card


def _build(card: ModelCard, folder: Path) -> keras.Model:
    """The network of a card, with random weights."""
    if isinstance(card.spec, ImportedSpec):
        model = build_network(read_network(folder, card.spec))
        _check_parameters(model.count_params(), card, folder)
        ends = model.input_shape[-1], model.output_shape[-1]
        if ends != (card.spec.bands, card.spec.channels):
            raise ModelError(
                f"the network takes {ends[0]} bands and puts out {ends[1]} channels, and the model "
                f"card says {card.spec.bands} and {card.spec.channels}",
                where=str(folder / CARD_FILE),
                remedy="the card was changed: restore the folder from where it came from",
            )
        return model
    _check_size(card, folder)
    tensorflow()
    import keras

    # Weights are kept in float32; a process that trains in 16 bits still predicts in full.
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        return build_model(card.spec)
    finally:
        keras.config.set_dtype_policy(policy)


def _check_size(card: ModelCard, folder: Path) -> None:
    """Refuse a card whose network is another one than the card says, before any is built."""
    spec = card.spec
    _check_parameters(cost(spec, spec.input_size or spec.multiple).parameters, card, folder)


def _check_parameters(parameters: int, card: ModelCard, folder: Path) -> None:
    if parameters != card.parameters:
        raise ModelError(
            f"the network in the model card has {parameters:,} parameters, and the card says "
            f"{card.parameters:,}",
            where=str(folder / CARD_FILE),
            remedy="the card was changed: restore the folder from where it came from",
        )


def save_model(
    model: keras.Model, folder: Path, weights: str, card: Callable[[str], ModelCard]
) -> ModelCard:
    """Write weights, then the card that names them; a reader finds either the old or the new pair.

    Args:
        model: the network with the weights.
        folder: folder of the model; other weights files in it are left alone.
        weights: file name of the weights. To replace a model in place, use a new name each time
            and delete the old file afterwards.
        card: function that makes the card from the SHA-256 of the weights.

    Raises:
        WorkspaceError: the disk is full or the folder cannot be written.
    """
    path = folder / weights
    write_atomic(path, lambda temporary: model.save_weights(temporary))
    model_card = card(file_sha256(path))
    write_json(folder / CARD_FILE, model_card.model_dump(mode="json"))
    return model_card
