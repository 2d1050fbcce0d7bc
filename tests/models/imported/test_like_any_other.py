"""An imported model where others are used: its layers, its feature maps, its graph."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.device import tensorflow
from core.explain.activations import feature_maps
from core.explain.layers import last_activations, list_layers
from core.imagery.raster import read_raster
from core.inference.predictor import Predictor
from core.models.exchange.answers import ImportAnswers
from core.models.exchange.imported_card import Description, card_of
from core.models.exchange.keras_incoming import built_model, keep_model, opened_file
from core.models.keras_file import graph_file
from core.models.store import find_model, load_model
from tests.imagery.test_raster import tiff
from tests.models.imported.networks import bumped, notebook_unet
from tests.models.imported.test_round_trip import nested_with_transfer, sequence

pytestmark = pytest.mark.usefixtures("here")


def kept(model: Any, folder: Path, count: int, name: str = "m") -> None:
    path = folder / f"{name}.keras"
    bumped(model).save(path)
    answers = ImportAnswers(preprocessing="unit", classes=tuple(f"c{i}" for i in range(count)))
    with opened_file(path) as file:
        card = card_of(file, name, Description(answers))
        keep_model(file, card, built_model(file, card))


@pytest.mark.parametrize(
    ("build", "count"), [(notebook_unet, 5), (sequence, 3), (nested_with_transfer, 3)]
)
def test_layers_maps_and_graph(tmp_path: Path, build: Callable[[], Any], count: int) -> None:
    tensorflow()
    kept(build(), tmp_path, count)
    model, card = load_model(find_model("m").folder)
    layers = list_layers(model)
    assert {layer.type for layer in layers} >= {"InputLayer"}
    shown = last_activations(layers) or [layer for layer in layers if layer.viewable]
    side = card.spec.input_size or 64
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    raster = read_raster(tiff(pixels), name="image.tif")
    for layer in shown:
        assert np.isfinite(feature_maps(model, card, raster, layer.name).maps).all()
    assert graph_file("m").stat().st_size > 1000


def test_an_image_larger_than_the_only_size_is_tiled(tmp_path: Path) -> None:
    """Without overlap each tile is predicted by itself: what Keras' predict says of it."""
    tensorflow()
    network = notebook_unet(side=32)
    kept(network, tmp_path, 5)
    model, card = load_model(find_model("m").folder)
    pixels = np.random.default_rng(1).integers(0, 256, (64, 96, 3), np.uint8)
    predictor = Predictor.of_card(model, card, overlap=0.0)
    assert predictor.tile == 32
    result = predictor.probabilities(pixels)
    starts = predictor.tiles(64, 96)
    for top in starts[0].starts:
        for left in starts[1].starts:
            inside = 0 <= top <= 32 and 0 <= left <= 64
            if not inside:
                continue
            tile = (slice(top, top + 32), slice(left, left + 32))
            wanted = network.predict(pixels[tile][None] / np.float32(255), verbose=0)[0]
            np.testing.assert_allclose(result[tile][8:-8, 8:-8], wanted[8:-8, 8:-8], atol=1e-5)
