"""A network wired by hand, one channel of which is the class."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.classes import ClassTable, LandClass
from core.imagery.normalise import Normalisation
from core.models.architectures.unet import UNetSpec
from core.models.card import ModelCard, Training

CHANNEL, CHANNELS = 5, 8
BRIGHT = 200  # of class 1; class 0 is dark


def planted_network() -> Any:
    """A functional model of one band and two classes: channel 5 is bright, the others are noise."""
    import keras

    keras.utils.set_random_seed(0)
    inputs = keras.Input((None, None, 1), name="image")
    maps = keras.layers.Conv2D(CHANNELS, 3, padding="same", name="conv")
    active = keras.layers.ReLU(name="active")
    logits = keras.layers.Conv2D(2, 1, name="logits")
    model = keras.Model(inputs, logits(active(maps(inputs))))
    kernel, bias = (weights * 0 for weights in maps.get_weights())
    rng = np.random.default_rng(1)
    kernel[..., :] = rng.normal(0, 0.05, kernel.shape)
    kernel[..., CHANNEL] = 0
    kernel[1, 1, 0, CHANNEL] = 1
    bias[CHANNEL] = -0.5
    maps.set_weights([kernel, bias])
    last = np.zeros((1, 1, CHANNELS, 2), np.float32)
    last[0, 0, :, 0] = 0.01
    last[0, 0, CHANNEL, 1] = 10
    logits.set_weights([last, np.array([1, 0], np.float32)])
    return model


def scene(seed: int, side: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (side, side, 1) uint8 and labels (side, side) uint8: bright rectangles are class 1."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((side, side), np.uint8)
    for _ in range(3):
        row, column = rng.integers(0, side - 16, 2)
        labels[row : row + 14, column : column + 11] = 1
    pixels = np.where(labels == 1, BRIGHT, 40) + rng.integers(-30, 30, labels.shape)
    return pixels.astype(np.uint8)[..., None], labels


def planted_card() -> ModelCard:
    """A card for it: 8-bit values become 0 to 1."""
    return ModelCard(
        name="planted",
        spec=UNetSpec(bands=1, classes=2, width=8, depth=1),
        classes=ClassTable(
            classes=(
                LandClass(name="dark", color="#000000"),
                LandClass(name="bright", color="#FFFFFF"),
            )
        ),
        dtype="uint8",
        normalisation=Normalisation(),
        training=Training(dataset="none", notes="for tests"),
        sha256="0" * 64,
        parameters=1,
    )
