"""What is broken, where it is put, and the command that then reads it: a row for each reader."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

from core.models.card import CARD_FILE, WEIGHTS_FILE
from tests.fuzz import seeds
from tests.fuzz.mutations import broken_bytes, broken_json, broken_text

__all__ = ["READERS", "Reader"]

_TRAIN = (
    "epochs=1",
    "steps=1",
    "batch=1",
    "model.width=4",
    "model.depth=1",
    "recipe.patch.size=32",
)


@dataclass(frozen=True)
class Reader:
    """One reader of files.

    Attributes:
        name: what is read.
        seeds: content of good files by name; what follows a ``#`` only tells them apart.
        broken: strategy of broken content, of a file's name and good content.
        lay_out: puts the content into an empty folder, of the folder, the file's name, the content
            and the folder of a small model; returns the words after ``python -m core``, or those of
            a function of `worker` with a leading ``@``.
        share: of the cases, in parts; less for what takes long.
    """

    name: str
    seeds: Callable[[], seeds.Files]
    broken: Callable[[str, bytes], st.SearchStrategy[bytes]]
    lay_out: Callable[[Path, str, bytes, Path], Sequence[object]]
    share: int = 4


def _put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _pairs(folder: Path, image: str = "rgb.png", mask: str = "labels.png") -> Path:
    """A dataset of four pairs."""
    for stem in "abcd":
        _put(folder / f"images/{stem}{Path(image).suffix}", seeds.images()[image])
        _put(folder / f"masks/{stem}{Path(mask).suffix}", seeds.masks()[mask])
    return folder


def _by_suffix(name: str, content: bytes) -> st.SearchStrategy[bytes]:
    if name.endswith((".json", ".geojson")):
        return broken_json(content)
    return broken_text(content)


def _predicted(folder: Path, name: str, content: bytes, model: Path) -> Sequence[object]:
    image = _put(folder / name, content)
    return "predict", image, "--model", model, "--out", folder / "out", "--polygons"


def _read(folder: Path, name: str, content: bytes, model: Path) -> Sequence[object]:
    return "@read", _put(folder / name, content)


def _image_of_set(folder: Path, name: str, content: bytes, model: Path) -> Sequence[object]:
    _pairs(folder / "set", image=name)
    _put(folder / f"set/images/b{Path(name).suffix}", content)
    return "audit", folder / "set", "--json"


def _mask_of_set(folder: Path, name: str, content: bytes, model: Path) -> Sequence[object]:
    _pairs(folder / "set", mask=name)
    _put(folder / f"set/masks/b{Path(name).suffix}", content)
    return "audit", folder / "set", "--json"


def _table_of_set(folder: Path, name: str, content: bytes, model: Path) -> Sequence[object]:
    _put(_pairs(folder / "set") / name.partition("#")[0], content)
    return "audit", folder / "set", "--json"


def _labels_of_set(folder: Path, name: str, content: bytes, model: Path) -> Sequence[object]:
    for stem in "ab":
        _put(folder / f"set/images/{stem}.tif", seeds.images()["strips.tif"])
        _put(folder / f"set/labels/{stem}{Path(name).suffix}", seeds.label_layers()[name])
    _put(folder / f"set/labels/a{Path(name).suffix}", content)
    return "audit", folder / "set", "--json"


def _beside_image(folder: Path, name: str, content: bytes, model: Path) -> Sequence[object]:
    _put(folder / "image.tif", seeds.images()["lzw.tif"])
    _put(folder / name.partition("#")[0], content)
    return "predict", folder / "image.tif", "--model", model, "--out", folder / "out", "--polygons"


def _model_file(folder: Path, name: str, content: bytes, model: Path) -> Sequence[object]:
    """A model with a broken file; weights get a card that vouches for them."""
    shutil.copytree(model, folder / "model")
    _put(folder / "model" / name, content)
    if name == WEIGHTS_FILE:
        card = json.loads((model / CARD_FILE).read_bytes())
        card["sha256"] = hashlib.sha256(content).hexdigest()
        _put(folder / "model" / CARD_FILE, json.dumps(card).encode())
    image = _put(folder / "image.png", seeds.images()["rgb.png"])
    return "predict", image, "--model", folder / "model", "--out", folder / "out"


def _foreign_model(folder: Path, name: str, content: bytes, model: Path) -> Sequence[object]:
    image = _put(folder / "image.png", seeds.images()["rgb.png"])
    weights = _put(folder / name, content)
    return "predict", image, "--model", weights, "--out", folder / "out"


def _settings(folder: Path, name: str, content: bytes, model: Path) -> Sequence[object]:
    option = "--recipe" if name == "recipe.json" else "--config"
    file = _put(folder / name, content)
    words = ["train", "--dataset", _pairs(folder / "set"), "--run", "x", option, file]
    return [*words, *(word for setting in _TRAIN for word in ("--set", setting))]


def _run_file(folder: Path, name: str, content: bytes, model: Path) -> Sequence[object]:
    """A file of a run in the workspace, which the list of runs reads."""
    for other, good in _run_files().items():
        _put(folder / "workspace/runs/one" / other, good)
        _put(folder / "workspace/runs/two" / other, good)
    _put(folder / "workspace/runs/one" / name, content)
    return "runs", "--json"


def _archive(folder: Path, name: str, content: bytes, model: Path) -> Sequence[object]:
    return "@unpack", _put(folder / name, content)


def _annotation(folder: Path, name: str, content: bytes, model: Path) -> Sequence[object]:
    for stem in "abcd":
        _put(folder / f"set/images/{stem}.png", seeds.images()["rgb.png"])
    _put(folder / "set" / name, content)
    return "audit", folder / "set", "--json"


def _run_files() -> seeds.Files:
    status = {"state": "finished", "epoch": 2, "epochs": 2, "started": 1.7e9, "updated": 1.7e9}
    epochs = [{"kind": "epoch", "epoch": n, "loss": 0.5, "val_mean_iou": 0.25} for n in (1, 2)]
    return {
        "status.json": json.dumps(status).encode(),
        "config.json": json.dumps({"version": 1, "epochs": 2}).encode(),
        "metrics.jsonl": "".join(json.dumps(epoch) + "\n" for epoch in epochs).encode(),
    }


def _settings_files() -> seeds.Files:
    from core.datasets.recipes.recipe import Recipe
    from core.training.config import TrainConfig

    recipe, config = Recipe(name="r", dataset="set"), TrainConfig()
    return {
        "recipe.json": recipe.model_dump_json().encode(),
        "config.json": config.model_dump_json().encode(),
    }


def _model_files() -> seeds.Files:
    return {name: (seeds.model() / name).read_bytes() for name in (CARD_FILE, WEIGHTS_FILE)}


def _foreign_files() -> seeds.Files:
    weights = (seeds.model() / WEIGHTS_FILE).read_bytes()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("config.json", "{}")
        file.writestr("model.weights.h5", weights[:2000])
    return {"a.h5": weights, "a.keras": archive.getvalue(), "a.onnx": weights[::-1][:900]}


READERS = (
    Reader("image, predicted", seeds.images, lambda _, good: broken_bytes(good), _predicted),
    Reader("image, values", seeds.images, lambda _, good: broken_bytes(good), _read, 8),
    Reader("image of a dataset", seeds.images, lambda _, good: broken_bytes(good), _image_of_set),
    Reader("mask of a dataset", seeds.masks, lambda _, good: broken_bytes(good), _mask_of_set),
    Reader("class table", seeds.class_tables, _by_suffix, _table_of_set),
    Reader(
        "vector labels",
        seeds.label_layers,
        lambda name, good: (
            broken_bytes(good)
            if name.endswith(".gpkg")
            else st.one_of(broken_bytes(good), _by_suffix(name, good))
        ),
        _labels_of_set,
    ),
    Reader(
        "file beside an image",
        seeds.sidecars,
        lambda name, good: (
            broken_bytes(good) if name.endswith((".msk", ".tif")) else broken_text(good)
        ),
        _beside_image,
        2,
    ),
    Reader(
        "model card and weights",
        _model_files,
        lambda name, good: broken_json(good) if name == CARD_FILE else broken_bytes(good),
        _model_file,
    ),
    Reader(
        "model of others", _foreign_files, lambda _, good: broken_bytes(good), _foreign_model, 1
    ),
    Reader("recipe and configuration", _settings_files, _by_suffix, _settings, 2),
    Reader("files of a run", _run_files, _by_suffix, _run_file),
    Reader("ZIP", seeds.zips, lambda _, good: broken_bytes(good), _archive),
    Reader("annotation file", seeds.annotations, _by_suffix, _annotation, 1),
)
