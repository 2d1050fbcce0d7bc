"""A model from a notebook on the command line: taken, used like any other, or refused in a line."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from core.cli.main import main
from core.imagery.normalise import IMAGENET_MEAN, IMAGENET_STD
from core.models.exchange.incoming import import_archive
from core.models.exchange.names import delete_model, rename_model
from core.models.exchange.outgoing import model_archive
from core.models.store import find_model, load_model, read_card
from tests.models.imported.networks import bumped, notebook_unet

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is looked into in this process; the other is tested in `tests/models/imported`."""
    from core.models.exchange import check_process as archive_process
    from core.models.exchange import incoming
    from core.models.imported import check_process, open_file

    class Here:
        def __init__(self, module: str, *_: Any) -> None:
            self.module = check_process if "imported" in module else archive_process

        def call(self, function: str, *arguments: Any, seconds: float) -> Any:
            return getattr(self.module, function)(*arguments)

        def close(self) -> None: ...

    monkeypatch.setattr(open_file, "Bounded", Here)
    monkeypatch.setattr(incoming, "Bounded", Here)


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A U-Net of one size, five channels, in the old format."""
    path = tmp_path_factory.mktemp("notebook") / "my unet.h5"
    bumped(notebook_unet(side=64)).save(path)
    return path


def take(file: Path, *arguments: str) -> int:
    return main(["import-model", str(file), *arguments])


def refusal(capsys: pytest.CaptureFixture[str], file: Path, *arguments: str) -> str:
    assert take(file, *arguments) == 1
    out, err = capsys.readouterr()
    assert not out
    lines = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    assert "Traceback" not in err
    return lines[0]


def test_from_a_notebook_to_a_map(
    capsys: pytest.CaptureFixture[str], notebook: Path, tmp_path: Path, demo_dataset: Path
) -> None:
    """Taken, listed, predicted with tiles of its size, evaluated, renamed, packed, deleted."""
    assert (
        take(notebook, "--name", "mine", "--like", "dubai-unet", "--set", "preprocessing=unit") == 0
    )
    out = capsys.readouterr().out
    parameters = f"{notebook_unet().count_params():,} parameters"
    assert f"mine: Imported, {parameters}, 3 bands of uint8, output softmax" in out
    card = read_card(find_model("mine").folder)
    assert (card.spec.input_size, card.training.dataset) == (64, "unknown data")
    assert "my unet.h5" in card.training.notes
    assert main(["models", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["models"]
    assert next(m for m in listed if m["name"] == "mine")["architecture"] == "imported"

    # An image of one tile, whose map is what Keras' own predict says.
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    image = tmp_path / "tile.png"
    cv2.imwrite(str(image), pixels[..., ::-1])
    assert main(["predict", str(image), "--model", "mine", "--out", str(tmp_path / "out"),
                 "--overlap", "0"]) == 0  # fmt: skip
    import keras

    wanted = keras.models.load_model(notebook).predict(pixels[None] / 255, verbose=0)[0]
    labels = cv2.imread(str(tmp_path / "out/tile_labels.png"), cv2.IMREAD_UNCHANGED)
    surely = np.sort(wanted, axis=-1)
    clear = surely[..., -1] - surely[..., -2] > 1e-5
    assert clear.mean() > 0.95
    np.testing.assert_array_equal(labels[clear], wanted.argmax(axis=-1)[clear])
    capsys.readouterr()
    assert main(["evaluate", "--model", "mine", "--dataset", str(demo_dataset), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["images"] == 12

    before = load_model(find_model("mine").folder)[0](pixels[None] / np.float32(255))
    packed = io.BytesIO(model_archive(find_model("mine")))
    rename_model(find_model("mine"), "renamed")
    import_archive(packed, "again")
    for name in ("renamed", "again"):
        model, card = load_model(find_model(name).folder)
        assert card.name == name
        np.testing.assert_array_equal(model(pixels[None] / np.float32(255)), before)
    delete_model(find_model("renamed"))
    assert not (find_model("again").folder.parent / "renamed").exists()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["preprocessing=unit"], "does not say what its classes are"),
        (["classes=a,b,c,d,e"], "does not say how pixel values become"),
        (["preprocessing=unit", "classes=a,b"], "puts out 5 channels, and 2 class names are given"),
        (["preprocessing=unit", "classes=a,b,c,d"], "say what its first channel is"),
        (["preprocessing=unit", "classes=a,a,b,c,d"], "two classes have the same name"),
        (["preprocessing=louder"], "fix preprocessing"),
        (["bands=0,1", "preprocessing=unit", "classes=a,b,c,d,e"], "takes 3 bands, and 2 are ch"),
        (["preprocessing=custom", "classes=a,b,c,d,e"], "expected 3 values of mean"),
        (["colour=red"], "there is no setting 'colour'"),
        (["nonsense"], "expected KEY=VALUE"),
        (["model.architecture=unet", "preprocessing=unit"], "says itself what network it is"),
        (["dataset=nowhere", "preprocessing=unit"], "nowhere"),
    ],
)
def test_a_missing_or_wrong_answer_is_one_line(
    capsys: pytest.CaptureFixture[str], notebook: Path, settings: list[str], words: str
) -> None:
    given = [part for setting in settings for part in ("--set", setting)]
    assert words in refusal(capsys, notebook, "--name", "x", *given)
    assert not any(Path(find_model("dubai-unet").folder).parent.glob("x"))


def test_names_and_other_files_are_refused(
    capsys: pytest.CaptureFixture[str], notebook: Path, tmp_path: Path
) -> None:
    assert "already" in refusal(capsys, notebook, "--name", "dubai-unet")
    assert "cannot be used as a name" in refusal(capsys, notebook, "--name", "../x")
    assert "no model 'none'" in refusal(capsys, notebook, "--name", "x", "--like", "none")
    other = tmp_path / "net.onnx"
    other.write_bytes(b"\x08\x07")
    assert "ONNX is not read" in refusal(capsys, other, "--name", "x")


def card_with(notebook: Path, *settings: str) -> Any:
    given = [part for setting in settings for part in ("--set", setting)]
    assert take(notebook, "--name", "x", "--set", "classes=a,b,c,d,e", *given) == 0
    card = read_card(find_model("x").folder)
    delete_model(find_model("x"))
    return card


def test_presets_are_what_keras_applications_compute(notebook: Path) -> None:
    """Each preset against `preprocess_input` of keras.applications, on the same pixels."""
    from core.models.model_input import ModelInput

    pixels = np.random.default_rng(1).integers(0, 256, (8, 8, 3), np.uint8)
    from keras.src.applications.imagenet_utils import preprocess_input

    for preset, mode in (("symmetric", "tf"), ("imagenet", "torch"), ("caffe", "caffe")):
        card = card_with(notebook, f"preprocessing={preset}")
        result = ModelInput.of_card(card).prepare(pixels)
        wanted = preprocess_input(pixels.astype(np.float32), mode=mode)
        np.testing.assert_allclose(result, wanted, atol=1e-5, err_msg=preset)
    plain = ModelInput.of_card(card_with(notebook, "preprocessing=none")).prepare(pixels)
    np.testing.assert_array_equal(plain, pixels)
    unit = ModelInput.of_card(card_with(notebook, "preprocessing=unit")).prepare(pixels)
    np.testing.assert_allclose(unit, pixels / 255, atol=1e-7)
    custom = card_with(notebook, "preprocessing=custom", "mean=1,2,3", "std=4,5,6", "divisor=2")
    np.testing.assert_allclose(
        ModelInput.of_card(custom).prepare(pixels),
        (pixels / 2 - (1, 2, 3)) / (4, 5, 6),
        atol=1e-5,
    )
    assert (IMAGENET_MEAN[0], IMAGENET_STD[0]) == (0.485, 0.229)


def test_bands_of_an_image_with_more_of_them(notebook: Path) -> None:
    from core.models.model_input import ModelInput

    card = card_with(notebook, "preprocessing=none", "bands=3,1,0", "file_bands=5", "dtype=uint16")
    assert (card.bands, card.file_bands, card.dtype) == ((3, 1, 0), 5, "uint16")
    pixels = np.arange(4 * 5, dtype=np.uint16).reshape(2, 2, 5)
    np.testing.assert_array_equal(ModelInput.of_card(card).prepare(pixels), pixels[..., [3, 1, 0]])


def test_background_comes_before_the_classes_of_a_dataset(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, demo_dataset: Path
) -> None:
    path = tmp_path / "six.keras"
    bumped(notebook_unet(channels=6)).save(path)
    common = ("--set", "preprocessing=unit", "--set", f"dataset={demo_dataset}", "--set")
    assert take(path, "--name", "with", *common, "class_0=background") == 0
    assert take(path, "--name", "without", *common, "class_0=void") == 0
    capsys.readouterr()
    with_, without = (read_card(find_model(name).folder) for name in ("with", "without"))
    assert with_.classes.names == ("Background", *without.classes.names)
    assert without.spec.drop_first and without.masks is not None and with_.masks is None
    pixels = np.zeros((1, 64, 64, 3), np.float32)
    assert load_model(find_model("without").folder)[0](pixels).shape[-1] == 5


@pytest.mark.parametrize("suffix", [".weights.h5", "_weights.h5", ".safetensors"])
def test_weights_alone_of_a_network_of_ours(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, tiny_model: str, suffix: str
) -> None:
    model, card = load_model(find_model(tiny_model).folder)
    path = tmp_path / f"w{suffix}"
    if suffix == ".safetensors":
        from core.models.weights.safetensors import write_tensors

        write_tensors(
            path,
            {
                f"{layer.name}/{w.name}": np.asarray(w)
                for layer in model.layers
                for w in layer.weights
            },
        )
    elif suffix == ".weights.h5":
        model.save_weights(path)
    else:
        model.save(tmp_path / "whole.h5")
        path = tmp_path / "alone.h5"
        _weights_alone(tmp_path / "whole.h5", path)
    assert "weights alone" in refusal(
        capsys, path, "--name", "x", "--set", "preprocessing=unit", "--set", "classes=a"
    )
    assert take(path, "--name", "like", "--like", tiny_model) == 0
    width = ("--set", "model.architecture=unet", "--set", "model.width=8", "--set", "model.depth=2")
    names = ("--set", "classes=a,b,c,d,e", "--set", "preprocessing=unit")
    assert take(path, "--name", "named", *width, *names) == 0
    pixels = np.random.default_rng(2).uniform(0, 1, (1, 64, 64, 3)).astype(np.float32)
    for name in ("like", "named"):
        again, own = load_model(find_model(name).folder)
        np.testing.assert_array_equal(again(pixels), model(pixels))
        assert own.spec == card.spec
    wrong = (*width[:-1], "model.depth=3", *names)
    capsys.readouterr()
    assert "error" in refusal(capsys, path, "--name", "deeper", *wrong)


def _weights_alone(whole: Path, path: Path) -> None:
    """The weights of a legacy file as `save_weights` of Keras 2 wrote them."""
    import h5py

    with h5py.File(whole) as source, h5py.File(path, "w") as target:
        for name, group in source["model_weights"].items():
            source.copy(group, target, name)
        for key, value in source["model_weights"].attrs.items():
            target.attrs[key] = value


def test_weights_alone_of_the_zoo_with_one_channel(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """segmentation-models' usual network for buildings: a sigmoid of one channel."""
    import contextlib
    import importlib

    from core.device import tensorflow

    tensorflow()
    with contextlib.redirect_stdout(io.StringIO()):
        package = importlib.import_module("segmentation_models")
    network = bumped(
        package.Unet("resnet18", classes=1, activation="sigmoid", encoder_weights=None)
    )
    whole, path = tmp_path / "whole.h5", tmp_path / "w.h5"
    network.save(whole)
    _weights_alone(whole, path)
    settings = ["model.architecture=sm-unet", "model.backbone=resnet18", "classes=Other,Building",
                "output=sigmoid", "preprocessing=none"]  # fmt: skip
    given = [part for setting in settings for part in ("--set", setting)]
    assert take(path, "--name", "roofs", *given) == 0
    pixels = np.random.default_rng(4).uniform(0, 255, (1, 64, 64, 3)).astype(np.float32)
    logits = np.asarray(load_model(find_model("roofs").folder)[0](pixels), np.float64)
    share = 1 / (1 + np.exp(logits[..., 0] - logits[..., 1]))
    np.testing.assert_allclose(share, network.predict(pixels, verbose=0)[..., 0], atol=1e-5)


def test_a_damaged_folder_is_said(
    notebook: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, demo_dataset: Path
) -> None:
    """Layers and weights are those that the card was written for, or the model is not opened."""
    like = ("--like", "dubai-unet", "--set", "preprocessing=unit")
    assert take(notebook, "--name", "m", *like) == 0
    folder = find_model("m").folder
    capsys.readouterr()
    text = (folder / "network.json").read_text()

    def message() -> str:
        image = next(demo_dataset.rglob("*.jpg"))
        assert main(["predict", str(image), "--model", "m", "--out", str(tmp_path / "o")]) == 1
        return capsys.readouterr().err

    (folder / "network.json").write_text(text.replace('"softmax"', '"sigmoid"'))
    assert "the layers do not match the SHA-256" in message()
    (folder / "network.json").unlink()
    assert "the layers of the model are missing" in message()
    (folder / "network.json").write_text(text)
    weights = folder / "model.weights.h5"
    weights.write_bytes(weights.read_bytes()[:-1])
    assert "the weights do not match the SHA-256" in message()
