"""Layers of numbers in the browser: colours, readout, and the threshold that marks labels."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from tests.e2e.viewer_page import COLORS, GREY, Viewer, given
from ui.viewer.layers import Layer
from ui.viewer.values import Threshold, ValueLayer

HEIGHT, WIDTH = 60, 80
CODES = (np.arange(HEIGHT)[:, None] * 4 + np.arange(WIDTH) // 16).astype(np.uint8)  # 0 to 240
HATCH = ([40, 40, 40], [225, 225, 225])


def mounted(page: Any, codes: np.ndarray = CODES, **changes: Any) -> Viewer:
    labels = np.full((HEIGHT, WIDTH), 1, np.uint8)
    labels[:, 60:] = 255
    settings: dict[str, Any] = {"visible": False, "opacity": 1} | changes
    layers = [
        Layer("prediction", "Prediction", "labels", labels, opacity=1),
        ValueLayer(
            "sure",
            "Confidence",
            codes,
            0,
            1,
            threshold=Threshold("prediction", "Confidence threshold", 0),
            **settings,
        ),
    ]
    image = np.full((HEIGHT, WIDTH, 3), GREY, np.uint8)
    return Viewer(page, given(image, layers))


def seen(viewer: Viewer) -> np.ndarray:
    """The colour of every pixel of the image, (60, 80, 3)."""
    canvas = viewer.canvas("overlay")
    rows, columns = (np.flatnonzero(canvas[..., 3].any(axis=axis)) for axis in (1, 0))
    shown = canvas[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1, :3]
    down = ((np.arange(HEIGHT) + 0.5) * shown.shape[0] / HEIGHT).astype(int)
    across = ((np.arange(WIDTH) + 0.5) * shown.shape[1] / WIDTH).astype(int)
    return shown[np.ix_(down, across)]


def test_values_have_the_colours_of_their_map_and_none_where_there_is_no_value(page: Any) -> None:
    viewer = mounted(page, visible=True, colors="cividis")
    index = np.rint((CODES.astype(float) - 1) / 254 * 255).clip(0).astype(np.uint8)
    expected = cv2.applyColorMap(index, cv2.COLORMAP_CIVIDIS)[..., ::-1].copy()
    expected[CODES == 0] = COLORS[1]  # the label below it
    np.testing.assert_array_equal(seen(viewer), expected)


def test_below_the_threshold_labels_are_hatched_without_the_server(page: Any) -> None:
    viewer = mounted(page)
    before = seen(viewer)
    assert (before[:, :60] == COLORS[1]).all()
    viewer.part("threshold-sure").fill("0.5")
    unsure = (CODES > 0) & (CODES < 128)
    unsure[:, 60:] = False  # void
    after = seen(viewer)
    hatched = (after == HATCH[0]).all(axis=-1) | (after == HATCH[1]).all(axis=-1)
    np.testing.assert_array_equal(hatched, unsure)
    np.testing.assert_array_equal(after[~unsure], before[~unsure])
    share = ((CODES > 0) & (CODES < 128)).sum() / (CODES > 0).sum()
    assert viewer.part("unsure-sure").inner_text() == f"unsure: {100 * share:.1f}% of the pixels"
    page.mouse.move(*viewer.point(0.5, 0.2))
    assert "Prediction B (unsure)" in viewer.readout()
    assert "Confidence" not in viewer.readout()  # it is switched off
    page.mouse.move(*viewer.point(0.5, 0.9))
    assert "Prediction B" in viewer.readout() and "unsure" not in viewer.readout()
    viewer.part("threshold-sure").fill("0")
    np.testing.assert_array_equal(seen(viewer), before)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_readout_says_the_value_with_its_unit(page: Any, dtype: type) -> None:
    most = np.iinfo(dtype).max
    random = np.random.default_rng(2).integers(1, most, (HEIGHT, WIDTH), endpoint=True)
    codes = random.astype(dtype)
    layer = ValueLayer("height", "Height", codes, -5, 45, unit="m")
    image = np.full((HEIGHT, WIDTH, 3), GREY, np.uint8)
    viewer = Viewer(page, given(image, [layer]))
    for x, y in ((0.3, 0.2), (0.5, 0.7), (0.61, 0.44)):
        page.mouse.move(*viewer.point(x, y))
        words = viewer.readout().split()
        column, row = int(words[1]), int(words[3])
        value = -5 + (int(codes[row, column]) - 1) / (most - 1) * 50
        digits = 1 if dtype == np.uint8 else 4
        assert words[-2:] == [f"{value:.{digits}f}", "m"]
    assert viewer.page.get_by_role("img", name="Height: colours from -5").is_visible()
