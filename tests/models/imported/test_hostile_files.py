"""Files that were made to do harm, or are damaged: each a message, and nothing is done."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from core.errors import ModelError
from core.models.exchange.keras_incoming import opened_file
from core.models.imported import check_process, open_file
from core.models.imported.checks.network_check import check_network
from core.models.imported.network import build_network
from tests.models.imported.networks import legacy_unet, notebook_unet
from tests.models.imported.test_round_trip import keras2_weights, write_keras2


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A `.keras` file with nothing wrong in it."""
    path = tmp_path_factory.mktemp("whole") / "u.keras"
    notebook_unet().save(path)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(ModelError) as caught, opened_file(path):
        pass
    return str(caught.value)


Entries = dict[str, bytes]


def entries_of(path: Path) -> Entries:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(path: Path, entries: Entries, **links: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
        for name, target in links.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(entry, target)
    return path


def with_layer(whole: Path, path: Path, layer: dict[str, Any]) -> Path:
    """The file with its first convolution's entry changed."""
    entries = entries_of(whole)
    config = json.loads(entries["config.json"])
    next(e for e in config["config"]["layers"] if e["class_name"] == "Conv2D").update(layer)
    return packed(path, entries | {"config.json": json.dumps(config).encode()})


@pytest.mark.usefixtures("here")
def test_a_lambda_and_a_custom_layer_in_both_kinds_of_file(whole: Path, tmp_path: Path) -> None:
    code = {"class_name": "Lambda", "config": {"name": "scale", "function": ["4wE=", None, None]}}
    own = {"module": "my_layers", "class_name": "Gate", "registered_name": "mine>Gate"}
    text = refusal(with_layer(whole, tmp_path / "l.keras", code))
    assert "'conv2d" in text and "is a Lambda, which holds code" in text and "l.keras" in text
    text = refusal(with_layer(whole, tmp_path / "c.keras", own))
    assert "is of the class Gate of my_layers" in text
    # Safe mode does not apply to HDF5 files in Keras itself (CVE-2025-9905).
    for layer, words in ((code, "is a Lambda"), (own, "class Gate of my_layers")):
        config = legacy_unet(conv2d_1={"name": "conv2d_1"} | layer)
        assert words in refusal(write_keras2(tmp_path / "l.h5", config, {}))


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("place", ["config.json", "metadata.json", "model.weights.h5"])
def test_code_in_other_places_of_a_file_is_not_reached(
    whole: Path, tmp_path: Path, place: str
) -> None:
    """What compiles a model, builds layers or names classes anew is left where it is."""

    class Harm:
        def __reduce__(self) -> tuple[Callable[[str], Any], tuple[str]]:
            return os.mkdir, (str(tmp_path / "harm"),)

    entries = entries_of(whole)
    call = {"module": "os", "class_name": "mkdir", "config": str(tmp_path / "harm")}
    if place == "config.json":
        config = json.loads(entries[place])
        config["compile_config"] = {"optimizer": call, "loss": call}
        config["build_config"] = call
        config["config"]["layers"][1]["build_config"] = call
        config["config"]["layers"][1]["config"]["kernel_initializer"] = call
        config["config"]["layers"][1]["config"]["dtype"] = call
        entries[place] = json.dumps(config).encode()
    elif place == "metadata.json":
        entries[place] = json.dumps({"keras_version": call, "date_saved": call}).encode()
    else:
        # An asset of the kind that layers of Keras have unpickled.
        entries["assets/state.pkl"] = pickle.dumps(Harm())
    with opened_file(packed(tmp_path / "h.keras", entries)) as file:
        assert file.network is not None and "mkdir" not in file.network.text
    assert not (tmp_path / "harm").exists()


@pytest.mark.usefixtures("here")
def test_a_zip_that_climbs_links_or_bursts(whole: Path, tmp_path: Path) -> None:
    entries = entries_of(whole)
    cases = {
        "leads out of the folder": packed(
            tmp_path / "1.keras", entries | {"../../evil.json": b"{}"}
        ),
        "has an absolute path": packed(tmp_path / "2.keras", entries | {"/etc/evil.json": b"{}"}),
        "is a link": packed(tmp_path / "3.keras", entries, **{"link.h5": "/etc/passwd"}),
        "there is an archive in the archive": packed(
            tmp_path / "4.keras", entries | {"inner.zip": b"PK\3\4"}
        ),
        "unpacks to more than": packed(
            tmp_path / "5.keras", entries | {"zeros.h5": bytes(80 * 1024**2)}
        ),
        "there are no weights": packed(
            tmp_path / "6.keras", {"config.json": entries["config.json"]}
        ),
        "is no JSON": packed(tmp_path / "7.keras", entries | {"config.json": b"\xff\xfe"[:0]}),
    }
    for words, path in cases.items():
        assert words in refusal(path), words
    assert not list(tmp_path.rglob("evil.json"))


@pytest.mark.usefixtures("here")
def test_a_truncated_file_is_damaged(whole: Path, tmp_path: Path) -> None:
    data = whole.read_bytes()
    for share in (0.3, 0.9, 0.999):
        path = tmp_path / f"{share}.keras"
        path.write_bytes(data[: int(len(data) * share)])
        assert "cut off" in refusal(path)
    path = write_keras2(tmp_path / "t.h5", legacy_unet(), keras2_weights())
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises((ModelError, OSError)), opened_file(path):
        pass


@pytest.mark.usefixtures("here")
def test_weights_of_another_shape_name_the_layer(whole: Path, tmp_path: Path) -> None:
    weights = keras2_weights()
    weights["conv2d_1"]["conv2d_1/kernel:0"] = np.zeros((3, 3, 8, 5), np.float32)
    text = refusal(write_keras2(tmp_path / "w.h5", legacy_unet(), weights))
    assert "conv2d_1 takes (3, 3, 8, 2), and conv2d_1 in the file has (3, 3, 8, 5)" in text
    del weights["conv2d_1"]
    text = refusal(write_keras2(tmp_path / "v.h5", legacy_unet(), weights))
    assert "the network has 4 layers with weights, the file 3" in text
    other = tmp_path / "other.keras"
    notebook_unet(channels=7).save(other)
    entries = entries_of(whole)
    mixed = entries | {"model.weights.h5": entries_of(other)["model.weights.h5"]}
    text = refusal(packed(tmp_path / "m.keras", mixed))
    assert "takes (1, 1, 4, 5), and the file has (1, 1, 4, 7)" in text


@pytest.mark.usefixtures("here")
def test_weights_that_are_no_numbers(tmp_path: Path) -> None:
    weights = keras2_weights()
    weights["conv2d"]["conv2d/bias:0"] = np.full(4, np.nan, np.float32)
    text = refusal(write_keras2(tmp_path / "n.h5", legacy_unet(), weights))
    assert "values that are no numbers, in the layer conv2d" in text
    weights["conv2d"]["conv2d/bias:0"] = np.zeros(4, np.complex64)
    text = refusal(write_keras2(tmp_path / "c.h5", legacy_unet(), weights))
    assert "complex64, and no plain numbers" in text


def _external_link(file: Any, secret: Path) -> None:
    file["layers/conv2d/vars/0"] = h5py.ExternalLink(str(secret), "secret")


def _soft_link(file: Any, secret: Path) -> None:
    file["layers/conv2d/vars/0"] = h5py.SoftLink("/layers/conv2d/vars/1")


def _external_storage(file: Any, secret: Path) -> None:
    # CVE-2026-1669: the bytes of any file of the server as weights.
    file.create_dataset(
        "layers/conv2d/vars/0", (3, 3, 3, 4), "<f4", external=[(str(secret), 0, 432)]
    )


def _virtual(file: Any, secret: Path) -> None:
    layout = h5py.VirtualLayout((108,), "<f4")
    layout[:] = h5py.VirtualSource(str(secret), "secret", (108,))
    file.create_virtual_dataset("layers/conv2d/vars/0", layout)


def _shape_of_nothing(file: Any, secret: Path) -> None:
    # CVE-2026-0897: a shape of 400 GB for which no byte is stored.
    file.create_dataset("layers/conv2d/vars/0", (10**11,), "<f4", chunks=(10**6,))


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_external_link, "are a link to another place"),
        (_soft_link, "are a link to another place"),
        (_external_storage, "lie in another file"),
        (_virtual, "lie in another file"),
        (_shape_of_nothing, "would unpack to"),
    ],
)
def test_weights_that_are_not_in_the_file(
    whole: Path, tmp_path: Path, spoil: Callable[[Any, Path], None], words: str
) -> None:
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["secret"] = np.arange(108, dtype=np.float32)
    entries = entries_of(whole)
    inner = tmp_path / "w.h5"
    inner.write_bytes(entries["model.weights.h5"])
    with h5py.File(inner, "r+") as file:
        del file["layers/conv2d/vars/0"]
        spoil(file, secret)
    entries["model.weights.h5"] = inner.read_bytes()
    assert words in refusal(packed(tmp_path / "x.keras", entries))


