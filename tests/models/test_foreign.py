"""What a file from elsewhere is said to be; nothing in it is run."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import h5py  # type: ignore[import-untyped]
import pytest

from core.errors import ModelError
from core.models.foreign import foreign_model
from core.models.store import find_model, foreign_models


def archive(path: Path, *names: str) -> None:
    with zipfile.ZipFile(path, "w") as file:
        for name in names:
            file.writestr(name, "{}")


def write(folder: Path, name: str) -> Path:
    """A file or folder as such programs leave it, by its name."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if name.endswith(".keras"):
        archive(path, "metadata.json", "config.json", "model.weights.h5")
    elif name == "torch.pt":
        archive(path, "torch/data.pkl", "torch/data/0")
    elif name.endswith(".h5"):
        with h5py.File(path, "w") as file:
            if "weights" not in name:
                file.attrs["model_config"] = "{}"
    elif name == "saved_model":
        path.mkdir()
        (path / "saved_model.pb").write_bytes(b"\x08\x01")
    elif name == "lite.bin":
        path.write_bytes(b"\x1c\0\0\0TFL3\x14\0")
    elif name == "weights_alone":
        path.mkdir()
        write(path, "model.weights.h5")
    elif name == "colab":
        path.mkdir()
        write(path, "model.keras")
    elif name == "empty":
        path.mkdir()
    else:
        path.write_bytes(b"\x08\x08\x12\x07")
    return path


@pytest.mark.parametrize(
    ("name", "what", "remedy"),
    [
        ("a.keras", "a Keras model without a card", r"import-model FILE --name NAME"),
        ("a.h5", r"a Keras model \(HDF5\) without a card", r"model\.json"),
        ("a.weights.h5", "the weights of a Keras model", r"model\.json"),
        ("saved_model", "a TensorFlow SavedModel", r"model\.save"),
        ("a.onnx", "an ONNX network, and ONNX is not read", "built anew in Keras"),
        ("a.pth", "a PyTorch file, and PyTorch is not read", "export"),
        ("torch.pt", "a PyTorch file, and PyTorch is not read", "export"),
        ("lite.bin", "a LiteRT network", "model.save"),
        ("weights_alone", "a model's weights without its card", r"model\.json"),
        ("colab", r"a folder whose model\.keras is a Keras model without a card", r"model\.json"),
        ("empty", "a folder without a model card", r"model\.json"),
        ("notes.txt", "no model", "a folder with a model card"),
    ],
)
def test_a_file_is_named_for_what_it_is(name: str, what: str, remedy: str, tmp_path: Path) -> None:
    path = write(tmp_path, name)
    with pytest.raises(ModelError, match=what) as caught:
        find_model(str(path))
    assert "there is no model" not in str(caught.value)
    with pytest.raises(ModelError, match=remedy):
        find_model(str(path))


@pytest.mark.parametrize("name", ["cut.keras", "cut.h5"])
def test_a_damaged_one_is_said_to_be(name: str, tmp_path: Path) -> None:
    path = write(tmp_path, name)
    path.write_bytes(path.read_bytes()[:30])
    assert "damaged" in foreign_model(path).what


def test_the_workspace_lists_what_cannot_be_used(space: Path) -> None:
    for name in ("colab", "other.keras", "README.txt", ".hidden.keras"):
        write(space / "models", name)
    (space / "models/good").mkdir()
    (space / "models/good/model.json").write_text("{}")
    assert list(foreign_models()) == ["colab", "other.keras"]
    with pytest.raises(ModelError, match=r"'colab' cannot be used .*model\.keras"):
        find_model("colab")


def test_a_run_without_a_model_says_so(space: Path) -> None:
    run = space / "runs/young"
    run.mkdir(parents=True)
    (run / "status.json").write_text(json.dumps({"state": "running"}))
    with pytest.raises(ModelError, match=r"a run \(running\) that has left no model yet"):
        find_model("young")
