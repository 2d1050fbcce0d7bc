"""Models are rebuilt from their card, and refused when the two do not fit."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from pydantic import ValidationError

from core.classes import DUBAI_CLASSES
from core.device import tensorflow
from core.errors import ModelError
from core.imagery.normalise import Normalisation
from core.models.architectures.unet import UNetSpec
from core.models.card import CARD_FILE, ModelCard, Training, file_sha256
from core.models.network import build_model, cost
from core.models.store import find_model, list_models, load_model, read_card, save_model
from core.paths import workspace


def saved(name: str, spec: UNetSpec, seed: int = 0) -> Path:
    """A model with random weights in the workspace."""
    tensorflow()
    import keras

    keras.utils.set_random_seed(seed)
    model = build_model(spec)
    folder = workspace().models / name

    def card(sha256: str) -> ModelCard:
        return ModelCard(
            name=name,
            spec=spec,
            classes=DUBAI_CLASSES,
            dtype="uint8",
            normalisation=Normalisation(),
            training=Training(dataset="none"),
            sha256=sha256,
            parameters=model.count_params(),
        )

    save_model(model, folder, "model.weights.h5", card)
    return folder


@pytest.mark.parametrize("norm", ["batch", "group", "none"])
@pytest.mark.parametrize("stem_stride", [1, 2, 4])
def test_every_unet_saves_and_reloads_to_the_same_output(norm: str, stem_stride: int) -> None:
    spec = UNetSpec.model_validate(
        {"width": 8, "depth": 2, "norm": norm, "stem_stride": stem_stride, "bands": 4}
    )
    folder = saved("m", spec, seed=1)
    first, _ = load_model(folder)
    again, card = load_model(folder)
    assert card.spec == spec
    x = np.random.default_rng(0).random((2, 3 * spec.multiple, 2 * spec.multiple, 4), np.float32)
    y = np.asarray(first(x))
    assert y.shape == (*x.shape[:3], spec.classes)
    np.testing.assert_array_equal(y, np.asarray(again(x)))
    assert card.parameters == again.count_params()


def test_unet_has_the_parameters_counted_by_hand() -> None:
    """Width 4, depth 1, no normalisation: 3×3 convolutions with bias, one transposed 2×2."""
    conv = lambda i, o, k=3: i * o * k * k + o  # noqa: E731
    by_hand = (
        conv(3, 4) + conv(4, 4)  # encoder
        + conv(4, 8) + conv(8, 8)  # bridge
        + conv(8, 4, 2)  # up
        + conv(8, 4) + conv(4, 4)  # decoder
        + conv(4, 5, 1)  # logits
    )  # fmt: skip
    assert build_model(UNetSpec(width=4, depth=1, norm="none")).count_params() == by_hand


def test_weights_that_are_not_the_cards_are_refused() -> None:
    folder = saved("m", UNetSpec(width=8, depth=1))
    weights = folder / "model.weights.h5"
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(bytes(data))
    with pytest.raises(ModelError, match="SHA-256"):
        load_model(folder)
    weights.unlink()
    with pytest.raises(ModelError, match="missing"):
        load_model(folder)


def test_weights_of_another_architecture_are_refused() -> None:
    folder = saved("m", UNetSpec(width=8, depth=1))
    card = json.loads((folder / "model.json").read_text())
    card["spec"]["width"] = 12
    (folder / "model.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match=r"has 14,897 parameters, and the card says 6,797"):
        load_model(folder)
    card["parameters"] = cost(UNetSpec(width=12, depth=1), 8).parameters
    (folder / "model.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match="do not fit the architecture"):
        load_model(folder)


def test_a_tampered_spec_is_refused_before_it_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of 256 channels and six halvings takes gigabytes."""
    folder = saved("m", UNetSpec(width=8, depth=1))
    card = json.loads((folder / "model.json").read_text())
    card["spec"] |= {"width": 256, "depth": 6}
    (folder / "model.json").write_text(json.dumps(card))
    monkeypatch.setattr("core.models.store.build_model", lambda spec: pytest.fail("built"))
    with pytest.raises(ModelError, match="the card was changed"):
        load_model(folder)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(value: float) -> None:
    tensorflow()
    folder = saved("m", UNetSpec(width=8, depth=1))
    model, card = load_model(folder)
    layer = next(layer for layer in model.layers if layer.name.startswith("dec1_conv"))
    first, *others = layer.get_weights()
    first.flat[7] = value
    layer.set_weights([first, *others])
    save_model(
        model,
        folder,
        card.weights,
        lambda sha256: card.model_copy(update={"sha256": sha256}),
    )
    with pytest.raises(ModelError, match=f"no numbers, in the layer {layer.name}"):
        load_model(folder)


