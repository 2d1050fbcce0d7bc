from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from core.errors import ImageError, ModelError
from core.explain.activations import feature_maps
from core.explain.layers import last_activations, list_layers
from core.explain.window import Window
from core.imagery.normalise import Normalisation
from core.inference.predictor import Predictor
from core.models.architectures.unet_vgg11 import UNetVGG11Spec
from core.models.architectures.zoo_spec import ZooSpec
from core.models.card import ModelCard
from core.models.keras_file import graph_file
from core.models.model_input import ModelInput
from core.models.network import block_of, build_model, encoder_layers
from core.models.store import load_model
from core.paths import workspace
from tests.tiny import save_tiny_model

pytestmark = pytest.mark.training

_LIGHT = ZooSpec(architecture="sm-fpn", backbone="mobilenetv2", classes=5)
_FIXED = ZooSpec(architecture="sm-pspnet", backbone="resnet18", classes=5, size=96)


Saved = Callable[[ZooSpec | UNetVGG11Spec], Path]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    """The folder of a network with random weights, built and saved once."""

    @cache
    def folder(spec: ZooSpec | UNetVGG11Spec) -> Path:
        place = tmp_path_factory.mktemp("zoo") / "model"
        save_tiny_model(place, spec=spec)
        return place

    return folder


@pytest.fixture(scope="module")
def fixed(saved: Saved) -> tuple[Any, ModelCard]:
    """The network that takes one size alone, with its card."""
    return load_model(saved(_FIXED))


def test_nothing_is_said_on_stdout(capfd: pytest.CaptureFixture[str]) -> None:
    build_model(ZooSpec(backbone="resnet18", bands=4))
    assert capfd.readouterr().out == ""


def test_names_tell_the_place_and_do_not_depend_on_what_was_built_before() -> None:
    first, second = (build_model(ZooSpec(backbone="seresnet50")) for _ in range(2))
    names = [layer.name for layer in first.layers]
    assert names == [layer.name for layer in second.layers]
    assert len(set(names)) == len(names)
    spec = ZooSpec(backbone="seresnet50")
    blocks = {block_of(spec, name) for name in names}
    # The stem works at half the resolution: nothing of the encoder is at the first level.
    levels = {f"enc{i}" for i in range(2, 7)}
    assert {b for b in blocks if b.startswith("enc")} == levels | {"enc1"} & blocks
    assert {f"dec{i}" for i in range(1, 6)} <= blocks
    # What is frozen is the encoder alone.
    assert not any(layer.name.startswith("decoder") for layer in encoder_layers(first, spec))


def test_pspnet_without_a_size_is_refused() -> None:
    with pytest.raises(ModelError, match="multiple of 48"):
        build_model(ZooSpec(architecture="sm-pspnet", backbone="resnet18"))


@pytest.mark.parametrize("shape", [(40, 51), (96, 96), (200, 131)])
def test_pspnet_predicts_images_of_any_size(
    shape: tuple[int, int], fixed: tuple[Any, ModelCard]
) -> None:
    """Tiles of its own size; a constant image gives the same answer wherever it is cut."""
    model, _ = fixed
    predictor = Predictor(model, ModelInput.of_spec(_FIXED, Normalisation()))
    assert predictor.tile == 96
    probabilities = predictor.probabilities(np.full((*shape, 3), 100, np.uint8))
    one = np.asarray(model(np.full((1, 96, 96, 3), 100 / 255, np.float32)))[0]
    low, high = _softmax(one).min(axis=(0, 1)), _softmax(one).max(axis=(0, 1))
    assert probabilities.shape == (*shape, 5)
    assert (probabilities >= low - 1e-5).all() and (probabilities <= high + 1e-5).all()


def test_pspnet_predicts_at_several_scales_in_tiles_of_its_own_size(
    fixed: tuple[Any, ModelCard],
) -> None:
    model, _ = fixed
    pixels = np.random.default_rng(1).integers(0, 256, (144, 192, 3)).astype(np.uint8)
    settings = ModelInput.of_spec(_FIXED, Normalisation())
    both = Predictor(model, settings, scales=(0.5, 1)).probabilities(pixels)
    assert both.shape == (144, 192, 5)
    own = Predictor(model, settings).probabilities(pixels)
    small = cv2.resize(pixels.astype(np.float32), (96, 72), interpolation=cv2.INTER_AREA)
    half = Predictor(model, settings).probabilities(small)
    back = cv2.resize(half, (192, 144), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(both, (own + back) / 2, atol=1e-5)


def test_pspnet_uses_its_tiles_as_the_model_is_called(fixed: tuple[Any, ModelCard]) -> None:
    model, _ = fixed
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (96, 96, 3)).astype(np.uint8)
    predictor = Predictor(model, ModelInput.of_spec(_FIXED, Normalisation()), overlap=0)
    one = np.asarray(model((pixels / np.float32(255))[None]))[0]
    np.testing.assert_allclose(predictor.probabilities(pixels), _softmax(one), atol=1e-5)


@pytest.mark.parametrize("spec", [_LIGHT, _FIXED, UNetVGG11Spec(classes=5)], ids=repr)
def test_inspect_looks_into_it(spec: ZooSpec | UNetVGG11Spec, saved: Saved) -> None:
    model, card = load_model(saved(spec))
    ends = last_activations(list_layers(model))
    assert ends
    image = np.random.default_rng(0).integers(0, 256, (70, 90, 3)).astype(np.uint8)
    for layer in (ends[0], ends[-1]):
        maps = feature_maps(model, card, image, layer.name)
        down, across = maps.stride
        assert maps.maps.shape[:2] == (int(np.ceil(70 / down)), int(np.ceil(90 / across)))
        assert maps.maps.shape[2] == layer.channels


def test_of_a_large_image_pspnet_is_shown_a_window_of_its_size(
    fixed: tuple[Any, ModelCard],
) -> None:
    model, card = fixed
    image = np.zeros((300, 400, 3), np.uint8)
    maps = feature_maps(model, card, image, "logits_full")
    assert (maps.window.height, maps.window.width) == (96, 96)
    with pytest.raises(ImageError, match="larger than 96 px"):
        feature_maps(model, card, image, "logits_full", part=Window(0, 0, 200, 200))


@pytest.mark.parametrize("spec", [_LIGHT, UNetVGG11Spec(classes=5)], ids=repr)
def test_netron_gets_its_graph(
    spec: ZooSpec | UNetVGG11Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, saved: Saved
) -> None:
    monkeypatch.setenv("DSI_WORKSPACE", str(tmp_path))
    shutil.copytree(saved(spec), workspace().models / "graph")
    path = graph_file("graph")
    assert path.suffix == ".keras" and path.stat().st_size > 1_000_000


def _softmax(logits: np.ndarray) -> np.ndarray:
    risen = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return risen / risen.sum(axis=-1, keepdims=True)
