"""Models out of the workspace and into it: what comes in, what is refused, names and deletion."""

from __future__ import annotations

import io
import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from core.errors import ModelError, WorkspaceError
from core.models.card import CARD_FILE, WEIGHTS_FILE, file_sha256
from core.models.exchange import incoming
from core.models.exchange.incoming import import_archive, import_folder, server_models
from core.models.exchange.names import check_free, delete_model, free_name, rename_model
from core.models.exchange.outgoing import model_archive
from core.models.store import find_model, list_models, load_model, read_card
from core.training.config import TrainConfig
from core.training.runs.run import create_run
from core.untrusted.archive import Limits


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last check in this process: what is refused before it needs no other."""
    from core.models.exchange.check_process import check

    class Here:
        def __init__(self, *_: Any) -> None: ...

        def call(self, _: str, folder: str, seconds: float) -> tuple[str, str]:
            return check(folder)

        def close(self) -> None: ...

    monkeypatch.setattr(incoming, "Bounded", Here)


def packed(files: dict[str, bytes]) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out


def files_of(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in (CARD_FILE, WEIGHTS_FILE)}


def names() -> set[str]:
    return {ref.name for ref in list_models() if ref.source == "workspace"}


def refused(source: io.BytesIO, match: str, space: Path) -> None:
    before = names()
    with pytest.raises(ModelError, match=match) as caught:
        import_archive(source, "other")
    assert caught.value.remedy
    assert names() == before
    assert not [path for path in (space / "models").iterdir() if path.name.startswith(".")]


@pytest.mark.training
def test_a_model_goes_out_and_comes_in_with_the_same_weights(tiny_model: str, space: Path) -> None:
    archive = io.BytesIO(model_archive(find_model(tiny_model)))
    assert zipfile.ZipFile(archive).namelist() == [f"tiny/{CARD_FILE}", f"tiny/{WEIGHTS_FILE}"]
    stages: list[tuple[int, int]] = []
    folder = import_archive(archive, "back", lambda *at: stages.append(at))
    assert folder == space / "models" / "back"
    assert sorted(path.name for path in folder.iterdir()) == [CARD_FILE, WEIGHTS_FILE]
    assert stages == [(0, 3), (1, 3), (2, 3)]
    model, card = load_model(folder)
    first, _ = load_model(find_model(tiny_model).folder)
    assert card.name == "back"
    for one, other in zip(model.get_weights(), first.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.training
def test_what_breaks_the_reader_is_refused_by_its_own_process(
    tiny_folder: Path, space: Path
) -> None:
    files = files_of(tiny_folder)
    weights = bytearray(files[WEIGHTS_FILE])
    weights[200:2000] = os.urandom(1800)
    card = json.loads(files[CARD_FILE])
    (space.parent / "w").write_bytes(weights)
    card["sha256"] = file_sha256(space.parent / "w")
    refused(
        packed({CARD_FILE: json.dumps(card).encode(), WEIGHTS_FILE: weights}), "weights|read", space
    )


def test_folders_around_and_other_files_stay_out(
    tiny_folder: Path, space: Path, quick: None
) -> None:
    files = {f"a/b/{name}": data for name, data in files_of(tiny_folder).items()}
    files |= {"a/b/run.py": b"print()", "a/readme.txt": b"hello", "a/b/notes.json": b"{}"}
    folder = import_archive(packed(files), "inner")
    assert sorted(path.name for path in folder.iterdir()) == [CARD_FILE, WEIGHTS_FILE]


def test_archives_that_are_no_model_are_refused(
    tiny_folder: Path, space: Path, quick: None
) -> None:
    files = files_of(tiny_folder)
    weights = files[WEIGHTS_FILE]
    refused(io.BytesIO(b"text"), "no ZIP", space)
    refused(packed({"../model.json": files[CARD_FILE]}), "leads out", space)
    refused(packed({"readme.txt": b"x"}), "holds no model.json", space)
    refused(packed(files | {"other/model.json": files[CARD_FILE]}), "several model cards", space)
    refused(packed({CARD_FILE: files[CARD_FILE]}), "weights are missing", space)
    refused(packed(files | {CARD_FILE: b"{}"}), "model card cannot be read", space)
    refused(packed(files | {WEIGHTS_FILE: weights[:100]}), "too little for the", space)
    refused(packed(files | {WEIGHTS_FILE: weights[:-1] + b"x"}), "SHA-256", space)


def test_a_card_that_says_too_much_is_refused_before_anything_is_built(
    tiny_folder: Path, space: Path, quick: None
) -> None:
    files = files_of(tiny_folder)
    card = json.loads(files[CARD_FILE])
    card["spec"]["width"] = 64
    refused(packed(files | {CARD_FILE: json.dumps(card).encode()}), "the card says", space)
    card["parameters"] = 10**12
    refused(packed(files | {CARD_FILE: json.dumps(card).encode()}), "too little for the", space)


@pytest.mark.parametrize(
    ("part", "key"), [("training", "minutes"), ("masks", "minimum_area"), ("masks", "tolerance")]
)
def test_a_card_with_a_number_that_is_none_is_refused(
    tiny_folder: Path, space: Path, quick: None, part: str, key: str
) -> None:
    """JSON has none, but its readers take NaN and Infinity, and our writer does not."""
    files = files_of(tiny_folder)
    for value in (np.nan, np.inf):
        card = json.loads(files[CARD_FILE])
        card[part] = (card[part] or {"kind": "index"}) | {key: value}
        refused(packed(files | {CARD_FILE: json.dumps(card).encode()}), "finite number", space)


def test_weights_that_are_no_numbers_are_refused(
    tiny_folder: Path, space: Path, quick: None
) -> None:
    changed = space.parent / "changed.h5"
    shutil.copy(tiny_folder / WEIGHTS_FILE, changed)
    with h5py.File(changed, "r+") as file:
        file.visititems(
            lambda _, item: (
                item.write_direct(np.full(item.shape, np.nan, np.float32))
                if isinstance(item, h5py.Dataset) and item.shape
                else None
            )
        )
    files = files_of(tiny_folder)
    card = json.loads(files[CARD_FILE]) | {"sha256": file_sha256(changed)}
    archive = packed({CARD_FILE: json.dumps(card).encode(), WEIGHTS_FILE: changed.read_bytes()})
    refused(archive, "no numbers", space)


def test_an_archive_that_unpacks_to_too_much_is_refused(
    tiny_folder: Path, space: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming, "LIMITS", Limits(single=1000))
    refused(packed(files_of(tiny_folder)), "unpacks to more than", space)


def test_folders_on_the_server_are_chosen_by_id(
    tiny_folder: Path, space: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick: None
) -> None:
    root, outside = tmp_path / "data", tmp_path / "outside"
    shutil.copytree(tiny_folder, root / "models" / "city")
    shutil.copytree(tiny_folder, outside)
    (root / "link").symlink_to(outside)
    monkeypatch.setenv("DSI_DATA_ROOTS", str(root))
    assert [model.id for model in server_models()] == ["server/data/models/city"]
    folder = import_folder("server/data/models/city", "city")
    assert read_card(folder).name == "city"
    assert (root / "models" / "city" / CARD_FILE).is_file()
    for model in ("server/data/link", "../outside", str(outside)):
        with pytest.raises(ModelError, match="no model folder"):
            import_folder(model, "more")


def test_a_name_is_free_or_gets_a_number(tiny_model: str) -> None:
    create_run("trained", TrainConfig(dataset="demo"))
    assert free_name("new") == "new"
    assert free_name("tiny") == "tiny-2"
    assert free_name("trained") == "trained-2"
    assert free_name("dubai-unet") == "dubai-unet-2"
    assert free_name("../../etc") == "model"
    with pytest.raises(ModelError, match="already"):
        check_free("trained")
    with pytest.raises(WorkspaceError, match="cannot be used as a name"):
        import_archive(io.BytesIO(), "../out")
    with pytest.raises(ModelError, match="already"):
        import_archive(io.BytesIO(), "dubai-unet")


def test_a_model_is_renamed_in_its_card_too(tiny_model: str) -> None:
    rename_model(find_model(tiny_model), "better")
    assert names() == {"better"}
    _, card = load_model(find_model("better").folder)
    assert card.name == "better"
    with pytest.raises(ModelError, match="already"):
        rename_model(find_model("better"), "dubai-unet")
    with pytest.raises(WorkspaceError):
        rename_model(find_model("better"), "../out")


def test_a_model_is_deleted_once(tiny_model: str, space: Path) -> None:
    ref = find_model(tiny_model)
    delete_model(ref)
    assert not any((space / "models").iterdir())
    with pytest.raises(ModelError, match="gone already"):
        delete_model(ref)


def test_only_the_workspaces_own_are_renamed_and_deleted(tiny_folder: Path, space: Path) -> None:
    run = create_run("trained", TrainConfig(dataset="demo"))
    shutil.copytree(tiny_folder, run.folder, dirs_exist_ok=True)
    for name, words in (("dubai-unet", "comes with the program"), ("trained", "belongs to a run")):
        with pytest.raises(ModelError, match=words):
            delete_model(find_model(name))
        with pytest.raises(ModelError, match=words):
            rename_model(find_model(name), "other")
        assert find_model(name)


def test_weights_of_another_card_do_not_go_out(tiny_model: str, space: Path) -> None:
    weights = space / "models" / tiny_model / WEIGHTS_FILE
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match="SHA-256"):
        model_archive(find_model(tiny_model))