@pytest.mark.usefixtures("here")
def test_a_group_that_is_in_itself_ends(tmp_path: Path) -> None:
    path = write_keras2(tmp_path / "ring.h5", legacy_unet(), keras2_weights())
    with h5py.File(path, "r+") as file:
        file["model_weights/conv2d/again"] = file["model_weights"]
    with opened_file(path) as opened:
        assert opened.facts is not None


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("m.onnx", b"\x08\x07", "an ONNX network"),
        ("m.pt", b"PK\3\4", "a PyTorch file"),
        ("m.pth", b"\x80\x02", "a PyTorch file"),
        ("m.tflite", b"\0\0\0\0TFL3", "a LiteRT network"),
        ("m.pb", b"\x08", "a TensorFlow graph"),
        ("m.pkl", b"\x80\x04", "a pickle"),
        ("m.txt", b"text", "no model"),
        ("m.keras", b"text", "a damaged Keras file"),
        ("m.h5", b"", "a damaged Keras file"),
        ("m.safetensors", b"\0" * 4, "the file ends at 4 bytes"),
    ],
)
def test_other_files_are_named_with_what_is_possible(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    from core.models.imported.assign import assign_weights

    path = tmp_path / name
    path.write_bytes(content)
    if name.endswith(".safetensors"):
        with pytest.raises(ModelError, match=words):
            assign_weights(notebook_unet(), path)
        return
    assert words in refusal(path)


def test_a_saved_model_and_a_missing_file(tmp_path: Path) -> None:
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved/saved_model.pb").write_bytes(b"\x08")
    assert "a TensorFlow SavedModel" in refusal(tmp_path / "saved")
    assert "model.save" in refusal(tmp_path / "saved")
    assert "there is no such file" in refusal(tmp_path / "nothing.keras")


def test_it_is_built_in_a_process_of_its_own_within_bounds(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file through the process itself; then one that takes more memory than it may."""
    with opened_file(whole) as file:
        assert file.facts is not None and file.facts.channels == 5
    # A layer of 80 GB, with settings that are plain numbers one by one.
    entries = entries_of(whole)
    config = json.loads(entries["config.json"])
    for entry in config["config"]["layers"]:
        if entry["class_name"] == "Conv2D":
            entry["config"]["filters"] = 10**7
    path = packed(tmp_path / "huge.keras", entries | {"config.json": json.dumps(config).encode()})
    text = refusal(path)
    assert "takes more than it may while it is built" in text


def test_a_process_that_breaks_is_a_message(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        def __init__(self, *_: Any) -> None: ...

        def call(self, *_: Any, seconds: float) -> Any:
            raise open_file.Refused("the reader ended unexpectedly with code -11")

        def close(self) -> None: ...

    monkeypatch.setattr(open_file, "Bounded", Broken)
    assert "the reader ended unexpectedly" in refusal(shutil.copy(whole, tmp_path / "b.keras"))


def test_what_is_built_went_through_the_check() -> None:
    """No other text reaches Keras: the child and the parent build what `check_network` wrote."""
    text = check_network(json.dumps(legacy_unet()), "2.4.0").text
    assert build_network(text).count_params() > 0
    answer = check_process.describe('{"module": "os", "class_name": "mkdir"}', "nowhere.h5")
    assert "the network is not built" in answer[0]
