"""The colours that the browser gives what it computes, as people see them."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from ui.viewer.values import ColorMap

FRONTEND = Path(__file__).resolve().parents[3] / "ui/viewer/frontend"

# Machado, Oliveira and Fernandes 2009, "A physiologically-based model for simulation of color
# vision deficiency", severity 1.0; on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def seen(colors: np.ndarray, vision: str) -> np.ndarray:
    """sRGB colours (N, 3) of 0 to 1 as somebody with that vision sees them, in CIELAB (N, 3)."""
    linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear @ np.array(VISION[vision]).T, 0, 1)
    back = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(rgb2lab(back[None])[0])


def outcome_colors() -> np.ndarray:
    """Of hit, false alarm, miss and another class, (4, 3) of 0 to 1."""
    text = (FRONTEND / "layers/difference.js").read_text(encoding="utf-8")
    rows = re.findall(r"outcome: \w+, .*color: \[(\d+), (\d+), (\d+)\]", text)
    assert len(rows) == 4
    return np.array(rows, float) / 255


@pytest.mark.parametrize(
    ("vision", "least"),
    [("normal", 29), ("protanopia", 23), ("deuteranopia", 38), ("tritanopia", 38)],
)
def test_hits_false_alarms_and_misses_differ(vision: str, least: float) -> None:
    """By a colour difference (CIEDE2000) of many times the one that is just noticed, about 2."""
    lab = seen(outcome_colors(), vision)
    apart = min(float(deltaE_ciede2000(a, b)) for a, b in itertools.combinations(lab, 2))
    assert apart > least


def test_the_simulation_confuses_red_and_green() -> None:
    """The colours of the former error map, so that the test above can fail."""
    before = np.array([[46, 160, 67], [229, 30, 60]]) / 255
    normal, impaired = (deltaE_ciede2000(*seen(before, v)) for v in ("normal", "deuteranopia"))
    assert normal > 60 and impaired < 23


@pytest.mark.parametrize("name", get_args(ColorMap))
def test_colour_maps_are_those_of_matplotlib(name: str) -> None:
    """OpenCV has the same tables."""
    text = (FRONTEND / "layers/colormaps.js").read_text(encoding="utf-8")
    digits = re.search(rf"{name}: `([0-9a-f\n]+)`", text)
    assert digits
    table = np.frombuffer(bytes.fromhex(digits[1].replace("\n", "")), np.uint8).reshape(256, 3)
    ramp = np.arange(256, dtype=np.uint8)[None]
    expected = cv2.applyColorMap(ramp, getattr(cv2, f"COLORMAP_{name.upper()}"))[0, :, ::-1]
    np.testing.assert_array_equal(table, expected)
    for vision in ("normal", "deuteranopia", "protanopia"):
        steps = np.diff(seen(table[::16] / 255, vision)[:, 0])
        assert (steps > 0).all()  # ever lighter, whoever looks