def test_weights_with_a_flipped_bit_are_refused(space: Path) -> None:
    """Also where the card was made for them: HDF5 says of itself what is damaged, or Keras does."""
    folder = saved("m", UNetSpec(width=8, depth=1))
    weights = folder / "model.weights.h5"
    whole = weights.read_bytes()
    card = json.loads((folder / "model.json").read_text())
    rng = np.random.default_rng(0)
    refused = 0
    for place in (*rng.integers(0, 3000, 24), *rng.integers(0, len(whole), 8)):
        data = bytearray(whole)
        data[place] ^= 0xFF
        weights.write_bytes(data)
        card["sha256"] = hashlib.sha256(data).hexdigest()
        (folder / "model.json").write_text(json.dumps(card))
        try:
            load_model(folder)  # some bytes are of no matter, or another number
        except ModelError:
            refused += 1
    assert refused > 5


@pytest.mark.parametrize(
    "change",
    [{"version": 2}, {"surprise": 1}, {"sha256": "x"}, {"weights": "../../etc/x.weights.h5"}],
)
def test_a_card_with_unknown_or_unsafe_fields_is_refused(change: dict[str, object]) -> None:
    folder = saved("m", UNetSpec(width=8, depth=1))
    card = json.loads((folder / "model.json").read_text()) | change
    (folder / "model.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match="card cannot be read"):
        load_model(folder)


def test_names_are_looked_up_never_joined(tmp_path: Path) -> None:
    folder = saved("mine", UNetSpec(width=8, depth=1))
    assert find_model("mine").folder == folder
    assert "mine" in [ref.name for ref in list_models()]
    for name in ("nothing", "../models/nothing", ""):
        with pytest.raises(ModelError, match=r"known models: .*mine"):
            find_model(name)


def test_interrupted_saving_leaves_the_old_model(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = saved("m", UNetSpec(width=8, depth=1))
    before = {p.name: p.read_bytes() for p in folder.iterdir()}

    class Broken:
        def save_weights(self, path: Path) -> None:
            path.write_bytes(b"half")
            raise OSError(28, "No space left on device")

    from core.errors import WorkspaceError

    with pytest.raises(WorkspaceError, match="disk is full"):
        save_model(Broken(), folder, "model.weights.h5", lambda _: None)  # type: ignore[arg-type, return-value]
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"classes": {"classes": [{"name": "One", "color": "#000000"}]}}, "classes, the table 1"),
        ({"bands": [0, 1], "file_bands": 4}, "2 of 4 bands"),
        ({"bands": [0, 1, 4], "file_bands": 4}, "3 of 4 bands"),
        ({"bands": [0, 1, -1], "file_bands": 4}, "3 of 4 bands"),
        ({"normalisation": {"kind": "standard", "mean": [0.1], "std": [1]}}, "1 values of mean"),
        ({"normalisation": {"kind": "minmax", "low": [0, 0], "high": [1, 1]}}, "2 values of low"),
        ({"normalisation": {"kind": "unit", "divisor": math.nan}}, "finite number"),
        (
            {"normalisation": {"kind": "standard", "mean": [0, math.inf, 0], "std": [1] * 3}},
            "finite",
        ),
        ({"dtype": "object"}, "expected one of uint8"),
        ({"parameters": -1}, "greater than or equal to 1"),
    ],
)
def test_a_card_that_contradicts_itself_is_refused(
    space: Path, change: dict[str, object], complaint: str
) -> None:
    folder = saved("m", UNetSpec(width=8, depth=1))
    card = folder / "model.json"
    content = json.loads(card.read_text()) | change
    card.write_text(json.dumps(content))
    with pytest.raises(ModelError, match=f"card cannot be read: .*{complaint}"):
        load_model(folder)
    with pytest.raises(ValidationError, match=complaint):
        ModelCard.model_validate(content)


NUMBERS = {
    "complex64": np.zeros(1, "complex64").dtype,
    "complex128": np.zeros(1, "complex128").dtype,
    "bool": np.dtype(bool),
    "longdouble": np.dtype(np.longdouble),
    "enum": h5py.enum_dtype({"a": 0, "b": 1}, basetype="i4"),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_weights_of_other_numbers_are_refused(tmp_path: Path, tiny_folder: Path, kind: str) -> None:
    """They were made real numbers silently."""
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "m"))
    weights = folder / read_card(folder).weights
    with h5py.File(weights, "a") as file:
        datasets: list[str] = []
        file.visititems(lambda n, d: datasets.append(n) if isinstance(d, h5py.Dataset) else None)
        values = np.asarray(file[datasets[0]]).astype("i4" if kind == "enum" else NUMBERS[kind])
        del file[datasets[0]]
        file.create_dataset(datasets[0], data=values, dtype=NUMBERS[kind])
    card = json.loads((folder / CARD_FILE).read_text())
    card["sha256"] = file_sha256(weights)
    (folder / CARD_FILE).write_text(json.dumps(card))
    with pytest.raises(ModelError, match="no plain numbers"):
        load_model(folder)


def test_what_a_card_says_is_quoted_in_part(tmp_path: Path, tiny_folder: Path) -> None:
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "m"))
    card = json.loads((folder / CARD_FILE).read_text())
    card["parameters"] = 10**400
    (folder / CARD_FILE).write_text(json.dumps(card))
    with pytest.raises(ModelError, match="cannot be read: parameters") as caught:
        load_model(folder)
    assert len(str(caught.value)) < 500
