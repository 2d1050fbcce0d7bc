"""Full screen keeps every layer, a hidden one is named nowhere, and the tools fit when narrow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.e2e.viewer_page import GREY, SIZE, Viewer, data, given
from ui.viewer.layers import Layer
from ui.viewer.values import ValueLayer


def layered() -> dict[str, Any]:
    """An image with four layers, all shown."""
    labels = np.zeros(SIZE, np.uint8)
    layers = [
        Layer("prediction", "Prediction", "labels", labels),
        Layer("truth", "Ground truth", "labels", labels + 1),
        ValueLayer("sure", "Confidence", labels + 9, 0, 1),
        ValueLayer("heat", "Channel 3", labels + 90, -1, 2, ends=(0, 1)),
    ]
    return given(np.full((*SIZE, 3), GREY, np.uint8), layers, rectangle={"box": None})


def test_full_screen_keeps_every_layer(page: Any) -> None:
    viewer = Viewer(page, layered())
    shown = viewer.root.get_attribute("data-layers")
    assert shown == "prediction,truth,sure,heat"
    before = viewer.color("overlay", 0.5, 0.5)
    viewer.part("fullscreen").click()
    page.wait_for_function("document.fullscreenElement?.dataset.testid === 'viewer-root'")
    assert viewer.root.get_attribute("data-layers") == shown
    assert viewer.color("overlay", 0.5, 0.5) == before
    for key in shown.split(","):
        assert viewer.part(f"layer-{key}").is_checked()
        viewer.part(f"layer-{key}").uncheck()
    viewer.drawn()
    assert viewer.color("overlay", 0.5, 0.5) == GREY
    viewer.part("layer-truth").check()
    viewer.part("tool-distance").click()
    page.mouse.click(*viewer.point(0.4, 0.5))
    page.wait_for_timeout(300)
    page.mouse.click(*viewer.point(0.6, 0.5))
    assert viewer.part("tool-text").inner_text().startswith("Length")
    viewer.part("help").click()  # over all, as it is part of it
    assert viewer.part("help-sheet").is_visible()
    viewer.part("help-close").click()
    viewer.part("fullscreen").click()
    page.wait_for_function("!document.fullscreenElement")
    assert viewer.root.get_attribute("data-layers") == "truth"


@pytest.mark.parametrize("mode", ["overlay", "swipe", "side", "blink"])
def test_a_hidden_layer_is_named_nowhere(page: Any, mode: str) -> None:
    viewer = Viewer(page, data(mode=mode))
    viewer.part("layer-truth").check()
    if mode == "blink":
        viewer.part("blink-first").select_option("truth")
    if mode == "swipe":
        viewer.part("swipe-right").select_option("truth")
    page.mouse.move(*viewer.point(0.6, 0.3))
    if mode != "blink":  # which shows one of two in turn
        assert "Ground truth" in viewer.readout()
    viewer.part("layer-truth").uncheck()
    page.mouse.move(*viewer.point(0.61, 0.3))
    assert "Ground truth" not in viewer.readout()
    chosen = "[...document.querySelectorAll('figcaption')].map((caption) => [...caption.childNodes]"
    chosen += ".map((n) => n.selectedOptions?.[0].text ?? n.textContent).join(' ')).join(' ')"
    assert "Ground truth" not in page.evaluate(chosen)
    labels = page.locator("[data-testid=viewer-canvas]")
    for i in range(labels.count()):
        assert "Ground truth" not in labels.nth(i).get_attribute("aria-label")


def test_a_layer_of_numbers_is_adjusted_in_the_browser(page: Any) -> None:
    codes = np.full(SIZE, 1, np.uint8)
    codes[:, 40:] = 255
    layer = ValueLayer("heat", "Channel 3", codes, -1, 3, opacity=1, ends=(0, 2))
    viewer = Viewer(page, given(np.full((*SIZE, 3), GREY, np.uint8), [layer]))
    low, high = viewer.color("overlay", 0.4, 0.5), viewer.color("overlay", 0.6, 0.5)
    assert (low, high) == ([68, 1, 84], [253, 231, 37])
    bar = page.locator(".look .color-bar")
    assert bar.get_attribute("aria-label") == "Channel 3: colours from ≤ 0.00 to ≥ 2.00"
    page.locator(".look summary").click()
    viewer.part("colors-heat").select_option("inferno")
    assert viewer.color("overlay", 0.6, 0.5) != high
    viewer.part("least-heat").fill("1")
    assert viewer.color("overlay", 0.4, 0.5) == GREY
    viewer.part("to-heat").fill("-1")  # takes the first colour along
    assert viewer.part("from-heat").input_value() == "-1"
    page.mouse.move(*viewer.point(0.6, 0.5))
    assert "3.00" in viewer.readout()


def test_the_tools_fit_on_a_narrow_screen(chromium: Any) -> None:
    context = chromium.new_context(viewport={"width": 360, "height": 740}, has_touch=True)
    page = context.new_page()
    names = [f"Band number {i}" for i in range(1, 13)]
    bands = {"url": "/values/none", "names": names, "digits": 12}
    viewer = Viewer(page, layered() | {"linked": True, "bands": bands})
    for mode in ("overlay", "swipe", "side", "blink", "difference"):
        viewer.part(f"mode-{mode}").tap()
        for tool in ("distance", "area", "rectangle"):
            viewer.part(f"tool-{tool}").tap()
            viewer.drawn()
            assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), mode
        viewer.part("tool-rectangle").tap()
    for button in page.locator(".toolbar button:visible").all():
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 24
    context.close()
