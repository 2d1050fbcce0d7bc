"""Feature maps as files."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.errors import ImageError, ModelError, WorkspaceError
from core.explain.activation_files import _file_stems, write_activations


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "Dubai part.png"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 256, (30, 44, 3), np.uint8))
    return path


def test_files_of_the_command_line(tiny_model, picture, tmp_path):
    out = tmp_path / "out" / "maps"
    written = write_activations(picture, tiny_model, out)
    layers = ["enc1_relu2", "enc2_relu2", "bridge_relu2", "dec2_relu2", "dec1_relu2"]
    names = [f"Dubai part_{layer}.{kind}" for layer in layers for kind in ("png", "npz")]
    assert [path.name for path in written] == [*names, "Dubai part_activations.json"]
    assert set(out.iterdir()) == set(written)

    report = json.loads(written[-1].read_text())
    assert report["model"] == tiny_model
    assert report["part"] == "the whole image, 44 × 30 px"
    assert [layer["layer"] for layer in report["layers"]] == layers
    for layer in report["layers"]:
        with np.load(out / layer["files"][1]) as file:
            maps = file["maps"]
        assert maps.dtype == np.float16
        assert list(maps.shape) == layer["shape"]
        stds = [channel["std"] for channel in layer["channels"]]
        assert stds == sorted(stds, reverse=True)
        assert sorted(c["channel"] for c in layer["channels"]) == list(range(maps.shape[-1]))
        first = layer["channels"][0]
        assert maps[..., first["channel"]].astype(float).std() == pytest.approx(
            first["std"], rel=1e-2
        )
        page = cv2.imread(str(out / layer["files"][0]))
        assert page is not None


def test_named_layers_only_and_nothing_lost_on_an_error(tiny_model, picture, tmp_path):
    out = tmp_path / "out"
    first = write_activations(picture, tiny_model, out, ["dec1_relu2"])
    assert len(first) == 3
    before = {path: path.read_bytes() for path in first}
    with pytest.raises(ModelError, match="did you mean dec1_relu2"):
        write_activations(picture, tiny_model, out, ["enc1_relu1", "dec1_relu"])
    assert {path: path.read_bytes() for path in out.iterdir()} == before
    with pytest.raises(ImageError, match="no such file"):
        write_activations(Path("nowhere.png"), tiny_model, out)
    with pytest.raises(ModelError, match="no model 'other'"):
        write_activations(picture, "other", out)
    with pytest.raises(WorkspaceError):
        write_activations(picture, tiny_model, picture)


def test_layers_of_like_names_get_files_of_their_own() -> None:
    stems = _file_stems(["a/b", "a_b", "A_b", "c"])
    assert stems == {"a/b": "a_b", "a_b": "a_b-2", "A_b": "A_b-3", "c": "c"}
