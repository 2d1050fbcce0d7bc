"""What a training begins with: encoders from a server, models with other bands and classes."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.datasets.batches.augment import Augmenter
from core.datasets.batches.labelled_image import LabelledImage, without_gaps
from core.datasets.recipes.recipe import Augmentation
from core.errors import ConfigError, ModelError
from core.imagery.normalise import Normalisation
from core.models.architectures.zoo_spec import ZooSpec
from core.models.store import load_model
from core.models.weights import imagenet
from core.models.weights.lite0_weights import read_lite0
from core.models.weights.pretrained import pretrained_normalisation
from core.paths import BUNDLED_ENCODERS, workspace
from core.training.config import TrainConfig, with_settings
from core.training.runs.run import create_run
from core.training.session.initial_weights import read_initial_weights
from core.training.session.train import train
from tests.weights_server import served, vgg11_tensors, write_safetensors

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("eager")]

# A learning rate of next to nothing: what comes out is what was begun with.
GENTLE = [
    "recipe.split.kind=fixed",  # one image each, for VGG11 is slow
    'recipe.split.val_samples=["Tile 2/image_part_001"]',
    'recipe.split.test_samples=["Tile 3/image_part_001"]',
    "epochs=1",
    "steps=1",
    "batch=1",
    "learning_rate=1e-12",
    "optimizer=sgd",  # no moments, which for VGG11 would be 180 MB to write
    "momentum=0",
    "weight_decay=0",
    "recipe.patch.size=32",
    "precision=float32",
    "timelapse=0",
    "tensorboard=false",
]
VGG11 = ["model.architecture=unet-vgg11", "encoder_weights=imagenet"]
SMALL = ["model.width=8", "model.depth=1"]


@pytest.fixture
def config(demo_dataset: Path) -> TrainConfig:
    return with_settings(TrainConfig(dataset=str(demo_dataset)), GENTLE)


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("remote") / "model.safetensors"
    write_safetensors(path, vgg11_tensors(), 1024)
    return path


def at(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    row = replace(imagenet._BY_ENCODER["vgg11"], address=address)
    monkeypatch.setitem(imagenet._BY_ENCODER, "vgg11", row)


def test_an_encoder_is_fetched_once_and_what_it_expects_goes_with_the_model(
    config: TrainConfig, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages: list[str] = []
    with served(remote) as (address, asked):
        at(monkeypatch, address)
        run = create_run("first", with_settings(config, [*VGG11, "recipe.normalisation=unit"]))
        write = type(run).write_status
        monkeypatch.setattr(
            type(run),
            "write_status",
            lambda self, status: messages.append(status.message) or write(self, status),
        )
        card = train(run)
        assert len(asked) == 3
    assert "Fetching ImageNet weights: 36.9 of 36.9 MB." in messages
    assert "VGG11" in card.training.notes.upper() and "8 layers" in card.training.notes
    assert "BSD-3-Clause" in card.training.notes
    assert card.training.notes in messages
    model, _ = load_model(run.folder)
    for name, place in (("conv1", 0), ("conv5", 18)):
        kernel = vgg11_tensors()[f"features.{place}.weight"].transpose(2, 3, 1, 0)
        np.testing.assert_allclose(model.get_layer(name).get_weights()[0], kernel, atol=1e-6)
    expected = card.normalisation.weights
    assert expected is not None
    assert (expected.mean, expected.std) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    # The server is gone. A second training does without it, with other bands, from the cache.
    two = with_settings(config, [*VGG11, "recipe.bands=[0, 2]", "freeze_encoder=1"])
    card = train(create_run("second", two))
    assert "adapted to 2 bands" in card.training.notes
    # And one that goes on from a model goes on to give it what it expects.
    on = with_settings(
        config, ["model.architecture=unet-vgg11", "start_from=first", "recipe.bands=[1]"]
    )
    card = train(create_run("third", on))
    weights = card.normalisation.weights
    assert weights is not None
    np.testing.assert_allclose(weights.mean, [np.mean(expected.mean)])
    assert "conv1 adapted from 3 to 1 band" in card.training.notes


def test_an_encoder_that_comes_with_the_program_is_not_fetched(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> None:
        raise AssertionError("something is fetched")

    monkeypatch.setattr("core.models.weights.cache._opened", refused)
    lite0 = ["model.architecture=unet-lite0", "encoder_weights=imagenet", "encoder_rate=0.5"]
    card = train(create_run("lite0", with_settings(config, lite0)))
    assert "efficientnet-lite0: 96 layers" in card.training.notes
    assert "Apache 2.0" in card.training.notes
    assert list(workspace().weights.iterdir()) == []
    model, _ = load_model(workspace().runs / "lite0")
    stored = read_lite0(BUNDLED_ENCODERS / "efficientnet-lite0.safetensors")
    for name in ("enc1_stem", "enc3_block3_depthwise", "enc5_block15_project"):
        np.testing.assert_allclose(model.get_layer(name).get_weights()[0], stored[name][0])
    # Both of its first layers are adapted to other bands.
    on = ["model.architecture=unet-lite0", "start_from=lite0", "recipe.bands=[1]"]
    card = train(create_run("on", with_settings(config, on)))
    assert "enc1_stem" in card.training.notes and "stem_conv" in card.training.notes
    assert "3 to 1 band" in card.training.notes


def test_no_server_is_reported_with_the_address_and_the_other_way(
    config: TrainConfig, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(remote) as (address, _):
        pass
    at(monkeypatch, address)
    run = create_run("alone", with_settings(config, VGG11))
    with pytest.raises(ModelError, match="cannot be fetched"):
        train(run)
    status = run.status()
    assert status.state == "failed"
    assert address in status.message and "encoder_weights=FILE" in status.message
    # As it says: a file that came by another way.
    shutil.copy(remote, workspace().weights / "carried.safetensors")
    carried = [VGG11[0], "encoder_weights=carried.safetensors"]
    card = train(create_run("carried", with_settings(config, carried)))
    assert "carried.safetensors" in card.training.notes
    assert card.normalisation.weights is not None


def test_a_stop_ends_the_download(
    config: TrainConfig, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create_run("stopped", with_settings(config, VGG11))
    write = type(run).write_status

    def stop_while_fetching(self, status) -> None:  # type: ignore[no-untyped-def]
        write(self, status)
        if status.message.startswith("Fetching"):
            self.request_stop()

    monkeypatch.setattr(type(run), "write_status", stop_while_fetching)
    with served(remote) as (address, _):
        at(monkeypatch, address)
        with pytest.raises(Exception, match="as you asked"):
            train(run)
    assert run.status().state == "stopped"
    assert list(workspace().weights.iterdir()) == []


def test_both_at_once_are_refused_by_key(config: TrainConfig, trained: Path) -> None:
    shutil.copytree(trained, workspace().runs / "first")
    both = with_settings(config, [*VGG11, "start_from=first"])
    with pytest.raises(ConfigError, match="either with a model") as error:
        train(create_run("both", both))
    assert error.value.where == "encoder_weights"


def test_other_bands_are_taken_over_and_said_and_another_network_is_refused(
    config: TrainConfig,
) -> None:
    train(create_run("first", with_settings(config, SMALL)))
    wider = with_settings(config, [*SMALL, "start_from=first", "recipe.bands=[0, 1]"])
    run = create_run("two bands", wider)
    card = train(run)
    assert "enc1_conv1 adapted from 3 to 2 bands" in card.training.notes
    assert card.normalisation.weights is None
    initial_weights = read_initial_weights(run)
    assert initial_weights is not None and initial_weights.notes == card.training.notes
    first, _ = load_model(workspace().runs / "first")
    second, _ = load_model(run.folder)
    before, after = (m.get_layer("enc1_conv1").get_weights()[0] for m in (first, second))
    wanted = np.repeat(before.mean(axis=2, keepdims=True) * 3 / 2, 2, axis=2)
    np.testing.assert_allclose(after, wanted, atol=1e-6)

    deeper = with_settings(config, ["model.width=8", "model.depth=2", "start_from=first"])
    with pytest.raises(ConfigError, match="its depth is 1, not 2") as error:
        train(create_run("deeper", deeper))
    assert error.value.where == "start_from"


def test_gaps_and_colours_keep_to_the_type_and_to_the_values() -> None:
    own = Normalisation(kind="standard", mean=(0.3,) * 3, std=(0.2,) * 3)
    normalise = pretrained_normalisation(own, ZooSpec(backbone="resnet18"), 3)
    # What the weights take for black lies below what 8 bits hold.
    assert (normalise.fill() < 0).all()
    valid = np.ones((4, 4), bool)
    valid[0] = False
    pixels = np.full((4, 4, 3), 200, np.uint8)
    (filled,) = without_gaps(
        [LabelledImage("x", pixels, np.zeros((4, 4), np.uint8), valid)], normalise
    )
    assert (filled.pixels[0] == 0).all() and (filled.pixels[1:] == 200).all()
    # Changes of colour are relative to the values there are, not to what the weights expect.
    wanted = Augmentation(brightness=0.2)
    before = Augmenter(wanted, own, 3, np.uint8)
    after = Augmenter(wanted, normalise, 3, np.uint8)
    assert after.range == before.range
    # Without changes, a crop comes out as prediction has it.
    still = Augmenter(Augmentation(flips=False, quarter_turns=False), normalise, 3, np.uint8)
    scaled = normalise.scaled(pixels, cut=False)[None]
    images, _ = still(scaled, np.zeros((1, 4, 4), np.uint8), valid[None], 0)
    np.testing.assert_allclose(np.asarray(images)[0], normalise(pixels, valid), rtol=1e-5)
