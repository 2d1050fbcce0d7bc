"""Tiles of a trained model on a real picture, beside one pass over it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.seams import compare, one_pass
from core.imagery.raster import read_raster
from core.inference.predictor import Predictor
from core.models.store import find_model, load_model

pytestmark = pytest.mark.training


def test_tiles_change_next_to_no_label_inside(real_data: Path) -> None:
    network, card = load_model(find_model("dubai-unet").folder)
    predictor = Predictor.of_card(network, card)
    image = real_data / "dubai/Tile 4/images/image_part_003.jpg"
    pixels = np.ascontiguousarray(read_raster(image).pixels[:448, :900])
    down, across = predictor.tiles(448, 900)
    assert len(down.starts) * len(across.starts) == 2  # one seam to look at
    seams = compare(predictor, pixels, one_pass(predictor, pixels))
    # 0.05 % is what may differ; ramps up to the border, in tiles of 512, left 0.3 %.
    assert seams.different / seams.labels <= 0.0005
    # No more than it cost in two rows of three tiles of 512, with a quarter of overlap.
    assert seams.computed <= 6 * 512**2
