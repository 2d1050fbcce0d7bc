"""Two label layers compared in the browser, against the confusion matrix of the server."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.evaluation.confusion import confusion
from tests.e2e.viewer_page import GREY, Viewer, given
from ui.viewer.layers import Layer

HIT, FALSE_ALARM, MISS, OTHER = [150, 205, 255], [255, 140, 0], [30, 40, 160], [110, 20, 50]
RANDOM = np.random.default_rng(4)
PREDICTION = RANDOM.choice(np.array([0, 1, 2, 255], np.uint8), (60, 80))
TRUTH = np.where(RANDOM.random((60, 80)) < 0.6, PREDICTION, RANDOM.integers(0, 3, (60, 80)))
TRUTH = TRUTH.astype(np.uint8)
TRUTH[:4] = 255
PREDICTION[30, 40], TRUTH[30, 40] = 1, 2


def compared(page: Any) -> Viewer:
    layers = [
        Layer("prediction", "Prediction", "labels", PREDICTION),
        Layer("truth", "Ground truth", "labels", TRUTH, visible=False),
    ]
    image = np.full((60, 80, 3), GREY, np.uint8)
    viewer = Viewer(page, given(image, layers, mode="difference"))
    viewer.part("opacity-difference").fill("100")
    return viewer


def pixels(viewer: Viewer) -> dict[str, int]:
    names = ("hit", "false-alarm", "miss", "other")
    return {
        name: int(viewer.part(f"difference-{name}").get_attribute("data-pixels")) for name in names
    }


def seen(viewer: Viewer) -> np.ndarray:
    """The colour of every pixel of the image, (60, 80, 3)."""
    canvas = viewer.canvas("difference")
    rows, columns = (np.flatnonzero(canvas[..., 3].any(axis=axis)) for axis in (1, 0))
    shown = canvas[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1, :3]
    down = ((np.arange(60) + 0.5) * shown.shape[0] / 60).astype(int)
    across = ((np.arange(80) + 0.5) * shown.shape[1] / 80).astype(int)
    return shown[np.ix_(down, across)]


def test_counts_and_colours_are_those_of_the_confusion_matrix(page: Any) -> None:
    viewer = compared(page)
    matrix = confusion(TRUTH, PREDICTION, 3)
    hits, false, missed = (
        np.diag(matrix),
        matrix.sum(axis=0) - np.diag(matrix),
        matrix.sum(axis=1) - np.diag(matrix),
    )
    right = int(hits.sum())
    expected = {"hit": right, "false-alarm": 0, "miss": 0, "other": int(matrix.sum()) - right}
    assert pixels(viewer) == expected
    for index in range(3):
        cells = viewer.part(f"difference-class-{index}").locator("td")
        numbers = [cells.nth(i).get_attribute("title").replace(",", "") for i in range(3)]
        assert [int(n) for n in numbers] == [hits[index], false[index], missed[index]]
    void = (TRUTH == 255) | (PREDICTION == 255)
    colors = np.where((TRUTH == PREDICTION)[..., None], HIT, OTHER)
    colors[void] = GREY
    np.testing.assert_array_equal(seen(viewer), colors)

    viewer.part("only-1").click()
    assert pixels(viewer) == {
        "hit": hits[1],
        "false-alarm": false[1],
        "miss": missed[1],
        "other": 0,
    }
    colors[:] = GREY
    colors[(PREDICTION == 1) & (TRUTH != 1) & ~void] = FALSE_ALARM
    colors[(PREDICTION != 1) & (TRUTH == 1) & ~void] = MISS
    colors[(PREDICTION == 1) & (TRUTH == 1)] = HIT
    np.testing.assert_array_equal(seen(viewer), colors)


def test_the_readout_names_both_classes_and_no_hidden_layer(page: Any) -> None:
    viewer = compared(page)
    page.mouse.move(*viewer.point(0.5, 0.5))
    page.keyboard.press("ArrowLeft")  # names the pixel in the middle: nothing to pan when it fits
    assert "Prediction B Ground truth ≠ C Difference Another class" in viewer.readout()
    viewer.part("mode-overlay").click()
    page.mouse.move(*viewer.point(0.5, 0.5))
    assert "Prediction B" in viewer.readout()
    assert "Ground truth" not in viewer.readout()  # it is switched off
    assert viewer.part("difference").is_hidden()


def test_a_single_label_layer_has_nothing_to_be_compared_with(page: Any) -> None:
    layers = [Layer("prediction", "Prediction", "labels", PREDICTION)]
    image = np.full((60, 80, 3), GREY, np.uint8)
    viewer = Viewer(page, given(image, layers, mode="difference"))
    assert viewer.root.get_attribute("data-mode") == "overlay"
    assert viewer.part("mode-difference").is_hidden()


def test_what_is_judged_and_the_reference_change_places(page: Any) -> None:
    viewer = compared(page)
    viewer.part("only-1").click()
    before = pixels(viewer)
    viewer.part("difference-first").select_option("truth")
    viewer.part("difference-second").select_option("prediction")
    after = pixels(viewer)
    assert (after["false-alarm"], after["miss"]) == (before["miss"], before["false-alarm"])
    assert viewer.root.get_attribute("data-layers") == "prediction"  # the truth stays switched off
