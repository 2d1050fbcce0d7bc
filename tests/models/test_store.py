"""Models are rebuilt from their card, and refused when the two do not fit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from core.classes import DUBAI_CLASSES
from core.device import tensorflow
from core.errors import ModelError
from core.imagery.normalise import Normalisation
from core.models.architectures.unet import UNetSpec
from core.models.card import ModelCard, Training
from core.models.network import build_model
from core.models.store import find_model, list_models, load_model, save_model
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
    with pytest.raises(ModelError, match="do not fit the architecture"):
        load_model(folder)


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
    ],
)
def test_a_card_that_contradicts_itself_is_refused(
    space: Path, change: dict[str, object], complaint: str
) -> None:
    folder = saved("m", UNetSpec(width=8, depth=1))
    card = folder / "model.json"
    content = json.loads(card.read_text()) | change
    card.write_text(json.dumps(content))
    with pytest.raises(ModelError, match="card cannot be read"):
        load_model(folder)
    with pytest.raises(ValidationError, match=complaint):
        ModelCard.model_validate(content)
