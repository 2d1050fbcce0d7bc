"""Models from elsewhere: what a file or folder without a model card is, and what it lacks."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

from core.models.card import CARD_FILE, WEIGHTS_FILE
from core.untrusted.text_file import parse_json, read_text

__all__ = ["ForeignModel", "foreign_model"]

_CARD = (
    f"it needs a {CARD_FILE} with architecture, classes, bands, dtype and normalisation beside its "
    "weights (docs/formats.md), as a training here writes it"
)
_IMPORT = (
    f"import it, which asks what the file does not say and writes its {CARD_FILE}: python -m core "
    "import-model FILE --name NAME, or “Bring your own model” on the Predict page"
)
_NOT_READ = (
    "where it was made from a Keras model, save that with model.save('model.keras') and import the "
    "file; networks of other programs have to be built anew in Keras, or export their weights to "
    "one of ours as .weights.h5 or safetensors"
)
_FROM_TORCH = (
    "for a network that is built here too, export its weights to .safetensors by the names and "
    "shapes of Keras and import them with --set model.architecture=NAME; else build it in Keras"
)
_SUFFIXES = {
    ".onnx": ("an ONNX network, and ONNX is not read", _NOT_READ),
    ".pth": ("a PyTorch file, and PyTorch is not read", _FROM_TORCH),
    ".pt": ("a PyTorch file, and PyTorch is not read", _FROM_TORCH),
    ".ckpt": ("a checkpoint of PyTorch or TensorFlow, and neither is read", _NOT_READ),
    ".safetensors": ("weights in safetensors without a card", _IMPORT),
    ".tflite": ("a LiteRT network, and LiteRT is not read", _NOT_READ),
    ".pb": ("a TensorFlow graph, and graphs are not read", _NOT_READ),
    ".pkl": ("a pickle, and pickles are never opened", _NOT_READ),
    ".joblib": ("a pickle, and pickles are never opened", _NOT_READ),
}
_CANDIDATES = (*_SUFFIXES, ".keras", ".h5", ".hdf5")


@dataclass(frozen=True)
class ForeignModel:
    """A file or folder that cannot be used as a model.

    Attributes:
        what: what it is, as in "a Keras model without a card".
        remedy: what it lacks, or how to come by a model that can be used.
        network: whether it was meant to be one, or what a folder of models holds beside them.
    """

    what: str
    remedy: str
    network: bool = True

    def __str__(self) -> str:
        return f"{self.what}: {self.remedy}"


def foreign_model(path: Path) -> ForeignModel:
    """What a file or folder without a card is, by its content and name; nothing in it is run.

    Args:
        path: a file or folder that is there.
    """
    if path.is_dir():
        return _folder(path)
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        return ForeignModel(
            f"a file that cannot be read ({error.strerror})", "allow reading it", False
        )
    if start.startswith(b"\x89HDF"):
        return _hdf5(path)
    if start[4:8] == b"TFL3":
        return ForeignModel(*_SUFFIXES[".tflite"])
    if start.startswith(b"PK"):
        return _archive(path)
    return _by_name(path)


def _by_name(path: Path) -> ForeignModel:
    if path.name == CARD_FILE:
        return ForeignModel("a model card", "name the folder that holds it", False)
    if path.suffix.lower() in _SUFFIXES:
        return ForeignModel(*_SUFFIXES[path.suffix.lower()])
    if path.suffix.lower() in _CANDIDATES:
        return ForeignModel("a damaged Keras file", "copy or download it again")
    return ForeignModel("no model", "name a model, or a folder with a model card", False)


def _hdf5(path: Path) -> ForeignModel:
    import h5py  # type: ignore[import-untyped]

    try:
        with h5py.File(path, "r") as file:
            whole = "model_config" in file.attrs
    except (OSError, RuntimeError):
        return ForeignModel("a damaged HDF5 file", "copy or download it again")
    if whole:
        return ForeignModel("a Keras model (HDF5) without a card", _IMPORT)
    return ForeignModel("the weights of a Keras model without its card", _IMPORT)


def _archive(path: Path) -> ForeignModel:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return _by_name(path)
    if "config.json" in names and "model.weights.h5" in names:
        return ForeignModel("a Keras model without a card", _IMPORT)
    if any(name.endswith("data.pkl") for name in names):
        return ForeignModel(*_SUFFIXES[".pth"])
    return _by_name(path)


def _folder(path: Path) -> ForeignModel:
    if (path / "saved_model.pb").is_file():
        return ForeignModel(
            "a TensorFlow SavedModel, and they are not read",
            "load it with Keras where it was made, save it with model.save('model.keras') and "
            "import that file",
        )
    if (path / WEIGHTS_FILE).is_file():
        return ForeignModel("a model's weights without its card", _CARD)
    if (path / "status.json").is_file():
        return ForeignModel(_run(path), "wait for its first epoch, or resume it")
    files = sorted(f for f in path.iterdir() if f.suffix.lower() in _CANDIDATES and f.is_file())
    if files:
        inside = foreign_model(files[0])
        what = f"a folder whose {files[0].name} is {inside.what}"
        return ForeignModel(what, inside.remedy)
    return ForeignModel("a folder without a model card", _CARD)


def _run(path: Path) -> str:
    """A run that has left no model, with what it says of itself."""
    try:
        state = parse_json(read_text(path / "status.json"))["state"]
    except (OSError, ValueError, KeyError, TypeError):
        state = "of unknown state"
    return f"a run ({state}) that has left no model yet"
